"""Coarser levels, computed from governed values, against the rules themselves on raw ones."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.anonymity.levels import LADDERS, find_levels
from cdc.canonical import to_json
from registry.derive.types import DATE, DOUBLE, LOCAL_TIMESTAMP, LONG, STRING, TIMESTAMP, Canonical
from tests.privacy.binding import RULE, bind

DEGREES = Canonical("decimal", 10, 8)
DAYS = st.integers(-200_000, 200_000)
RAW = {
    DEGREES: st.integers(-90 * 10**8, 90 * 10**8).map(lambda n: Decimal(n).scaleb(-8)),
    LONG: st.integers(-(10**9), 10**9),
    DOUBLE: st.floats(-1e6, 1e6),
    STRING: st.text(max_size=12),
    DATE: DAYS,
    TIMESTAMP: DAYS.map(lambda days: days * 86_400_000_000 + 45_296_789_012),
    LOCAL_TIMESTAMP: DAYS.map(lambda days: days * 86_400_000_000 - 1),
}
CASES = [
    ("grid", {"cell": "0.001"}, DEGREES),
    ("grid", {"cell": "0.05"}, DEGREES),
    ("band", {"width": "5"}, LONG),
    ("band", {"width": "0.1"}, DOUBLE),
    ("truncate", {"chars": 6}, STRING),
    ("date_part", {"part": "month"}, DATE),
    ("date_part", {"part": "minute"}, TIMESTAMP),
    ("date_part", {"part": "day"}, LOCAL_TIMESTAMP),
]


def _rule(name, **parameters):
    return RULE.validate_python({"class": "quasi", "rule": name, **parameters})


def _cells(rows):
    return Counter(json.dumps(list(row)) for row in rows)


def _grouping(values):
    """Which values are equal, whatever they are called."""
    first = {value: place for place, value in reversed(list(enumerate(values)))}
    return [first[value] for value in values]


@pytest.mark.parametrize(("name", "parameters", "canonical"), CASES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_a_step_groups_as_the_coarser_rule_would(name, parameters, canonical, data):
    """Made coarser after the fact, values fall together exactly where the rule puts them."""
    raw = data.draw(st.lists(RAW[canonical], min_size=1, max_size=30))
    fine = {"class": "quasi", "rule": name, **parameters}
    left = bind(fine, canonical)
    governed = [to_json(left.plain(value), left.type) for value in raw]
    for step in LADDERS[name](_rule(name, **parameters)):
        parameter, said = step.says.split()
        coarse = bind({**fine, parameter: said}, canonical)
        expected = _grouping([coarse.plain(value) for value in raw])
        assert _grouping([step.coarsen(value) for value in governed]) == expected, step.says


@settings(deadline=None)
@given(st.lists(st.floats(-90, 90), min_size=1, max_size=30))
def test_a_shorter_geohash_is_a_prefix(latitudes):
    """The same for two columns that left as one."""
    rule = {"class": "quasi", "rule": "geohash", "longitude": "lon"}
    cells = {n: bind({**rule, "chars": n}, DOUBLE, needed=[DOUBLE]).plain for n in range(1, 7)}
    governed = [cells[6](latitude, 77.5) for latitude in latitudes]
    for step in LADDERS["geohash"](RULE.validate_python({**rule, "chars": 6})):
        coarse = cells[int(step.says.removeprefix("chars "))]
        assert [step.coarsen(cell) for cell in governed] == [coarse(it, 77.5) for it in latitudes]


ROWS = st.lists(
    st.tuples(st.none() | st.integers(-20, 20).map(lambda n: n * 10), st.sampled_from("ab")),
    min_size=1,
    max_size=60,
)


@settings(deadline=None)
@given(ROWS, st.integers(2, 6))
def test_levels_are_counted_as_by_brute_force(rows, k):
    """Cells, the smallest and the rows below k of each level; every combination ends reached."""
    quasi = {"age": _rule("band", width=10), "sex": _rule("keep")}
    found = list(find_levels(quasi, _cells(rows), k))
    for level in found:
        sizes = Counter(_coarse(row, level.changes) for row in rows).values()
        assert (level.cells, level.smallest) == (len(sizes), min(sizes))
        assert level.rows_below == sum(size for size in sizes if size < k)
        assert level.share_below == level.rows_below / len(rows)
    assert len({tuple(level.changes.items()) for level in found}) == len(found)
    assert any(
        level.changes == {"age": "drop", "sex": "drop"} or not level.rows_below for level in found
    )


def _coarse(row, changes):
    age, sex = row
    how = changes.get("age", "width 10")
    if how == "drop":
        age = None
    elif age is not None:
        age = age // int(how.removeprefix("width "))
    return age, None if changes.get("sex") == "drop" else sex


def test_a_combination_stops_at_the_first_level_that_reaches_k():
    """Ten rows of ten bands: at twice the width there are two a cell."""
    found = list(
        find_levels({"age": _rule("band", width=10)}, _cells((n * 10,) for n in range(10)), 2)
    )
    assert [(it.changes, it.smallest) for it in found] == [({"age": "width 20"}, 2)]


def test_null_is_joined_by_leaving_the_column_out_alone():
    """No band holds NULL: the ladder ends where one value is left, then the column is dropped."""
    rows = [(None,), *((n,) for n in (0, 10, 10, 10))]
    found = list(find_levels({"age": _rule("band", width=10)}, _cells(rows), 2))
    assert [(it.changes["age"], it.cells, it.rows_below) for it in found] == [
        ("width 20", 2, 1),
        ("drop", 1, 0),
    ]


def test_many_columns_are_tried_alone_and_together():
    """Four columns have fifteen combinations: five are tried."""
    quasi = {name: _rule("keep") for name in "abcd"}
    found = list(find_levels(quasi, _cells([tuple("wxyz"), tuple("WXYZ")]), 2))
    assert [tuple(level.changes) for level in found] == [tuple("abcd"), *((n,) for n in "abcd")]
