"""First sight of a shape: registered, evolved, or that table stopped."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cdc.errors import ConfigError, EnvelopeError, TableStopped, TransientError
from cdc.event import AvroShape, JsonShape
from cdc.evolution.lock import LockFolder
from cdc.evolution.subjects import GOVERNED_LEVEL
from cdc.govern import Governor, PolicyFolder
from cdc.privacy.policy import load_policies
from cdc.schemas import Locker, write_lock
from cdc.stream.shape import split_shapes
from registry.derive.from_debezium import table_from_connect
from registry.errors import IncompatibleSchema, RegistryUnreachable
from tests.builders import KEYS, USERS, Col, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, decode_avro, fail

TOPIC = RawTopic("mysql.pizzashop.users", USERS)
TIER = Col("loyalty_tier", "string", mysql="VARCHAR")
WIDER = RawTopic("mysql.pizzashop.users", (*USERS, TIER))


class Recorder(DictRegistry):
    """Remembers levels and subjects; can be told to refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: dict[str, object] = {}
        self.subjects: dict[str, list[str]] = {}
        self.refusal: Exception | None = None

    def register(self, subject, schema):
        if self.refusal:
            raise self.refusal
        assert subject in self.levels
        self.subjects.setdefault(subject, []).append(schema)
        return super().register(subject, schema)

    def look_up(self, subject, schema):
        return schema if schema in self.subjects.get(subject, []) else None

    def history(self, subject):
        return self.subjects.get(subject, [])

    def level(self, subject):
        return self.levels.get(subject)

    def set_level(self, subject, level):
        self.levels[subject] = level


@pytest.fixture
def folder(tmp_path):
    """A copy of the committed policies that a test may edit."""
    for path in Path("schemas/policies").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text())
    return tmp_path


@pytest.fixture
def registry():
    """A registry that remembers."""
    return Recorder()


def _governor(folder, registry, report=fail, lock=None):
    return Governor(PolicyFolder(folder, report), KEYS, registry, "governed", lock=lock)


def _shape(topic: RawTopic, row=None) -> JsonShape:
    ((shape, _),) = split_shapes(raw_batch("t", [topic.json("c", row or user(1))]))
    assert isinstance(shape, JsonShape)
    return shape


def _edit(path: Path, text: str) -> None:
    path.write_text(text)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


def test_governed_subjects_are_fully_compatible_from_the_first_version(folder, registry):
    """Key and value subject get FULL_TRANSITIVE before anything is registered."""
    _governor(folder, registry).program_for(TOPIC.topic, _shape(TOPIC))
    assert set(registry.levels.values()) == {GOVERNED_LEVEL}
    assert set(registry.levels) == {
        "governed.pizzashop.users.v1-key",
        "governed.pizzashop.users.v1-value",
    }


def test_new_column_is_withheld_until_the_policy_names_it(folder, registry):
    """An ALTER alone lets nothing new out; the edited policy does, without a restart."""
    governor = _governor(folder, registry)
    before = governor.program_for(TOPIC.topic, _shape(TOPIC))
    closed = governor.program_for(WIDER.topic, _shape(WIDER))
    assert closed.withheld == ("loyalty_tier",)
    assert closed.value_schema_id == before.value_schema_id
    path = folder / "pizzashop.users.yaml"
    _edit(path, path.read_text() + "  loyalty_tier: {class: public, rule: keep}\n")
    assert governor.refresh()
    opened = governor.program_for(WIDER.topic, _shape(WIDER))
    assert opened.withheld == ()
    assert opened.value_schema_id != before.value_schema_id
    assert opened.key_schema_id == before.key_schema_id
    row = user(1, loyalty_tier="gold")
    out = opened.run(raw_batch(WIDER.topic, [WIDER.json("c", row)]), 1)
    assert decode_avro(registry, out.values[0])["loyalty_tier"] == "gold"


def test_malformed_edit_is_reported_and_the_old_policy_stays(folder, registry):
    """A slip of the pen in a policy neither stops the relay nor lets anything out."""
    told: list[ConfigError] = []
    governor = _governor(folder, registry, told.append)
    path = folder / "pizzashop.users.yaml"
    _edit(path, path.read_text() + "  loyalty_tier: {class: public, rule: kep}\n")
    assert not governor.refresh()
    assert len(told) == 1
    assert "pizzashop.users.yaml:" in told[0].message
    assert governor.program_for(WIDER.topic, _shape(WIDER)).withheld == ("loyalty_tier",)


def test_unchanged_folder_is_not_read_again(folder, registry):
    """`refresh` says True only when other rules are in force."""
    governor = _governor(folder, registry)
    path = folder / "pizzashop.users.yaml"
    assert not governor.refresh()
    _edit(path, path.read_text())
    assert not governor.refresh()


def test_changed_key_stops_the_table(folder, registry):
    """Within a major the key's schema never changes; the hint names the way on."""
    governor = _governor(folder, registry)
    governor.program_for(TOPIC.topic, _shape(TOPIC))
    path = folder / "pizzashop.users.yaml"
    _edit(path, path.read_text().replace("rule: token, key: pii, type: user_id", "rule: keep"))
    assert governor.refresh()
    with pytest.raises(TableStopped) as caught:
        governor.program_for(TOPIC.topic, _shape(TOPIC))
    assert caught.value.code == "key_changed"
    assert "major" in caught.value.hint


def test_incompatible_version_stops_the_table(folder, registry):
    """What the registry refuses stops this table with the registry's first reason."""
    governor = _governor(folder, registry)
    registry.refusal = IncompatibleSchema(["first reason", "second"])
    with pytest.raises(TableStopped, match="first reason") as caught:
        governor.program_for(TOPIC.topic, _shape(TOPIC))
    assert caught.value.code == "breaking_schema"


def _retype(topic: RawTopic, name: str, retyped: Col) -> RawTopic:
    columns = [retyped if column.name == name else column for column in topic.columns]
    return RawTopic(topic.topic, columns)


def test_changed_meaning_stops_the_table_and_names_the_column(folder, registry):
    """A DATETIME that becomes a TIMESTAMP passes every registry; here it is named and refused."""
    governor = _governor(folder, registry)
    governor.program_for(TOPIC.topic, _shape(TOPIC))
    stamp = Col("updated_at", "string", "io.debezium.time.ZonedTimestamp", "TIMESTAMP")
    with pytest.raises(TableStopped, match="updated_at: local_timestamp becomes timestamp") as stop:
        governor.program_for(TOPIC.topic, _shape(_retype(TOPIC, "updated_at", stamp)))
    assert stop.value.code == "breaking_schema"


def test_a_column_that_comes_back_as_another_type_is_refused(folder, registry):
    """All earlier versions are looked at: their records are still in the topic."""
    governor = _governor(folder, registry)
    governor.program_for(TOPIC.topic, _shape(TOPIC))
    without = RawTopic(TOPIC.topic, [c for c in USERS if c.name != "updated_at"])
    governor.program_for(TOPIC.topic, _shape(without))
    stamp = Col("updated_at", "string", "io.debezium.time.ZonedTimestamp", "TIMESTAMP")
    with pytest.raises(TableStopped, match="updated_at"):
        governor.program_for(TOPIC.topic, _shape(_retype(TOPIC, "updated_at", stamp)))


def test_auto_registers_and_says_which_lock_is_stale(folder, registry, tmp_path):
    """A shape that is not in the lock passes, and its subjects are named; in the lock, none is."""
    in_step = _governor(folder, registry, lock=LockFolder(Path("schemas")))
    assert in_step.program_for(TOPIC.topic, _shape(TOPIC)).unlocked == ()
    stale = _governor(folder, registry, lock=LockFolder(tmp_path / "none"))
    assert stale.program_for(TOPIC.topic, _shape(TOPIC)).unlocked == (
        "governed.pizzashop.users.v1-key",
        "governed.pizzashop.users.v1-value",
    )


def test_locked_registers_nothing_that_the_lock_does_not_have(folder, registry, tmp_path):
    """The table stops at the unlocked shape, goes on once the lock has it; older shapes pass."""
    lock = tmp_path / "lock"
    shutil.copytree("schemas", lock)
    governor = _governor(folder, registry, lock=LockFolder(lock, is_binding=True))
    before = governor.program_for(TOPIC.topic, _shape(TOPIC))
    path = folder / "pizzashop.users.yaml"
    _edit(path, path.read_text() + "  loyalty_tier: {class: public, rule: keep}\n")
    assert governor.refresh()
    with pytest.raises(TableStopped, match=r"users\.v1-value\.avsc") as caught:
        governor.program_for(WIDER.topic, _shape(WIDER))
    assert caught.value.code == "not_locked"
    assert "schemas lock" in caught.value.hint
    assert len(registry.subjects["governed.pizzashop.users.v1-value"]) == 1
    table = table_from_connect(
        WIDER.topic, {"fields": [{"field": "id"}]}, WIDER.json_envelope_schema()
    ).table
    locker = Locker(load_policies(folder), "governed", LockFolder(lock))
    write_lock(locker.compare({"pizzashop.users": table}))
    assert governor.refresh()
    assert governor.program_for(WIDER.topic, _shape(WIDER)).unlocked == ()
    again = governor.program_for(TOPIC.topic, _shape(TOPIC))
    assert again.value_schema_id == before.value_schema_id


def test_silent_registry_is_waited_for(folder, registry):
    """A registry that does not answer loses nothing: the relay tries again."""
    registry.refusal = RegistryUnreachable("does not answer")
    with pytest.raises(TransientError, match="registry"):
        _governor(folder, registry).program_for(TOPIC.topic, _shape(TOPIC))


@pytest.mark.parametrize("prefix", [b'{"schema":null,"payload":', b'{"schema":{},"payload":'])
def test_schema_of_something_else_is_no_envelope(folder, registry, prefix):
    """A message with an inline schema that is no envelope's becomes a dead letter."""
    with pytest.raises(EnvelopeError):
        _governor(folder, registry).program_for(TOPIC.topic, JsonShape(None, prefix))


def test_unknown_avro_id_is_no_envelope(folder, registry):
    """A schema id that the registry does not know cannot be decoded."""
    with pytest.raises(EnvelopeError):
        _governor(folder, registry).program_for(TOPIC.topic, AvroShape(None, 77))


KEYLESS = RawTopic("mysql.shop.log", (Col("page", "int64", mysql="BIGINT", optional=False),), ())
LOG_COLUMNS = "columns:\n  page: {class: public, rule: keep}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [("key: [page]", "append_only: true"), ("append_only: true", "key: [page]")],
)
def test_a_topic_gets_or_loses_its_key_in_a_new_major_only(folder, registry, before, after):
    """A compacted topic takes no record without a key, another one is not compacted."""
    path = folder / "shop.log.yaml"
    path.write_text(f"table: shop.log\n{before}\n{LOG_COLUMNS}")
    governor = _governor(folder, registry)
    shape = JsonShape(None, _shape(replace(KEYLESS, key=("page",)), {"page": 1}).value_prefix)
    governor.program_for(KEYLESS.topic, shape)
    _edit(path, f"table: shop.log\n{after}\n{LOG_COLUMNS}")
    assert governor.refresh()
    with pytest.raises(TableStopped) as caught:
        governor.program_for(KEYLESS.topic, shape)
    assert caught.value.code == "key_changed"
    _edit(path, f"table: shop.log\nmajor: 2\n{after}\n{LOG_COLUMNS}# and more\n")
    assert governor.refresh()
    assert governor.program_for(KEYLESS.topic, shape).topic == "governed.shop.log.v2"


def test_a_folder_that_goes_away_is_said_once_and_its_policies_stay(folder, tmp_path_factory):
    """A mount that is lost for a while stops nothing and lets nothing more out."""
    said: list[ConfigError] = []
    policies = PolicyFolder(folder, said.append)
    before = dict(policies.policies)
    away = tmp_path_factory.mktemp("away") / "policies"
    folder.rename(away)
    assert not any(policies.refresh() for _ in range(3))
    away.rename(folder)
    assert not any(policies.refresh() for _ in range(3))
    assert [str(folder) in error.message and bool(error.hint) for error in said] == [True]
    assert policies.policies == before


def test_a_folder_that_may_not_be_read_is_not_an_empty_one(folder, monkeypatch):
    """Else every table would stop for want of a policy; what may be read again is read again."""
    said: list[ConfigError] = []
    policies = PolicyFolder(folder, said.append)

    def refuse(_):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refuse)
        patch.setattr(Path, "glob", lambda *_: iter(()))
        assert not any(policies.refresh() for _ in range(3))
    assert "cannot be read (PermissionError)" in said[0].message
    assert len(said) == 1
    assert len(policies.policies) == 2
    _edit(folder / "pizzashop.users.yaml", (folder / "pizzashop.users.yaml").read_text() + "\n")
    policies.refresh()
    assert len(said) == 1


def test_the_registry_is_asked_again_only_for_what_has_changed(folder, registry):
    """Kernels that come, or another table's policy, need no answer; a table's own policy does."""
    is_ready = [False]
    governor = Governor(
        PolicyFolder(folder, fail), KEYS, registry, "governed", kernels=lambda: is_ready[0]
    )
    shape = _shape(TOPIC)
    before = governor.program_for(TOPIC.topic, shape)
    registry.refusal = RegistryUnreachable("nobody answers")
    registry.look_up = registry.history = _refuse
    is_ready[0] = True
    other = folder / "pizzashop.products.yaml"
    _edit(other, other.read_text() + "# another day\n")
    assert governor.refresh()
    after = governor.program_for(TOPIC.topic, shape)
    assert (after.key_schema_id, after.value_schema_id) == (
        before.key_schema_id,
        before.value_schema_id,
    )
    own = folder / "pizzashop.users.yaml"
    _edit(own, own.read_text() + "# another day\n")
    governor.refresh()
    with pytest.raises(TransientError):
        governor.program_for(TOPIC.topic, shape)


def _refuse(*_):
    raise RegistryUnreachable("nobody answers")
