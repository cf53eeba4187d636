"""What `cdc verify` finds, and what it does not take for a finding."""

from decimal import Decimal

import pytest

from cdc.canonical import to_slice
from cdc.errors import Unreachable
from cdc.source import NO_FORM
from registry.derive.table import Column, Table
from registry.derive.types import STRING, Canonical
from tests.verify.world import LINEAGE, USERS, VALUE_ID, World, make_user

EDGE = Canonical("decimal", 5, 2)


@pytest.fixture
def world():
    """Three users, equal on both sides."""
    made = World()
    for number in (1, 2, 3):
        made.put(number)
    return made


def test_equal_sides_are_equal_without_waiting(world):
    """Nothing differs: nobody is waited for, and the counts are those of both sides."""
    report = world.verify()
    assert report.is_equal
    assert (report.source_rows, report.governed_rows) == (3, 3)
    assert world.waited == []
    assert report.dropped == ("first_name", "last_name")


def test_a_null_in_the_key_is_excused_by_a_letter_without_one():
    """Where the policy names a key column that may be NULL: such a row has no record."""
    world = World()
    world.put(1)
    world.rows[2] = make_user(2, id=None)
    assert (world.verify().missing, world.verify().is_equal) == (1, False)
    world.bury(None)
    report = world.verify()
    assert report.is_equal
    assert report.dead_lettered == 1


def _missing(world):
    world.rows[4] = make_user(4)


def _extra(world):
    world.publish(make_user(4))


def _stale(world):
    world.rows[2]["created_at"] += 1


def _wrong_token(world):
    world.publish(world.rows[2], email="v1." + "a" * 32)


def _wrong_grid(world):
    world.publish(world.rows[2], lat=to_slice(Decimal("12.90"), EDGE))


def _untombstoned(world):
    del world.rows[2]


@pytest.mark.parametrize(
    ("plant", "kind", "columns"),
    [
        (_missing, "missing", ()),
        (_extra, "extra", ()),
        (_stale, "differing", ("created_at",)),
        (_wrong_token, "differing", ("email",)),
        (_wrong_grid, "differing", ("lat",)),
        (_untombstoned, "extra", ()),
    ],
)
def test_each_planted_defect_is_found(world, plant, kind, columns):
    """Each kind of defect is counted under its kind, once, with the columns that differ."""
    plant(world)
    report = world.verify()
    counts = {"missing": report.missing, "extra": report.extra, "differing": report.differing}
    assert not report.is_equal
    assert counts == {"missing": 0, "extra": 0, "differing": 0} | {kind: 1}
    (finding,) = report.named[kind]
    assert finding.columns == columns


def test_findings_name_the_governed_key_only(world):
    """A report never tells a row's value, not even the source's key."""
    _stale(world)
    (finding,) = world.verify().named["differing"]
    assert finding.key.startswith('{"id":"v1.')
    assert "example.com" not in str(world.verify())


def test_what_the_relay_has_not_reached_yet_is_no_finding(world):
    """A row that is only behind is looked at again once the relay has passed that moment."""
    world.rows[4] = make_user(4)
    world.during_wait = lambda: world.publish(world.rows[4])
    assert world.verify().is_equal
    assert world.waited == ["gtid mysql.pizzashop.users"]


def test_a_key_that_changes_all_the_time_is_no_finding(world):
    """A hot key is cleared by the state that it had, even if it has another one by now."""
    world.rows[2]["created_at"] += 1

    def churn():
        world.publish(world.rows[2])
        world.rows[2]["created_at"] += 1
        world.publish(world.rows[2])

    world.during_wait = churn
    assert world.verify().is_equal


def test_a_deleted_row_whose_tombstone_was_on_its_way_is_no_finding(world):
    """Deletes are waited for like every other change."""
    del world.rows[2]
    world.during_wait = lambda: world.delete(2)
    assert world.verify().is_equal


def test_a_relay_that_does_not_catch_up_is_said(world):
    """Without the second look there is no verdict."""
    _missing(world)
    world.relay_is_stuck = True
    with pytest.raises(Unreachable, match="not yet passed"):
        world.verify()


def test_dead_lettered_rows_are_told_apart(world):
    """A missing row whose dead letter is there is counted apart and is no defect."""
    _missing(world)
    world.bury(4)
    report = world.verify()
    assert report.is_equal
    assert (report.missing, report.dead_lettered) == (0, 1)


def test_a_dead_letter_excuses_nothing_else(world):
    """A letter of another key does not hide a missing row."""
    _missing(world)
    world.bury(3)
    assert world.verify().missing == 1


def test_value_without_canonical_form_is_expected_as_a_dead_letter(world):
    """A row that cannot be governed is excused by its letter, whatever the topic still holds."""
    world.rows[2]["lat"] = NO_FORM
    world.bury(2)
    report = world.verify()
    assert report.is_equal
    assert report.dead_lettered == 1


def test_value_without_canonical_form_and_without_letter_is_a_finding(world):
    """What is neither governed nor dead-lettered is lost."""
    world.rows[2]["lat"] = NO_FORM
    assert world.verify().differing == 1


def test_rows_without_a_key_need_as_many_letters(world):
    """A key without canonical form is in no record; letters without a key stand for such rows."""
    world.rows[4], world.rows[5] = make_user(4, id=NO_FORM), make_user(5, id=NO_FORM)
    world.bury(None)
    report = world.verify()
    assert (report.missing, report.dead_lettered) == (1, 1)
    world.bury(None)
    report = world.verify()
    assert report.is_equal
    assert report.dead_lettered == 2


def test_a_letter_still_on_its_way_is_waited_for(world):
    """Rows without a key are judged only after the relay has passed them."""
    world.rows[4] = make_user(4, id=NO_FORM)
    world.during_wait = lambda: world.bury(None)
    assert world.verify().is_equal


@pytest.mark.parametrize("key", [b"4", None, b"", b"\0\0\0\0\x09abc", b"\0\0\0\0\x01\xff"])
def test_record_with_a_foreign_key_is_extra(world, key):
    """A key that nobody can read, a raw id in clear among them, is found and not shown."""
    world.log.append((key, b"whatever"))
    report = world.verify()
    (finding,) = report.named["extra"]
    assert (report.extra, report.governed_rows) == (1, 4)
    assert finding.key == "a key of another shape at partition 0, offset 3"


def test_record_with_a_foreign_key_is_gone_with_its_tombstone(world):
    """What has been deleted again is no finding."""
    world.log += [(b"4", b"whatever"), (b"4", None)]
    assert world.verify().is_equal


@pytest.mark.parametrize("value", [b"", b"{}", b"\0\0\0\0\x09abc", b"\0\0\0\0\x02\xff"])
def test_value_that_cannot_be_read_differs(world, value):
    """Foreign bytes under a right key are a finding, not a crash."""
    world.log.append((world.key_bytes(2), value))
    report = world.verify()
    assert report.differing == 1
    assert report.named["differing"][0].columns == ()


def test_foreign_dead_letters_are_passed_over(world):
    """A record in the dead-letter topic that is no letter excuses nothing and breaks nothing."""
    _missing(world)
    world.letters.append((b"x", b'"text"'))
    world.bury(None, "pizzashop.products")
    assert world.verify().missing == 1


def test_a_closed_dead_letter_excuses_nothing(world):
    """A row whose letter has been replayed must be there."""
    _missing(world)
    world.close(world.bury(4))
    report = world.verify()
    assert (report.missing, report.dead_lettered) == (1, 0)


def test_the_time_limit_is_for_the_relay_alone(world, monkeypatch):
    """However long the reading took, the relay has the whole of it to catch up."""
    _missing(world)
    now = iter(range(0, 1000, 100))
    monkeypatch.setattr("cdc.verify.compare.time.monotonic", lambda: next(now))
    world.verify()
    assert world.deadline == 105.0


def test_topic_that_is_not_there_misses_every_row(world):
    """Before the relay has made the topic all rows are missing, and that is said at once."""
    world.exists = False
    world.log.clear()
    report = world.verify()
    assert (report.missing, report.topic_exists, world.waited) == (3, False, [])
    assert len(report.named["missing"]) == 3


def test_column_that_is_newer_than_a_record_is_null_there():
    """Records written before a column was added equal rows whose new column is NULL."""
    table = Table(
        "pizzashop", "users", (*USERS.columns, Column("tier", STRING, nullable=True)), ("id",)
    )
    world = World(table)
    world.rows[1] = {**make_user(1), "tier": "gold"}
    world.publish(world.rows[1])
    report = world.verify()
    assert report.is_equal
    assert report.withheld == ("tier",)


def test_column_that_has_been_dropped_is_left_out(world):
    """Records that still carry a column that has gone equal rows without it."""
    policy_columns = tuple(c for c in USERS.columns if c.name != "lon")
    after = World(Table("pizzashop", "users", policy_columns, ("id",)))
    after.schemas, after.log = world.schemas, world.log
    after.rows = world.rows
    assert after.verify().is_equal


def test_json_topics_are_compared_alike():
    """Equal where equal, with the column named where one differs."""
    world = World(is_json=True)
    world.put(1)
    world.put(2)
    assert world.verify().is_equal
    world.publish(world.rows[2], lat="12.90")
    assert world.verify().named["differing"][0].columns == ("lat",)


@pytest.mark.parametrize("is_json", [False, True])
def test_a_record_of_a_delete_is_no_row(is_json):
    """Neither before its tombstone has come nor after it."""
    world = World(is_json=is_json)
    world.put(1)
    world.put(2)
    row = world.rows.pop(2)
    gone = {name: None for name in world.govern(row) if name != "id"} | LINEAGE
    fields = {**world.govern(row), **gone, "__op": "d", "__deleted": True}
    world.log.append((world.key_bytes(2), world.write(VALUE_ID, fields)))
    report = world.verify()
    assert (report.is_equal, report.governed_rows) == (True, 1)
    world.delete(2)
    assert world.verify().is_equal


SHIFTED = """\
table: pizzashop.users
columns:
  id: {class: identifier, rule: token, key: pii, type: user_id}
  lat: {class: quasi, rule: geohash, longitude: lon, chars: 5}
  created_at: {class: quasi, rule: date_shift, subject: email, key: pii, type: x, days: 9}
"""


@pytest.fixture
def shifted(tmp_path):
    """Rules that read a second column, over rows with NULL in either."""
    (tmp_path / "pizzashop.users.yaml").write_text(SHIFTED)
    made = World(folder=tmp_path)
    for number, changes in enumerate(({}, {"email": None}, {"lon": None}, {"created_at": None})):
        made.put(number, **changes)
    return made


def test_rules_of_two_columns_are_expected_from_both(shifted):
    """Columns that do not leave are read from MySQL all the same."""
    assert shifted.verify().is_equal


@pytest.mark.parametrize(
    ("change", "column"),
    [({"email": "other@example.com"}, "created_at"), ({"lon": Decimal("70.00000000")}, "lat")],
)
def test_a_change_of_the_needed_column_alone_is_found(shifted, change, column):
    """The governed value depends on it."""
    shifted.rows[0] |= change
    report = shifted.verify()
    assert report.differing == 1
    (finding,) = report.named["differing"]
    assert finding.columns == (column,)


def test_a_needed_value_without_form_makes_the_row_a_dead_letter(shifted):
    """As in the record path, even where the column itself is NULL."""
    shifted.rows[3] |= {"email": NO_FORM}
    shifted.bury(3)
    report = shifted.verify()
    assert report.dead_lettered == 1
