"""Real values in place of markers: what the policies of a running stack hold back.

Enters: plans, and MySQL to read from. Leaves: a ledger of values, in memory alone. A value that the
policies let through somewhere (in a column that is kept, or as what a rule gives) is no secret and
is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cdc.canonical import to_json
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.prove.encodings import Edge, needles_of_bytes, needles_of_text
from cdc.prove.markers import Ledger, Sort
from cdc.source import NO_FORM, Database
from registry.derive.table import Column

SHORTEST_VALUE = 6
"""Characters; shorter values stand in any text by chance."""
MOST_VALUES = 50_000
"""Distinct values that are sought of one column: what bounds memory."""
_TEXTUAL = frozenset({"string", "json", "set"})


@dataclass(slots=True)
class _Values:
    """Values of one column by their text or bytes, and whether there were more than are sought."""

    column: Column
    place: str
    held: set[str | bytes] = field(default_factory=set)


def collect_hidden(
    plans: Sequence[Plan], database: Database, tick: Callable[[str], None]
) -> Ledger:
    """Every hidden value of at least `SHORTEST_VALUE` characters, each as a marker.

    `tick` is told each table before it is read.

    Raises:
        Unreachable: MySQL does not answer.
    """
    hidden: list[_Values] = []
    leaving: set[str | bytes] = set()
    for plan in plans:
        tick(plan.table.qualified)
        hidden += _read_table(plan, database, leaving)
    ledger = Ledger()
    for values in hidden:
        for value in sorted(values.held - leaving, key=str):
            ledger.add(Sort.HIDDEN, values.place, values.column.mysql_type, _needles(values, value))
    return ledger


def _read_table(plan: Plan, database: Database, leaving: set[str | bytes]) -> list[_Values]:
    """The table's columns; what its rules give is added to `leaving`."""
    columns = [column for column in plan.table.columns if column.type is not None]
    rules = {planned.source: planned for planned in plan.columns}
    found = [_Values(column, f"{plan.table.qualified}.{column.name}") for column in columns]
    names = [column.name for column in columns]
    for row in database.read_rows(plan.table, names):
        by_name = dict(zip(names, row, strict=True))
        for values, value in zip(found, row, strict=True):
            if value is None or value is NO_FORM:
                continue
            for form in _forms(value, values.column):
                if len(form) >= SHORTEST_VALUE and len(values.held) < MOST_VALUES:
                    values.held.add(form)
            if planned := rules.get(values.column.name):
                leaving.update(_given(planned, [by_name[name] for name in planned.reads]))
    return found


def _given(planned: PlannedColumn, values: Sequence[Any]) -> Iterator[str | bytes]:
    """What a rule makes of the values that it reads; nothing where it cannot act."""
    if None in values or NO_FORM in values:
        return
    try:
        result = planned.rule.plain(*values)
        if result is not None:
            yield _form(to_json(result, planned.governed.type))
            yield _form(result)
    except (ValueError, OverflowError, TypeError):
        return


def _forms(value: Any, column: Column) -> Iterable[str | bytes]:
    """A value as text or bytes; of a set its members."""
    if isinstance(value, tuple):
        return [_form(each) for each in value if isinstance(each, str)]
    if isinstance(value, bytes):
        return [value]
    return [_form(to_json(value, column.type))] if column.type else []


def _form(value: Any) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)


def _needles(values: _Values, value: str | bytes) -> Sequence[Any]:
    if isinstance(value, bytes):
        return needles_of_bytes(value[:256])
    kind = values.column.type.kind if values.column.type else ""
    return needles_of_text(value, Edge.WORD if kind in _TEXTUAL else Edge.DIGITS)
