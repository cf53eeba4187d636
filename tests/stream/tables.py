"""One table with a column for every raw form of the type table, and generated rows of it."""

from __future__ import annotations

import dataclasses

from hypothesis import strategies as st

from registry.derive.types import RawType, Repair, canonical_of_raw
from tests.builders import Col, RawTopic
from tests.stream.test_types import CASES

_LONG = st.integers(-(2**63), 2**63 - 1)
_VALUES = {
    "boolean": st.booleans(),
    "int8": st.integers(-128, 127),
    "int16": st.integers(-(2**15), 2**15 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "int64": _LONG | st.integers(-(2**40), 2**40),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": st.text(max_size=90),
    "bytes": st.binary(max_size=90),
}
"""Of each Connect type anything at all: most semantic types refuse some of it, and must alike."""


def _columns() -> list[tuple[Col, object]]:
    """Columns of the cases under names of their own, each with a value that passes."""
    found = []
    for number, case in enumerate(CASES):
        topic, value, _ = case.values
        column = topic.columns[1]
        found.append((dataclasses.replace(column, name=f"c{number}"), value))
    return found


COLUMNS = _columns()
ALL_TYPES = RawTopic(
    "mysql.all.types", (Col("id", "int64", optional=False), *(column for column, _ in COLUMNS))
)
GOOD = {column.name: value for column, value in COLUMNS}


def canonical(column: Col):
    """Its canonical type and repair."""
    raw = RawType(column.connect, column.semantic, column.all_parameters())
    return canonical_of_raw(raw)


def _value_of(column: Col, good: object) -> st.SearchStrategy:
    _, repair = canonical(column)
    anything = _VALUES.get(column.connect)
    if anything is None or repair is Repair.JSON:
        return st.just(good)
    return st.just(good) | anything


@st.composite
def all_types_rows(draw):
    """A row in which few columns hold something that may have no canonical form."""
    row = {"id": draw(_LONG), **GOOD}
    for column, good in draw(st.lists(st.sampled_from(COLUMNS), max_size=6)):
        row[column.name] = draw(st.none() | _value_of(column, good))
    return row
