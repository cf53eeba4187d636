"""Rows by cell: the compacted view of a topic, as far as counting needs it.

A cell is what a row shows of its quasi-identifiers, as one text; rows with NULL in a column share
that NULL as they would any other value. Memory: a counter for each cell that has rows, and for each
row 16 bytes of its key's hash and a reference to its cell.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

KEY_BYTES = 16
"""Two keys get one hash with a chance of 2^-128."""


@dataclass(slots=True)
class _Cell:
    text: str
    rows: int = 0


class Cells:
    """Counts rows by cell while records come in log order."""

    def __init__(self) -> None:
        self._cells: dict[str, _Cell] = {}
        self._of_key: dict[bytes, _Cell] = {}

    def put(self, key: bytes, cell: str) -> None:
        """The row of `key` is now in `cell`, wherever it was before."""
        self.remove(key)
        found = self._cells.setdefault(cell, _Cell(cell))
        found.rows += 1
        self._of_key[_hash(key)] = found

    def remove(self, key: bytes) -> None:
        """There is no row of `key` any more."""
        cell = self._of_key.pop(_hash(key), None)
        if cell is None:
            return
        cell.rows -= 1
        if not cell.rows:
            del self._cells[cell.text]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self._of_key)

    @property
    def counts(self) -> Mapping[str, int]:
        """Rows of each cell that has any."""
        return {cell.text: cell.rows for cell in self._cells.values()}

    @property
    def sizes(self) -> Mapping[int, int]:
        """How many cells there are of each size, the smallest first."""
        found = Counter(cell.rows for cell in self._cells.values())
        return dict(sorted(found.items()))


def _hash(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=KEY_BYTES).digest()
