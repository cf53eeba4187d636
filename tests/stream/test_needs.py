"""Rules that read a second column, through the whole record path."""

from pathlib import Path

import pytest

from cdc.event import AvroShape
from cdc.stream.shape import split_shapes
from tests.builders import USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, decode_avro, governor

RAW = RawTopic("mysql.pizzashop.users", USERS)
DAY_US = 86_400_000_000
SHIFT = "class: quasi, rule: date_shift, subject: first_name, key: pii, type: person, days: 30"
POLICY = f"""\
table: pizzashop.users
deletes: record_then_tombstone
columns:
  id: {{class: identifier, rule: token, key: pii, type: user_id}}
  lat: {{class: quasi, rule: geohash, longitude: lon, chars: 5, as: cell}}
  created_at: {{{SHIFT}}}
  updated_at: {{{SHIFT}}}
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The names and the longitude do not leave."""
    (tmp_path / "pizzashop.users.yaml").write_text(POLICY)
    return tmp_path


def _run(policies: Path, events, *, is_avro: bool):
    """Governed values of (op, row) pairs."""
    registry = DictRegistry()
    made = governor(registry, policies)
    if is_avro:
        ids = (901, 902)
        registry.schemas.update(zip(ids, RAW.avro_schemas(), strict=True))
        program = made.program_for(RAW.topic, AvroShape(*ids))
        messages = [RAW.avro(op, row, ids=ids) for op, row in events]
    else:
        messages = [RAW.json(op, row) for op, row in events]
        ((shape, _),) = split_shapes(raw_batch(RAW.topic, messages[:1]))
        program = made.program_for(RAW.topic, shape)
    out = program.run(raw_batch(RAW.topic, messages), 1)
    return [value and decode_avro(registry, value) for value in out.values], out.rejects


@pytest.mark.parametrize("is_avro", [False, True])
def test_the_needed_columns_are_read_and_do_not_leave(policies, is_avro):
    """One subject moves by one number of days, another by another; the cell is that of both."""
    moment = 1_709_210_096_789_100
    events = [("c", user(1)), ("u", user(1, updated_at=moment + 5)), ("c", user(2))]
    (one, later, other), rejects = _run(policies, events, is_avro=is_avro)
    assert not rejects
    assert {name for name in one if not name.startswith("__")} == {
        "id",
        "cell",
        "created_at",
        "updated_at",
    }
    assert one["cell"] == "tdr1v"
    assert later["updated_at"] - one["updated_at"] == 5
    assert one["updated_at"] == one["created_at"]
    days, rest = divmod(one["updated_at"] - moment, DAY_US)
    assert rest == 0
    assert 0 < abs(days) <= 30
    assert other["updated_at"] != one["updated_at"]


@pytest.mark.parametrize("is_avro", [False, True])
def test_null_in_either_column_is_null(policies, is_avro):
    """Without a subject no date, without a longitude no cell."""
    events = [
        ("c", user(1, first_name=None, lon=None)),
        ("c", user(2, created_at=None, updated_at=None, lat=None)),
    ]
    values, rejects = _run(policies, events, is_avro=is_avro)
    assert not rejects
    for value in values:
        assert (value["cell"], value["created_at"], value["updated_at"]) == (None, None, None)


def test_a_delete_has_no_more_than_its_key(policies):
    """The needed columns of a deleted row are not read."""
    (deleted, tombstone), rejects = _run(policies, [("d", user(1))], is_avro=False)
    assert not rejects
    assert tombstone is None
    assert (deleted["cell"], deleted["created_at"], deleted["__deleted"]) == (None, None, True)


def test_a_value_that_a_rule_cannot_act_on_rejects_its_own_event_alone(policies):
    """A latitude of 95 degrees is a dead letter that names the column; its neighbours pass."""
    nowhere = (95 * 10**8).to_bytes(5, "big")
    events = [("c", user(1)), ("c", user(2, lat=nowhere)), ("c", user(3))]
    values, rejects = _run(policies, events, is_avro=False)
    assert [value["cell"] for value in values] == ["tdr1v", "tdr1v"]
    assert [(it.index, it.error.reason, it.error.column) for it in rejects] == [
        (1, "rule_cannot_act", "lat")
    ]
