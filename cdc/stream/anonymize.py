"""`NormalizedBatch` → `SafeBatch`: each planned column through its rule, nothing else.

The only maker of a `SafeBatch`. The same derivation serves key, value and tombstone, since a key
column is one column here, whatever it is written into later.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cdc.column import Column
from cdc.errors import PolicyError, RecordError
from cdc.event import NormalizedBatch, SafeBatch
from cdc.privacy.plan import PlannedColumn

BLIND_BITS = 40
_MASK = (1 << BLIND_BITS) - 1
_REFUSALS = (ValueError, OverflowError, TypeError)


def anonymize(batch: NormalizedBatch, plan: Sequence[PlannedColumn]) -> SafeBatch:
    """Apply the plan's rules."""
    failed = dict(batch.failed)
    blind = np.zeros(len(batch.change.index), np.int64)
    columns = {}
    for planned in plan:
        column, *needed = (batch.row[name] for name in planned.reads)
        columns[planned.governed.name] = _apply(planned, (column, *needed), failed)
        if planned.governed.is_key and planned.rule.blind is not None:
            blind = (blind + planned.rule.blind(_without(column, failed))) & _MASK
    change = batch.change
    return SafeBatch(
        change.offsets, change.index, change.op, change.source_ts_us, columns, blind, failed
    )


def _apply(
    planned: PlannedColumn, columns: Sequence[Column], failed: dict[int, RecordError]
) -> Column:
    try:
        return planned.rule.columnar(*columns)
    except _REFUSALS:
        return _one_by_one(planned, columns, failed)


def _one_by_one(
    planned: PlannedColumn, columns: Sequence[Column], failed: dict[int, RecordError]
) -> Column:
    """Find the values that the rule cannot act on; the others pass."""
    out: list[bytes | None] = []
    for place, row in enumerate(zip(*(column.values() for column in columns), strict=True)):
        try:
            out.extend(planned.rule.columnar(*(Column.of([data]) for data in row)).values())
        except _REFUSALS:
            failed.setdefault(place, _refusal(planned.source))
            out.append(None)
    return Column.of(out)


def _refusal(column: str) -> PolicyError:
    return PolicyError(
        "rule_cannot_act", f"column {column}: its rule cannot act on this value", column=column
    )


def _without(column: Column, failed: dict[int, RecordError]) -> Column:
    """The column with the failed events' values out of the way."""
    if not failed:
        return column
    return Column.of([None if i in failed else data for i, data in enumerate(column.values())])
