"""An earlier major, made from the rows of a newer shape: only where every row can be.

The plan of the newer shape is bent to the columns that the older topic's readers know. A column
that is gone is NULL; one whose type has changed passes through a conversion that has an answer for
each value. Where one column has none, or the key is another, there is no such plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cdc.canonical import from_slice, to_json, to_slice
from cdc.column import Column
from cdc.evolution.meaning import keeps_meaning
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.privacy.transforms.rule import BoundRule
from registry.derive.record import GovernedColumn, avro_name
from registry.derive.types import Canonical

_DAY_US = 86_400_000_000
_LONG_DIGITS = 19

Convert = Callable[[Any], Any]

TOTAL: Mapping[tuple[str, str], Convert] = {
    ("json", "string"): lambda text: text,
    ("float", "double"): lambda number: number,
    ("boolean", "long"): int,
    ("long", "string"): str,
    ("date", "local_timestamp"): lambda days: days * _DAY_US,
}
"""From a new kind to an old one, on canonical Python values; decimals see `find_conversion`."""


class NoConversionError(ValueError):
    """An earlier major cannot be written further; says why."""


def find_conversion(new: Canonical, old: Canonical) -> Convert | None:
    """What makes a value of the old type of each value of the new one; None: nothing does."""
    if old.kind == "decimal" and new.kind in ("decimal", "long"):
        return _decimal(new, old)
    if new.kind == "decimal" and old.kind == "string":
        return lambda value: to_json(value, new)
    return TOTAL.get((new.kind, old.kind))


def _decimal(new: Canonical, old: Canonical) -> Convert | None:
    digits = _LONG_DIGITS if new.kind == "long" else new.precision - new.scale
    return Decimal if old.precision - old.scale >= digits and old.scale >= new.scale else None


def bend_plan(plan: Plan, topic: str, old: Sequence[GovernedColumn]) -> Plan:
    """The plan that writes an earlier major's `topic`, whose value has the columns `old`.

    Raises:
        NoConversionError: not every row of the new shape has a place there.
    """
    known = {avro_name(column.governed.name): column for column in plan.columns}
    _require_same_key(plan, old)
    columns = tuple(_bend(known.get(column.name), column, plan.columns[0]) for column in old)
    return replace(plan, topic=topic, columns=columns)


def _require_same_key(plan: Plan, old: Sequence[GovernedColumn]) -> None:
    """Rows under another key are other rows: those of the old key could never be deleted."""
    now = [(avro_name(c.governed.name), c.governed.type.avro()) for c in plan.key]
    if now != [(column.name, column.type.avro()) for column in old if column.is_key]:
        raise NoConversionError("the governed key is another one")


def _bend(new: PlannedColumn | None, old: GovernedColumn, other: PlannedColumn) -> PlannedColumn:
    if new is None:
        return PlannedColumn(other.source, old, BoundRule(old.type, lambda _: None, _nulls))
    if keeps_meaning(new.governed.type, old.type):
        return replace(new, governed=old)
    convert = find_conversion(new.governed.type, old.type)
    if convert is None:
        raise NoConversionError(
            f"{old.name} is {new.governed.type} now, which not always has a form as {old.type}"
        )
    return replace(new, governed=old, rule=_converted(new.rule, convert, old.type))


def _converted(rule: BoundRule, convert: Convert, old: Canonical) -> BoundRule:
    def columnar(*columns: Column) -> Column:
        values = (from_slice(data, rule.type) for data in rule.columnar(*columns).values())
        return Column.of([None if v is None else to_slice(convert(v), old) for v in values])

    return BoundRule(old, lambda *values: convert(rule.plain(*values)), columnar)


def _nulls(column: Column) -> Column:
    """As many NULLs as the column has values."""
    return Column.of([None] * len(column))
