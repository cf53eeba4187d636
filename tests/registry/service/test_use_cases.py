import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.errors import (
    IncompatibleSchema,
    InvalidMode,
    InvalidRuleSet,
    InvalidSchemaError,
    InvalidSubject,
    InvalidVersion,
    LevelNotConfigured,
    ModeNotConfigured,
    OperationNotPermitted,
    ReferenceExists,
    SchemaNotFound,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectSoftDeleted,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
)
from registry.model import (
    CompatibilityLevel,
    Mode,
    NewSchema,
    Reference,
    SchemaId,
    Subject,
    VersionNumber,
)
from registry.service import open_registry
from tests.registry.cases import (
    X_INT,
    X_INT_Y_OPTIONAL,
    X_INT_Y_REQUIRED,
    X_STRING,
    make_record,
)

S = Subject("s")
T = Subject("t")


@pytest.fixture
def registry(database_url):
    """Open an empty registry."""
    registry = open_registry(database_url)
    yield registry
    registry.close()


def register(registry, text, subject=S, **more):
    """Register a schema."""
    return registry.register(subject, NewSchema(text, **more))


def test_the_same_schema_is_one_version_and_one_id(registry):
    """Registering again returns what is there; another subject shares the id."""
    first = register(registry, X_INT)
    spaced = X_INT.replace(",", " ,  ")
    assert register(registry, spaced) == first
    assert register(registry, X_INT, T).id == first.id
    assert [v.version for v in registry.list_versions(S)] == [1]


def test_an_incompatible_schema_is_refused_with_confluent_s_messages(registry):
    """The default level is BACKWARD; the last message names it."""
    register(registry, X_INT)
    with pytest.raises(IncompatibleSchema) as refused:
        register(registry, X_INT_Y_REQUIRED)
    assert refused.value.messages[-1] == "{validateFields: 'false', compatibility: 'BACKWARD'}"
    assert str(refused.value).startswith(
        'Schema being registered is incompatible with an earlier schema for subject "s", details: ['
    )


@pytest.mark.parametrize(
    ("level", "text", "is_allowed"),
    [
        ("NONE", X_STRING, True),
        ("BACKWARD", X_INT_Y_REQUIRED, False),
        ("FORWARD", X_INT_Y_REQUIRED, True),
        ("FULL", X_INT_Y_REQUIRED, False),
        ("FULL_TRANSITIVE", X_INT_Y_OPTIONAL, True),
    ],
)
def test_the_subject_s_level_decides(registry, level, text, is_allowed):
    """A subject's level wins over the registry's."""
    register(registry, X_INT)
    registry.set_level(S, CompatibilityLevel(level))
    verdict = registry.check_subject(S, NewSchema(text))
    assert verdict.is_compatible is is_allowed
    assert bool(verdict.messages) is not is_allowed


def test_an_invalid_schema_is_refused_when_new(registry):
    """Wrong defaults, other schema types and empty subjects do not come in."""
    with pytest.raises(InvalidSchemaError):
        register(registry, make_record({"name": "x", "type": "int", "default": "no"}))
    with pytest.raises(InvalidSchemaError, match="PROTOBUF"):
        register(registry, "syntax", schema_type="PROTOBUF")
    with pytest.raises(InvalidSubject):
        register(registry, X_INT, Subject(""))
    with pytest.raises(InvalidSubject):
        register(registry, X_INT, Subject("a\nb"))


def test_normalizing_makes_spellings_one(registry):
    """With normalize, by request or by config, the order of properties does not matter."""
    one = make_record({"name": "x", "type": "int", "b": 1, "a": 2})
    other = make_record({"name": "x", "type": "int", "a": 2, "b": 1})
    assert register(registry, one, Subject("plain")).id != register(registry, other, T).id
    registry.change_config(S, {"normalize": True})
    assert register(registry, one) == register(registry, other)


def test_a_stated_version_must_be_the_next(registry):
    """Compare-and-set: whoever states a version learns when another was faster."""
    register(registry, X_INT)
    with pytest.raises(InvalidSchemaError, match="not one more than previous version"):
        register(registry, X_INT_Y_OPTIONAL, version=VersionNumber(3))
    assert register(registry, X_INT_Y_OPTIONAL, version=VersionNumber(2)).version == 2


def test_soft_delete_hides_and_hard_delete_removes(registry):
    """Deleting goes in two steps, each refused out of order; ids and versions are not reused."""
    first = register(registry, X_INT)
    with pytest.raises(SubjectNotSoftDeleted):
        registry.delete_subject(S, is_permanent=True)
    assert registry.delete_subject(S) == [1]
    with pytest.raises(SubjectSoftDeleted):
        registry.delete_subject(S)
    with pytest.raises(SubjectNotFound):
        registry.get_version(S, "latest")
    assert registry.list_subjects() == []
    assert registry.list_subjects(with_deleted=True) == [S]
    assert registry.get_schema(first.id).schema == first.schema
    assert registry.delete_subject(S, is_permanent=True) == [1]
    assert registry.list_subjects(with_deleted=True) == []
    with pytest.raises(SchemaNotFound):
        registry.get_schema(first.id)
    assert register(registry, X_STRING).id > first.id


def test_a_schema_that_comes_back_is_a_new_version(registry):
    """Re-registering a soft-deleted schema keeps its id, counts on, and forgets the old version."""
    first = register(registry, X_INT)
    register(registry, X_INT_Y_OPTIONAL)
    registry.delete_version(S, "1")
    back = register(registry, X_INT)
    assert (back.id, back.version) == (first.id, 3)
    assert [v.version for v in registry.list_versions(S, with_deleted=True)] == [2, 3]


def test_versions_are_deleted_in_two_steps(registry):
    """A version's objections: unknown, not yet soft-deleted, already soft-deleted."""
    register(registry, X_INT)
    with pytest.raises(SubjectNotFound):
        registry.delete_version(T, "1")
    with pytest.raises(VersionNotFound):
        registry.delete_version(S, "9")
    with pytest.raises(VersionNotSoftDeleted):
        registry.delete_version(S, "1", is_permanent=True)
    assert registry.delete_version(S, "latest") == 1
    with pytest.raises(VersionSoftDeleted):
        registry.delete_version(S, "1")
    assert registry.delete_version(S, "1", is_permanent=True) == 1


def test_level_and_mode_go_with_the_last_hard_delete(registry):
    """A soft delete keeps a subject's settings, the hard one takes them."""
    register(registry, X_INT)
    registry.set_level(S, CompatibilityLevel.NONE)
    registry.delete_subject(S)
    assert registry.get_config(S).level is CompatibilityLevel.NONE
    registry.delete_subject(S, is_permanent=True)
    with pytest.raises(LevelNotConfigured):
        registry.get_config(S)


@pytest.mark.parametrize("version", ["0", "-2", "x", "2147483648", "", "1.0", "٣"])
def test_a_version_is_a_positive_number_or_latest(registry, version):
    """Anything else is Confluent's 42202."""
    with pytest.raises(InvalidVersion):
        registry.get_version(S, version)


def test_look_up_finds_live_versions_and_deleted_ones_on_request(registry):
    """A schema is found in its subject only; unknown subject and unknown schema differ."""
    with pytest.raises(SubjectNotFound):
        registry.look_up(S, NewSchema(X_INT))
    first = register(registry, X_INT)
    register(registry, X_INT_Y_OPTIONAL)
    assert registry.look_up(S, NewSchema(X_INT)) == first
    with pytest.raises(SchemaNotFound):
        registry.look_up(S, NewSchema(X_STRING))
    registry.delete_version(S, "1")
    with pytest.raises(SchemaNotFound):
        registry.look_up(S, NewSchema(X_INT))
    assert registry.look_up(S, NewSchema(X_INT), with_deleted=True).version == 1


def test_checks_of_what_is_not_there(registry):
    """Unknown `latest` and unknown subject forbid nothing; an unknown number is not found."""
    assert registry.check_version(S, "latest", NewSchema(X_INT)).is_compatible
    assert registry.check_subject(S, NewSchema(X_INT)).is_compatible
    with pytest.raises(VersionNotFound):
        registry.check_version(S, "1", NewSchema(X_INT))


INNER = make_record({"name": "x", "type": "int"}, name="n.Inner")
OUTER = make_record({"name": "inner", "type": "n.Inner"}, name="Outer")


def test_references_are_resolved_counted_and_protected(registry):
    """A referring schema needs its reference, is found by it and keeps it from deletion."""
    inner = Subject("inner")
    reference = Reference("n.Inner", inner, VersionNumber(1))
    with pytest.raises(InvalidSchemaError, match='subject "inner" and version 1'):
        register(registry, OUTER, references=(reference,))
    register(registry, INNER, inner)
    outer = register(registry, OUTER, references=(reference,))
    assert registry.list_referrers(inner, "1") == [outer.id]
    with pytest.raises(ReferenceExists):
        registry.delete_version(inner, "1")
    expanded = make_record(
        {"name": "inner", "type": {"type": "record", "name": "n.Inner", "fields": []}}, name="Outer"
    ).replace("[]}}]", '[{"name": "x", "type": "int"}]}}]')
    assert registry.look_up(S, NewSchema(expanded)) == outer
    registry.delete_subject(S)
    assert registry.delete_version(inner, "1") == 1


def test_read_only_refuses_writes_but_not_what_is_there(registry):
    """READONLY stops new schemas and deletes; registering an existing schema still answers."""
    first = register(registry, X_INT)
    registry.set_mode(None, Mode.READONLY)
    assert register(registry, X_INT) == first
    for write in (
        lambda: register(registry, X_INT_Y_OPTIONAL),
        lambda: registry.delete_subject(S),
        lambda: registry.delete_version(S, "1"),
    ):
        with pytest.raises(OperationNotPermitted, match="read-only"):
            write()
    registry.set_mode(S, Mode.READWRITE)
    assert register(registry, X_INT_Y_OPTIONAL).version == 2
    registry.set_mode(None, Mode.READONLY_OVERRIDE)
    with pytest.raises(OperationNotPermitted):
        registry.delete_subject(S)


def test_import_keeps_ids_and_versions_and_checks_nothing(registry):
    """IMPORT takes ids, any order of versions, incompatible schemas; it needs an empty subject."""
    with pytest.raises(OperationNotPermitted, match="not in import mode"):
        register(registry, X_INT, id=SchemaId(70))
    registry.set_mode(S, Mode.IMPORT)
    with pytest.raises(OperationNotPermitted, match="not in read-write mode"):
        register(registry, X_INT)
    seventh = register(registry, X_INT, id=SchemaId(70), version=VersionNumber(7))
    assert (seventh.id, seventh.version) == (70, 7)
    assert register(registry, X_STRING, id=SchemaId(3), version=VersionNumber(2)).id == 3
    with pytest.raises(OperationNotPermitted, match="id 70 is not permitted"):
        register(registry, X_INT_Y_OPTIONAL, id=SchemaId(70))
    assert register(registry, X_STRING, T).id == 3
    assert register(registry, X_INT_Y_OPTIONAL, Subject("u")).id == 71
    with pytest.raises(OperationNotPermitted, match="existing subjects"):
        registry.set_mode(T, Mode.IMPORT)
    registry.set_mode(T, Mode.IMPORT, is_forced=True)


def test_settings_default_and_clear(registry):
    """Unset is an error unless the registry's is asked for; clearing returns what was set."""
    with pytest.raises(LevelNotConfigured):
        registry.get_config(S)
    with pytest.raises(ModeNotConfigured):
        registry.get_mode(S)
    with pytest.raises(SubjectNotFound):
        registry.clear_config(S)
    with pytest.raises(SubjectNotFound):
        registry.clear_mode(S)
    with pytest.raises(InvalidMode):
        registry.set_mode(S, Mode.READONLY_OVERRIDE)
    registry.set_level(None, CompatibilityLevel.FULL)
    assert registry.get_config(S, defaults_to_global=True).level is CompatibilityLevel.FULL
    assert registry.clear_config(None).level is CompatibilityLevel.FULL
    assert registry.get_config(None).level is CompatibilityLevel.BACKWARD
    assert registry.get_mode(S, defaults_to_global=True) is Mode.READWRITE
    registry.set_mode(S, Mode.READONLY)
    assert registry.clear_mode(S) is Mode.READONLY


def test_metadata_is_inherited_merged_and_part_of_identity(registry):
    """Metadata goes over from version to version; other metadata is another id."""
    owned = {"properties": {"owner": "a"}}
    first = register(registry, X_INT, metadata=owned)
    assert register(registry, X_INT, T).id != first.id
    second = register(registry, X_INT_Y_OPTIONAL)
    assert second.metadata == owned
    registry.change_config(S, {"overrideMetadata": {"properties": {"tier": "1"}}})
    third = register(registry, X_INT)
    assert third.metadata == {"properties": {"owner": "a", "tier": "1"}}
    assert registry.find_by_metadata(S, {"owner": "a"}) == third
    with pytest.raises(SchemaNotFound):
        registry.find_by_metadata(S, {"owner": "b"})


def test_a_compatibility_group_opens_a_breaking_change(registry):
    """Only versions with the same value of the group's property are compared."""
    registry.change_config(S, {"compatibilityGroup": "major"})
    register(registry, X_INT, metadata={"properties": {"major": "1"}})
    register(registry, X_STRING, metadata={"properties": {"major": "2"}})
    with pytest.raises(IncompatibleSchema):
        register(registry, X_INT, metadata={"properties": {"major": "2"}})


def test_a_rule_set_must_not_contradict_itself(registry):
    """Two rules of one name and modes of the wrong list are 42210."""
    twice = {"domainRules": [{"name": "r"}, {"name": "r"}]}
    with pytest.raises(InvalidRuleSet, match="duplicate"):
        register(registry, X_INT, rule_set=twice)
    with pytest.raises(InvalidRuleSet, match="mode"):
        register(registry, X_INT, rule_set={"migrationRules": [{"name": "r", "mode": "WRITE"}]})


def register_here(url: str, subject: str, texts: list[str]) -> list[int]:
    """Register schemas from a process of its own and return their ids."""
    registry = open_registry(url)
    ids = [
        int(register(registry, text, Subject(f"{subject}{i}")).id) for i, text in enumerate(texts)
    ]
    registry.close()
    return ids


def make_many(count: int, prefix: str = "f") -> list[str]:
    """Return different schemas."""
    return [make_record({"name": f"{prefix}{i}", "type": "int"}) for i in range(count)]


def test_threads_get_one_id_for_one_schema_and_n_for_n(registry):
    """Eight threads at once: the same schema is one version, different ones never share an id."""
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: register(registry, X_INT), range(24)))
        many = make_many(24)
        different = list(
            pool.map(lambda i: register(registry, many[i], Subject(f"n{i}")), range(24))
        )
    assert {(version.id, version.version) for version in same} == {(1, 1)}
    assert len({version.id for version in different}) == 24


def test_processes_get_one_id_for_one_schema_and_n_for_n(database_url):
    """Four processes on one database agree on ids and share none for different schemas."""
    many = make_many(20)
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        same = pool.starmap(register_here, [(database_url, "same", many)] * 4)
        different = pool.starmap(
            register_here,
            [(database_url, f"d{k}", make_many(20, f"g{k}_")) for k in range(4)],
        )
    assert all(ids == same[0] for ids in same)
    assert len({one for ids in [same[0], *different] for one in ids}) == 100
