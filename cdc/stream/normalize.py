"""`ChangeBatch` → `NormalizedBatch`: every column in its canonical form.

One function per `Repair`; a column that needs none is the same slices. A value without canonical
form fails its event with the column's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from cdc.arrays import encode_strings
from cdc.canonical import parse_day, parse_instant, to_slice
from cdc.column import NULL, Column, unzigzag, zigzag
from cdc.errors import NormalizeError, RecordError
from cdc.event import ChangeBatch, NormalizedBatch
from cdc.forms import canonical_json, parse_span, split_allowed, split_set
from registry.derive.from_debezium import RawColumn
from registry.derive.types import Repair

Repairer = Callable[[bytes], bytes]
RepairKernel = Callable[[Column], tuple[Column, npt.NDArray[np.bool_]]]
"""A whole column at once, and for which values it answers; the `Repairer` does the others."""

_YEAR_ZERO = zigzag(1900)


class _NoFormError(ValueError):
    """Why there is no canonical form, in words without the value."""


def _refuse_negative(data: bytes) -> bytes:
    if data[0] & 1:  # zigzag: odd means negative
        raise _NoFormError("a BIGINT UNSIGNED above 2^63-1, which the source wrapped")
    return data


def _decimal_to_long(data: bytes) -> bytes:
    whole = int.from_bytes(data, "big", signed=True)
    if not 0 <= whole < 1 << 63:
        raise _NoFormError("a BIGINT UNSIGNED above 2^63-1")
    return zigzag(whole)


def _to_boolean(data: bytes) -> bytes:
    if data == b"\x00":
        return b"\x00"
    if data == b"\x02":
        return b"\x01"
    raise _NoFormError("neither 0 nor 1 in a column declared as boolean")


def _year(data: bytes) -> bytes:
    return zigzag(0) if data == _YEAR_ZERO else data


def _millis_to_micros(data: bytes) -> bytes:
    return zigzag(unzigzag(data) * 1000)


def _nanos_to_micros(data: bytes) -> bytes:
    micros, rest = divmod(unzigzag(data), 1000)
    if rest:
        raise _NoFormError("finer than a microsecond, which MySQL has not")
    return zigzag(micros)


def _iso_to_micros(data: bytes) -> bytes:
    return zigzag(parse_instant(data.decode()))


def _iso_to_days(data: bytes) -> bytes:
    return zigzag(parse_day(data.decode().removesuffix("Z")))


def _iso_to_span(data: bytes) -> bytes:
    return zigzag(parse_span(data.decode()))


def _members(data: bytes) -> bytes:
    return encode_strings(split_set(data.decode()))


def _json(data: bytes) -> bytes:
    return canonical_json(data.decode()).encode()


def _always(function: Repairer) -> Callable[[RawColumn], Repairer]:
    return lambda _: function


def _digits_to_decimal(column: RawColumn) -> Repairer:
    target = column.type
    if target is None:
        raise TypeError("a column without canonical type has no repair")
    return lambda data: to_slice(Decimal(data.decode()), target) or b""


def _bits(column: RawColumn) -> Repairer:
    size = (int(column.raw.parameter("length")) + 7) // 8

    def repair(data: bytes) -> bytes:
        if any(data[size:]):
            raise _NoFormError("more bits than the column has")
        return data[:size].ljust(size, b"\0")[::-1]

    return repair


def _label(column: RawColumn) -> Repairer:
    labels = {label.encode() for label in split_allowed(column.raw.parameter("allowed"))}

    def repair(data: bytes) -> bytes:
        mended = data.replace(b"\\,", b",")
        return mended if data not in labels and mended in labels else data

    return repair


REPAIRS: Mapping[Repair, Callable[[RawColumn], Repairer] | None] = {
    Repair.SAME: None,
    Repair.DECIMAL_TO_LONG: _always(_decimal_to_long),
    Repair.UNSIGNED: _always(_refuse_negative),
    Repair.TO_BOOLEAN: _always(_to_boolean),
    Repair.YEAR: _always(_year),
    Repair.MILLIS_TO_MICROS: _always(_millis_to_micros),
    Repair.NANOS_TO_MICROS: _always(_nanos_to_micros),
    Repair.ISO_TO_MICROS: _always(_iso_to_micros),
    Repair.ISO_TO_DAYS: _always(_iso_to_days),
    Repair.ISO_TO_SPAN: _always(_iso_to_span),
    Repair.DIGITS_TO_DECIMAL: _digits_to_decimal,
    Repair.BITS: _bits,
    Repair.LABEL: _label,
    Repair.MEMBERS: _always(_members),
    Repair.JSON: _always(_json),
}
"""Per repair, what makes the function for a column's values."""

COUNTED = frozenset({Repair.TO_BOOLEAN, Repair.YEAR, Repair.LABEL})
"""Repairs of what the source sends differently from time to time; the others only change units."""


def normalize(
    batch: ChangeBatch, wanted: Sequence[RawColumn], kernels: Mapping[Repair, RepairKernel]
) -> NormalizedBatch:
    """Make the wanted columns canonical; `kernels` may be empty."""
    failed = dict(batch.failed)
    repaired: dict[str, int] = {}
    row = dict(batch.row)
    for column in wanted:
        make = REPAIRS[column.repair]
        if make is not None:
            step = _Step(column.name, make(column), failed)
            kernel = kernels.get(column.repair)
            if kernel is not None:
                row[column.name] = step.by_kernel(row[column.name], kernel)
                continue
            everywhere = range(len(batch.index))
            row[column.name], count = step.one_by_one(row[column.name], everywhere)
            if count and column.repair in COUNTED:
                repaired[column.name] = count
    return NormalizedBatch(batch, row, failed, repaired)


@dataclass(frozen=True, slots=True)
class _Step:
    """One column's repair; what has no canonical form goes into `failed`."""

    name: str
    repair: Repairer
    failed: dict[int, RecordError]

    def by_kernel(self, column: Column, kernel: RepairKernel) -> Column:
        done, ok = kernel(column)
        left = np.flatnonzero(~ok & (column.start != NULL))
        if not len(left):
            return done
        return done.put(left, self.one_by_one(column.take(left), left.tolist())[0])

    def one_by_one(self, column: Column, places: Iterable[int]) -> tuple[Column, int]:
        """The repaired column and how many values came out as other bytes."""
        known: dict[bytes, bytes] = {}
        out: list[bytes | None] = []
        changed = 0
        for place, data in zip(places, column.values(), strict=True):
            if data is None:
                out.append(None)
                continue
            try:
                value = known.get(data)
                if value is None:
                    value = known[data] = self.repair(data)
                changed += value != data
                out.append(value)
            except (ValueError, ArithmeticError) as error:
                self.failed.setdefault(place, _no_canonical_form(self.name, error))
                out.append(None)
        return Column.of(out), changed


def _no_canonical_form(name: str, error: Exception) -> NormalizeError:
    # Other errors quote the value (`fromisoformat` does): only ours may be repeated.
    why = str(error) if isinstance(error, _NoFormError) else "has no canonical form"
    return NormalizeError("no_canonical_form", f"column {name}: {why}", column=name)
