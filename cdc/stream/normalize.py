"""`ChangeBatch` → `NormalizedBatch`: every column in its canonical form.

One function per `Repair`; a column that needs none is the same slices. A value without canonical
form fails its event with the column's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cdc.canonical import parse_instant
from cdc.column import Column, unzigzag, zigzag
from cdc.errors import NormalizeError, RecordError
from cdc.event import ChangeBatch, NormalizedBatch
from registry.derive.from_debezium import RawColumn
from registry.derive.types import Repair

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


def _iso_to_micros(data: bytes) -> bytes:
    return zigzag(parse_instant(data.decode()))


REPAIRS: Mapping[Repair, Callable[[bytes], bytes] | None] = {
    Repair.SAME: None,
    Repair.DECIMAL_TO_LONG: _decimal_to_long,
    Repair.UNSIGNED: _refuse_negative,
    Repair.TO_BOOLEAN: _to_boolean,
    Repair.YEAR: _year,
    Repair.MILLIS_TO_MICROS: _millis_to_micros,
    Repair.ISO_TO_MICROS: _iso_to_micros,
}

COUNTED = frozenset({Repair.TO_BOOLEAN, Repair.YEAR})
"""Repairs of what the source sends differently from time to time; the others only change units."""


def normalize(batch: ChangeBatch, wanted: Sequence[RawColumn]) -> NormalizedBatch:
    """Make the wanted columns canonical."""
    failed = dict(batch.failed)
    repaired: dict[str, int] = {}
    row = dict(batch.row)
    for column in wanted:
        repair = REPAIRS[column.repair]
        if repair is not None:
            row[column.name], count = _repair(column.name, row[column.name], repair, failed)
            if count and column.repair in COUNTED:
                repaired[column.name] = count
    return NormalizedBatch(batch, row, failed, repaired)


def _repair(
    name: str, column: Column, repair: Callable[[bytes], bytes], failed: dict[int, RecordError]
) -> tuple[Column, int]:
    """The repaired column and how many values came out as other bytes."""
    known: dict[bytes, bytes] = {}
    out: list[bytes | None] = []
    changed = 0
    for place, data in enumerate(column.values()):
        if data is None:
            out.append(None)
            continue
        try:
            value = known.get(data)
            if value is None:
                value = known[data] = repair(data)
            changed += value != data
            out.append(value)
        except (ValueError, OverflowError) as error:
            failed.setdefault(place, _no_canonical_form(name, error))
            out.append(None)
    return Column.of(out), changed


def _no_canonical_form(name: str, error: Exception) -> NormalizeError:
    # Other errors quote the value (`fromisoformat` does): only ours may be repeated.
    why = str(error) if isinstance(error, _NoFormError) else "has no canonical form"
    return NormalizeError("no_canonical_form", f"column {name}: {why}", column=name)
