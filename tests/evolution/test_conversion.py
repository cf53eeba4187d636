"""Which new values always have an old form, and what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import from_slice, scaled, to_slice
from cdc.column import Column
from cdc.evolution.conversion import TOTAL, NoConversionError, bend_plan, find_conversion
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.privacy.transforms.rule import BoundRule
from registry.derive.record import GovernedColumn
from registry.derive.table import Table
from registry.derive.types import DOUBLE, FLOAT, LONG, STRING, Canonical
from tests.strategies import values_of

DECIMALS = st.tuples(st.integers(1, 38), st.integers(0, 38)).filter(lambda d: d[1] <= d[0])
CASES = [(Canonical(new), Canonical(old)) for new, old in TOTAL]


def _column(name: str, canonical: Canonical, *, is_key: bool = False) -> GovernedColumn:
    return GovernedColumn(name, canonical, is_key, source_nullable=not is_key)


def _plan(*columns: GovernedColumn) -> Plan:
    planned = tuple(
        PlannedColumn(it.name, it, BoundRule(it.type, lambda v: v, lambda column: column))
        for it in columns
    )
    table = Table("shop", "t", (), ("id",))
    return Plan(table, "1", "governed.shop.t.v2", is_json=False, columns=planned, withheld=())


ID = _column("id", LONG, is_key=True)


@pytest.mark.parametrize(("new", "old"), CASES, ids=str)
@given(data=st.data())
def test_every_value_of_the_new_kind_has_an_old_form(new, old, data):
    """No value of the kind is refused, and what comes out is a value of the old kind."""
    value = data.draw(values_of(new))
    convert = find_conversion(new, old)
    assert convert is not None
    assert from_slice(to_slice(convert(value), old), old) is not None


@given(DECIMALS, DECIMALS, st.data())
def test_decimals_convert_only_where_every_digit_has_a_place(new, old, data):
    """Where there is a conversion, the largest value keeps its worth; else it does not fit."""
    digits = data.draw(st.integers(-(10 ** new[0]) + 1, 10 ** new[0] - 1))
    source, target = Canonical("decimal", *new), Canonical("decimal", *old)
    convert = find_conversion(source, target)
    if convert is not None:
        value = scaled(digits, new[1])
        assert from_slice(to_slice(convert(value), target), target) == value
    else:
        assert old[1] < new[1] or old[0] - old[1] < new[0] - new[1]


def test_what_may_lose_something_has_no_conversion():
    """DOUBLE to FLOAT rounds, text is no number, wall-clock time is no instant."""
    for new, old in ((DOUBLE, FLOAT), (STRING, LONG), (Canonical("timestamp"), DOUBLE)):
        assert find_conversion(new, old) is None
    assert find_conversion(Canonical("timestamp"), Canonical("local_timestamp")) is None


def test_an_older_topic_keeps_its_columns():
    """Gone ones are NULL, retyped ones converted, new ones left out, in the old order."""
    plan = _plan(ID, _column("price", FLOAT), _column("fresh", LONG))
    old = (_column("gone", STRING), ID, _column("price", DOUBLE))
    bent = bend_plan(plan, "governed.shop.t.v1", old)
    assert bent.topic == "governed.shop.t.v1"
    assert bent.governed == old
    gone, _, price = bent.columns
    assert gone.rule.columnar(Column.of([b"\x02", b"\x04"])).values() == [None, None]
    floats = Column.of([to_slice(1.5, FLOAT), None])
    assert price.rule.columnar(floats).values() == [to_slice(1.5, DOUBLE), None]


@pytest.mark.parametrize(
    ("old", "why"),
    [
        ((ID, _column("price", LONG)), "price is float now"),
        ((_column("sku", LONG, is_key=True), _column("price", FLOAT)), "key"),
        ((_column("id", STRING, is_key=True),), "key"),
    ],
    ids=["type", "other key column", "other key type"],
)
def test_rows_without_a_place_are_refused(old, why):
    """The reason names the column, or says that the key is another one."""
    with pytest.raises(NoConversionError, match=why):
        bend_plan(_plan(ID, _column("price", FLOAT)), "governed.shop.t.v1", old)
