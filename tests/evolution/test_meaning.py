"""What a topic's readers may not see change."""

from hypothesis import given
from hypothesis import strategies as st

from cdc.evolution.meaning import find_changed_meanings, keeps_meaning
from registry.avro import parse_strict
from registry.compatibility import find_incompatibilities
from registry.derive.from_governed import columns_of_governed
from registry.derive.record import GovernedColumn, derive_value
from registry.derive.types import KINDS, LOCAL_TIMESTAMP, LONG, STRING, TIMESTAMP, Canonical

CANONICALS = st.builds(
    lambda kind, digits: (
        Canonical(kind, digits[0], digits[1]) if kind == "decimal" else Canonical(kind)
    ),
    st.sampled_from(sorted(KINDS)),
    st.tuples(st.integers(1, 65), st.integers(0, 30)).filter(lambda d: d[1] <= d[0]),
)
COLUMNS = st.lists(
    st.builds(
        GovernedColumn,
        st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
        CANONICALS,
        st.booleans(),
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda column: column.name,
)


def _value(*columns: GovernedColumn) -> str:
    return derive_value("governed.shop.t.v1", columns)


def _column(canonical: Canonical, name: str = "a") -> GovernedColumn:
    return GovernedColumn(name, canonical, is_key=False, source_nullable=True)


@given(COLUMNS)
def test_schemas_lead_back_to_their_columns(columns):
    """Names, keys, nullability and Avro forms are read out of the schema that they were put in."""
    read = columns_of_governed(_value(*columns))
    assert [(c.name, c.is_key, c.type.avro()) for c in read] == [
        (c.name, c.is_key, c.type.avro()) for c in columns
    ]
    assert [c.source_nullable for c in read if not c.is_key] == [
        c.source_nullable for c in columns if not c.is_key
    ]


@given(CANONICALS, CANONICALS)
def test_what_keeps_its_meaning_is_compatible_both_ways(old, new):
    """Nothing that passes here is refused by Avro's own rules: those are the weaker ones."""
    if keeps_meaning(old, new):
        one, other = parse_strict(_value(_column(old))), parse_strict(_value(_column(new)))
        assert not find_incompatibilities(one, other)
        assert not find_incompatibilities(other, one)


def test_registries_miss_what_is_found_here():
    """A DATETIME that becomes a TIMESTAMP, a DECIMAL of another scale: Avro sees no difference."""
    decimals = Canonical("decimal", 10, 2), Canonical("decimal", 10, 4)
    for old, new in ((LOCAL_TIMESTAMP, TIMESTAMP), decimals, (STRING, Canonical("json"))):
        one, other = parse_strict(_value(_column(old))), parse_strict(_value(_column(new)))
        assert not find_incompatibilities(one, other)
        assert not keeps_meaning(old, new)


def test_only_digits_before_the_point_may_be_added():
    """DECIMAL(10,2) may become DECIMAL(12,2); neither the way back nor another scale."""
    narrow, wide = Canonical("decimal", 10, 2), Canonical("decimal", 12, 2)
    assert keeps_meaning(narrow, wide)
    assert not keeps_meaning(wide, narrow)


def test_columns_that_come_and_go_are_no_change():
    """Only a column that is on both sides can change; the message names it and both types."""
    old = [_column(LONG), _column(LONG, "b")]
    new = [_column(STRING, "b"), _column(LONG, "c")]
    assert list(find_changed_meanings(old, new)) == ["b: long becomes string"]
