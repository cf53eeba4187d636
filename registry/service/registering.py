"""Register, look up, check: Confluent's order of questions over one view of the store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.errors import (
    IdDoesNotMatch,
    IncompatibleSchema,
    InvalidSchemaError,
    OperationNotPermitted,
)
from registry.model import (
    Context,
    Mode,
    NewSchema,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
    find_context,
)
from registry.service.candidates import Candidate, has_extras_of, is_same_schema, prepare
from registry.service.extras import check_rule_set, inherit_metadata, inherit_rule_set
from registry.service.objections import Verdict, find_objections, make_explainer
from registry.service.settings import find_config, find_mode
from registry.store.port import Reading, Writing


@dataclass(frozen=True, slots=True)
class Registration:
    """A schema that is to become a version of a subject."""

    subject: Subject
    new: NewSchema
    normalizes: bool = False


def find_registered(view: Reading, wanted: Registration) -> RegisteredSchema | None:
    """Return the live version that registering would find, None when there is none."""
    history = view.list_versions(wanted.subject)
    if not history:
        return None
    found = _find_same(view, _prepare_for(view, wanted, history), history)
    return found if found is None or wanted.new.id in (None, found.id) else None


def register(view: Writing, wanted: Registration, now_ms: int) -> RegisteredSchema:
    """Make a schema a version of the subject, or return the live version that holds it already.

    All objections come before the first change.
    """
    subject, new = wanted.subject, wanted.new
    history = view.list_versions(subject)
    candidate = _prepare_for(view, wanted, history)
    found = _find_same(view, candidate, history)
    if found is not None and new.id in (None, found.id):
        return found
    mode = find_mode(view, subject)
    _check_mode(mode, subject, new)
    if found is not None and new.id is not None:
        raise IdDoesNotMatch(found.id, new.id)
    version = _choose_version(mode, new, history)
    if not mode.takes_ids:
        _require_compatible(view, subject, candidate, history)
    schema_id = _store(view, find_context(subject), candidate, new.id)
    view.add_version(subject, version, schema_id, now_ms)
    _purge_same_id(view, subject, schema_id, history)
    return _to_registered(subject, version, schema_id, candidate, now_ms)


def look_up(view: Reading, wanted: Registration, *, with_deleted: bool) -> RegisteredSchema | None:
    """Return the newest version that holds this schema; extras count only when they are given."""
    subject = wanted.subject
    candidate = _prepare(view, wanted, wanted.new, is_strict=False)
    versions = [v for v in view.list_versions(subject) if with_deleted or not v.is_deleted]
    for version in reversed(versions):
        if has_extras_of(candidate, version) and is_same_schema(view, candidate, version):
            return version
    return None


def check(view: Reading, wanted: Registration, against: Sequence[RegisteredSchema]) -> Verdict:
    """Say whether a schema may follow the versions in `against`; raises InvalidSchemaError."""
    config = find_config(view, wanted.subject)
    candidate = _prepare(view, wanted, wanted.new, is_strict=config.validates_new)
    messages = find_objections(view, candidate, against, config)
    if not messages:
        return Verdict(is_compatible=True, messages=[])
    explainer = make_explainer(view, candidate, against, config)
    return Verdict(is_compatible=False, messages=messages, explain=explainer)


def _prepare_for(
    view: Reading, wanted: Registration, history: Sequence[RegisteredSchema]
) -> Candidate:
    """Prepare what would be stored: with the extras that config and the version before add."""
    config = find_config(view, wanted.subject)
    new = wanted.new
    if new.rule_set is not None and config.validates_rules:
        check_rule_set(new.rule_set)
    latest = next((v for v in reversed(history) if not v.is_deleted), None)
    if not new.schema and latest is not None:
        new = replace(new, schema=latest.schema, references=latest.references)
    takes_ids = find_mode(view, wanted.subject).takes_ids
    if not takes_ids:
        new = replace(
            new,
            metadata=inherit_metadata(new.metadata, latest, config),
            rule_set=inherit_rule_set(new.rule_set, latest, config),
        )
    return _prepare(view, wanted, new, is_strict=config.validates_new and not takes_ids)


def _prepare(view: Reading, wanted: Registration, new: NewSchema, *, is_strict: bool) -> Candidate:
    normalizes = wanted.normalizes or find_config(view, wanted.subject).normalizes
    context = find_context(wanted.subject)
    return prepare(view, context, new, is_strict=is_strict, normalizes=normalizes)


def _find_same(
    view: Reading, candidate: Candidate, history: Sequence[RegisteredSchema]
) -> RegisteredSchema | None:
    live = [version for version in reversed(history) if not version.is_deleted]
    for version in live:
        if version.guid == candidate.hash:
            return version
    for version in live:
        if (
            candidate.metadata == version.metadata
            and candidate.rule_set == version.rule_set
            and is_same_schema(view, candidate, version)
        ):
            return version
    return None


def _check_mode(mode: Mode, subject: Subject, new: NewSchema) -> None:
    where = f"Subject {subject} in context {find_context(subject)}"
    if mode.is_read_only:
        raise OperationNotPermitted(f"{where} is in read-only mode")
    if new.id is not None and not mode.takes_ids:
        raise OperationNotPermitted(f"{where} is not in import mode")
    if new.id is None and mode is not Mode.READWRITE:
        raise OperationNotPermitted(f"{where} is not in read-write mode")


def _choose_version(
    mode: Mode, new: NewSchema, history: Sequence[RegisteredSchema]
) -> VersionNumber:
    """Return the next version, soft-deleted ones counted; a stated version must be it.

    An import may state any version that is free: that is how a history with gaps is copied.
    """
    following = VersionNumber(max((v.version for v in history), default=0) + 1)
    if new.version is None or new.version == following:
        return following
    if not mode.takes_ids:
        raise InvalidSchemaError("Version is not one more than previous version")
    if any(version.version == new.version for version in history):
        raise OperationNotPermitted(
            f"Overwrite of version {new.version} with another schema is not permitted."
        )
    return new.version


def _require_compatible(
    view: Reading, subject: Subject, candidate: Candidate, history: Sequence[RegisteredSchema]
) -> None:
    live = [version for version in history if not version.is_deleted]
    messages = find_objections(view, candidate, live, find_config(view, subject))
    if messages:
        raise IncompatibleSchema(messages, subject)


def _store(
    view: Writing, context: Context, candidate: Candidate, wanted: SchemaId | None
) -> SchemaId:
    """Return the id of the schema: the one its contents have, the imported one, or a new one."""
    if wanted is not None:
        return _store_as(view, context, candidate, wanted)
    known = view.find_by_hash(candidate.hash, context)
    if known is not None:
        return known.id
    view.make_context(context)
    schema_id = view.take_id(context)
    view.add_schema(_to_stored(context, schema_id, candidate))
    return schema_id


def _store_as(view: Writing, context: Context, candidate: Candidate, wanted: SchemaId) -> SchemaId:
    known = view.find_schema(wanted, context)
    if known is None:
        view.make_context(context)
        view.reserve_id(wanted, context)
        view.add_schema(_to_stored(context, wanted, candidate))
    elif known.hash != candidate.hash:
        raise OperationNotPermitted(f"Overwrite new schema with id {wanted} is not permitted.")
    return wanted


def _purge_same_id(
    view: Writing, subject: Subject, schema_id: SchemaId, history: Sequence[RegisteredSchema]
) -> None:
    """Forget soft-deleted versions of a schema that comes back as a new version."""
    gone = [v.version for v in history if v.is_deleted and v.id == schema_id]
    if gone:
        view.purge(subject, gone)


def _to_stored(context: Context, schema_id: SchemaId, candidate: Candidate) -> StoredSchema:
    return StoredSchema(
        schema_id,
        candidate.text,
        candidate.hash,
        candidate.references,
        candidate.metadata,
        candidate.rule_set,
        context,
    )


def _to_registered(
    subject: Subject, version: VersionNumber, schema_id: SchemaId, candidate: Candidate, now_ms: int
) -> RegisteredSchema:
    return RegisteredSchema(
        subject,
        version,
        schema_id,
        candidate.text,
        candidate.references,
        candidate.metadata,
        candidate.rule_set,
        candidate.hash,
        now_ms,
    )
