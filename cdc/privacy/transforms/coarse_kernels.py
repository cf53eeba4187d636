"""`grid` and `lookup` over whole columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from cdc.column import NULL, Column
from cdc.kernels import columns as kernels

Slow = Callable[[bytes], bytes | None]

_MOST = 1 << 62


@dataclass(frozen=True, slots=True)
class Cells:
    """A grid in whole numbers: a cell's width, by what an edge is divided, what it stays below."""

    cell: int
    divisor: int
    bound: int


def grid_kernel(cells: Cells, column: Column, slow: Slow) -> Column:
    """The lower edge of each decimal's cell."""
    found = kernels.read_decimals(column)
    if cells.cell >= _MOST:  # and so may the divisor be, which is never more
        return kernels.fill(column, column, np.zeros(len(column), np.bool_), slow)
    ok = found.ok & (np.abs(found.values // 2) < _MOST // 2)
    edges = found.values // cells.cell * cells.cell // cells.divisor
    if cells.bound < _MOST:
        ok &= np.abs(edges) < cells.bound
    made = kernels.write_decimals(kernels.Numbers(edges, ok))
    return kernels.fill(column, made, ok, slow)


@dataclass(frozen=True, slots=True)
class Words:
    """Words to look for, in order, and what becomes of each; the last output is for none."""

    words: tuple[bytes, ...]
    outputs: Column

    @classmethod
    def of(cls, known: Mapping[str, str], otherwise: str | None) -> Words:
        """From text to text."""
        outputs = [output.encode() for output in known.values()]
        last = None if otherwise is None else otherwise.encode()
        return cls(tuple(word.encode() for word in known), Column.of([*outputs, last]))


def word_kernel(words: Words, column: Column, slow: Slow) -> Column:
    """The output of the last word in each text."""
    found = kernels.last_words(column, words.words)
    made = words.outputs.take(found.values)
    start = np.where(found.ok, made.start, NULL)
    return kernels.fill(column, Column(made.buffer, start, made.end), found.ok, slow)
