"""Repairs of whole columns by kernels; of all others the `Repairer` is fast enough, or rare."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from cdc.column import NULL, Column, IntArray
from cdc.kernels import columns as kernels
from cdc.kernels.columns import Mask, Numbers
from cdc.stream.normalize import RepairKernel
from registry.derive.types import Repair

_MOST_MILLIS = (1 << 63) // 1000 - 1


def _unsigned(column: Column) -> tuple[Column, Mask]:
    """A zigzag varint is even where its value is not negative."""
    ok = column.start != NULL
    ok[ok] = kernels.bytes_of(column.buffer)[column.start[ok]] & 1 == 0
    return column, ok


def _to_longs(
    read: Callable[[Column], Numbers], convert: Callable[[IntArray], tuple[IntArray, Mask]]
) -> RepairKernel:
    def repair(column: Column) -> tuple[Column, Mask]:
        found = read(column)
        values, usable = convert(found.values)
        ok = found.ok & usable
        return kernels.write_longs(Numbers(values, ok)), ok

    return repair


def _all(values: IntArray) -> tuple[IntArray, Mask]:
    return values, np.ones(len(values), np.bool_)


def _natural(values: IntArray) -> tuple[IntArray, Mask]:
    return values, values >= 0


def _times_thousand(values: IntArray) -> tuple[IntArray, Mask]:
    return values * 1000, np.abs(values) <= _MOST_MILLIS


def _by_thousand(values: IntArray) -> tuple[IntArray, Mask]:
    micros, rest = np.divmod(values, 1000)
    return micros, rest == 0


KERNELS: Mapping[Repair, RepairKernel] = {
    Repair.UNSIGNED: _unsigned,
    Repair.DECIMAL_TO_LONG: _to_longs(kernels.read_decimals, _natural),
    Repair.MILLIS_TO_MICROS: _to_longs(kernels.read_longs, _times_thousand),
    Repair.NANOS_TO_MICROS: _to_longs(kernels.read_longs, _by_thousand),
    Repair.ISO_TO_MICROS: _to_longs(kernels.read_instants, _all),
}
