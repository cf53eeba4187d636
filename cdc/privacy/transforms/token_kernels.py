"""`token` over whole columns: texts, HMACs in lanes, base32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cdc.canonical import from_slice
from cdc.column import Column, IntArray
from cdc.kernels import columns as kernels
from cdc.privacy.transforms.keyed import BLIND_BYTES
from registry.derive.types import BYTES, LONG, STRING, Canonical

_BLIND_SHIFTS = np.arange(BLIND_BYTES - 1, -1, -1, dtype=np.int64) * 8


class TokenKernels:
    """Tokens and blinds of a column, from one set of MACs where both are asked for in turn."""

    def __init__(
        self,
        secret: bytes,
        prefix: bytes,
        size: int,
        canonical: Canonical,
        text: Callable[[Any], bytes],
        *,
        fold: bool,
    ) -> None:
        self._keyed = kernels.keyed_states(secret)
        self._prefix = prefix
        self._size = size
        self._canonical = canonical
        self._text = text
        self._last: tuple[Column, kernels.Bytes] | None = None
        self._is_plain = canonical in (STRING, BYTES) and not fold

    def tokens(self, column: Column) -> Column:
        """The prefix and the base32 of each value's MAC."""
        return kernels.tokens(column, self._macs(column), self._size, self._prefix)

    def blind(self, column: Column) -> IntArray:
        """Of each MAC the bytes behind the token's as a number; 0 for NULL."""
        rest = self._macs(column)[:, self._size : self._size + BLIND_BYTES].astype(np.int64)
        blinds: IntArray = (rest << _BLIND_SHIFTS).sum(axis=1)
        return blinds

    def _macs(self, column: Column) -> kernels.Bytes:
        """Of the column; kept for the second question about the same one."""
        if self._last is None or self._last[0] is not column:
            self._last = column, kernels.macs(self._texts(column), self._keyed)
        return self._last[1]

    def _texts(self, column: Column) -> Column:
        """What the MACs are of."""
        if self._is_plain:
            return column
        if self._canonical == LONG:
            found = kernels.read_longs(column)
            return kernels.fill(column, kernels.write_digits(found), found.ok, self._slow)
        if self._canonical == STRING:
            lowered, ok = kernels.lower(column)
            return kernels.fill(column, lowered, ok, self._slow)
        return Column.of([None if v is None else self._slow(v) for v in column.values()])

    def _slow(self, data: bytes) -> bytes:
        return self._text(from_slice(data, self._canonical))
