"""What was counted: sizes and counts, never a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.anonymity.levels import Level


@dataclass(frozen=True, slots=True)
class Anonymity:
    """The cells of one topic at one moment.

    `sizes`: how many cells there are of each size. `null_rows_below`: of the rows in cells below k
    those that show a NULL, which no coarser value joins. `unreadable` records could not be counted.
    `levels`: what coarser columns would give, where they were asked for. `at_ms`: when the reading
    began.
    """

    table: str
    topic: str
    k: int
    columns: tuple[str, ...]
    rows: int
    sizes: Mapping[int, int]
    null_rows_below: int
    unreadable: int
    at_ms: int
    levels: tuple[Level, ...] = ()

    @property
    def ok(self) -> bool:
        """No row is in a cell of fewer than k, and every record could be counted."""
        return not self.rows_below and not self.unreadable

    @property
    def cells(self) -> int:
        """How many cells have rows."""
        return sum(self.sizes.values())

    @property
    def smallest(self) -> int:
        """Rows in the smallest cell; 0: there are none."""
        return min(self.sizes, default=0)

    @property
    def cells_below(self) -> int:
        """How many cells have fewer than k rows."""
        return sum(cells for size, cells in self.sizes.items() if size < self.k)

    @property
    def rows_below(self) -> int:
        """How many rows are in them."""
        return sum(size * cells for size, cells in self.sizes.items() if size < self.k)

    @property
    def share_below(self) -> float:
        """The same as a share of all rows, 0 to 1."""
        return self.rows_below / self.rows if self.rows else 0.0

    def summary(self) -> dict[str, object]:
        """All of it but the sizes one by one, as JSON can say it."""
        return {
            "table": self.table,
            "topic": self.topic,
            "k": self.k,
            "columns": list(self.columns),
            "ok": self.ok,
            "rows": self.rows,
            "cells": self.cells,
            "smallest": self.smallest,
            "cells_below": self.cells_below,
            "rows_below": self.rows_below,
            "null_rows_below": self.null_rows_below,
            "share_below": round(self.share_below, 6),
            "unreadable": self.unreadable,
            "at_ms": self.at_ms,
        }
