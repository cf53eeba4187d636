"""A governed topic counted: the record path writes it, the broker in memory holds it."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.anonymity import choose_targets
from cdc.errors import ConfigError
from cdc.privacy.policy import load_policies, parse_policy
from tests.anonymity.world import TOPIC, World

LATITUDES = (None, "12.90", "12.91", "12.96", "13.01")
CHANGES = st.lists(st.tuples(st.integers(1, 6), st.sampled_from(("gone", *LATITUDES))), max_size=25)


@pytest.fixture
def world(tmp_path):
    """The committed policy with k: 2."""
    return World(tmp_path)


@settings(max_examples=25, deadline=None)
@given(CHANGES, st.integers(2, 4), st.sampled_from(("", "format: json\n")))
def test_the_count_is_that_of_the_last_rows(changes, k, form):
    """Updates, deletes and NULLs, in Avro and in JSON, over three partitions: by brute force."""
    with TemporaryDirectory() as folder:
        avro = {"format: avro\n": form} if form else {}
        world = World(Path(folder), f"k: {k}\n", avro)
        rows: dict[int, str | None] = {}
        for number, latitude in changes:
            if latitude == "gone":
                rows.pop(number, None)
                world.send("d", number)
            else:
                rows[number] = latitude
                world.place(number, latitude)
        found = world.counter.count(world.target)
    # Cells of 0.05 degrees: 12.90 and 12.91 share one.
    cells = {None: 0, "12.90": 1, "12.91": 1, "12.96": 2, "13.01": 3}
    counts = Counter(cells[latitude] for latitude in rows.values())
    assert (found.rows, found.cells) == (len(rows), len(counts))
    assert found.smallest == min(counts.values(), default=0)
    assert found.rows_below == sum(size for size in counts.values() if size < k)
    assert found.null_rows_below == (counts[0] if counts[0] < k else 0)
    assert found.cells_below == sum(size < k for size in counts.values())
    assert found.ok is (found.rows_below == 0)
    assert found.share_below == (found.rows_below / len(rows) if rows else 0)


def test_delete_records_take_their_row_away(tmp_path):
    """`deletes: record_then_tombstone`: the record that says so is no row, before its tombstone."""
    world = World(tmp_path, "k: 2\ndeletes: record_then_tombstone\n")
    world.place(1, "12.9")
    world.send("d", 1)
    for log in world.broker.topics[TOPIC].logs:
        if log.entries:
            assert log.entries.pop().record.value is None
    assert world.counter.count(world.target).rows == 0


def test_a_geohash_is_one_column_of_two(tmp_path):
    """The cell's text is what is counted; the longitude has no rule and does not leave."""
    geohash = {
        "lat: {class: quasi, rule: grid, cell: 0.05}": (
            "lat: {class: quasi, rule: geohash, longitude: lon, chars: 5, as: cell}"
        ),
        "  lon: {class: quasi, rule: grid, cell: 0.05}\n": "",
    }
    world = World(tmp_path, changes=geohash)
    for number, longitude in enumerate(("77.5946", "77.5947", "70", None)):
        world.place(number, "12.9716", longitude)
    found = world.counter.count(world.target)
    assert found.columns == ("cell",)
    assert (found.rows, dict(found.sizes)) == (4, {1: 2, 2: 1})
    assert found.null_rows_below == 1


def test_what_cannot_be_read_is_not_called_fine(world):
    """A record of no known schema may hide a cell of one; its key's next record mends it."""
    world.place(1, "12.9")
    world.place(2, "12.9")
    assert world.counter.count(world.target).ok
    for value in (b"\0\0\0\0\x63abc", b"[1]"):
        world.broker.append(TOPIC, b"odd", value)
        found = world.counter.count(world.target)
        assert (found.unreadable, found.ok, found.rows) == (1, False, 2)
    world.broker.append(TOPIC, b"odd", None)
    assert world.counter.count(world.target).ok


def test_a_topic_that_is_not_there_has_no_cells(world):
    """Before the first event: nothing is below k."""
    world.broker.delete(TOPIC)
    found = world.counter.count(world.target)
    assert (found.rows, found.smallest, found.share_below, found.ok) == (0, 0, 0.0, True)


def test_no_summary_holds_a_value(world):
    """Sizes and counts only: neither a cell nor a key."""
    world.place(1, "12.9", "77.5")
    found = world.counter.count_levels(world.target, lambda _done, _total: None)
    assert found.levels
    assert "12.9" not in str(found)
    assert "77.5" not in str(found.summary())


def test_targets_are_tables_topics_or_all_that_say_k(tmp_path):
    """A name may be either; twice the same is one."""
    world = World(tmp_path)
    policies = load_policies(world.folder)
    for names in ([TOPIC], ["pizzashop.users"], ["pizzashop.users", TOPIC], []):
        (target,) = choose_targets(policies, "governed", names)
        assert (target.topic, target.k, list(target.quasi)) == (TOPIC, 2, ["lat", "lon"])
    assert choose_targets(policies, "governed", [TOPIC], 7)[0].k == 7


@pytest.mark.parametrize(
    ("columns", "names", "text"),
    [
        ("a: {class: quasi, rule: keep}", ["shop.t"], "does not say `k`"),
        ("a: {class: quasi, rule: drop}", ["shop.t"], "no column of class `quasi` leaves"),
        ("a: {class: quasi, rule: keep}", ["shop.x"], "no policy of table or topic shop.x"),
    ],
)
def test_what_cannot_be_counted_is_one_clear_line(columns, names, text):
    """Exit code 2."""
    policy = parse_policy(Path("p.yaml"), f"table: shop.t\ncolumns:\n  {columns}\n")
    with pytest.raises(ConfigError, match=text):
        choose_targets({"shop.t": policy}, "governed", names)
