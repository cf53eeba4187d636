"""A batch of Confluent Avro messages → `Reading`: one run of the parse kernel."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdc.column import NULL, Column, IntArray, unzigzag
from cdc.event import Letters, Op, RawBatch
from cdc.forms import ewkb
from cdc.kernels import columns as kernels
from cdc.kernels.parse import parse
from cdc.stream.columnar import Mask, Read, Reading
from cdc.stream.scan import Image, Scan
from cdc.stream.shape import PREFIX_BYTES
from registry.derive.from_debezium import RawColumn

_DELETE, _TRUNCATE = ord(Op.DELETE), ord(Op.TRUNCATE)
_LETTERS = np.array([ord(op) for op in Op], np.uint8)
_MOST_MILLIS = (1 << 63) // 1000 - 1


def avro_read(scan: Scan, wanted: Sequence[RawColumn], key_columns: frozenset[str]) -> Read:
    """How batches of one writer schema are read."""

    def read(batch: RawBatch) -> Reading:
        found = _scan(scan, batch.joined)
        op = _letters(found.column(scan.op))
        source_ts_us, has_ts = _source_ts(found, scan)
        deleted = op == _DELETE
        there = np.where(deleted, found.start[scan.before.there], found.start[scan.after.there])
        sure = found.sure & has_ts & np.isin(op, _LETTERS)
        sure &= (op == _TRUNCATE) | (there != NULL)
        gone = deleted if deleted.any() else None
        row = {}
        for place, column in enumerate(wanted):
            before = scan.before if column.name in key_columns else None
            row[column.name] = _column(_chosen(found, place, scan.after, before, gone), sure)
        return Reading(batch.joined.start != NULL, sure, op, source_ts_us, row)

    return read


@dataclass(frozen=True, slots=True)
class _Found:
    """What the kernel captured: (captures, events), and of which events it is sure."""

    buffer: bytes
    start: IntArray
    end: IntArray
    sure: Mask

    def column(self, capture: int) -> Column:
        return Column(self.buffer, self.start[capture], self.end[capture])


def _scan(scan: Scan, messages: Column) -> _Found:
    shape = scan.captures, len(messages)
    start, end = np.full(shape, NULL, np.int64), np.full(shape, NULL, np.int64)
    sure = np.zeros(len(messages), np.bool_)
    begin = np.where(messages.start == NULL, NULL, messages.start + PREFIX_BYTES)
    buffer = kernels.bytes_of(messages.buffer)
    parse(scan.code, scan.jumps, buffer, begin, messages.end, start, end, sure)
    return _Found(messages.buffer, start, end, sure)


def _letters(column: Column) -> Letters:
    """Texts of one byte; 0 for any other."""
    single = (column.start != NULL) & (column.end - column.start == 1)
    letters = np.zeros(len(column), np.uint8)
    letters[single] = kernels.bytes_of(column.buffer)[column.start[single]]
    return letters


def _source_ts(found: _Found, scan: Scan) -> tuple[IntArray, Mask]:
    """`ts_us`, or `ts_ms` where a connector or an event has none; and where there is one."""
    micros, millis = scan.source_ts
    times, ok = np.zeros(len(found.sure), np.int64), np.zeros(len(found.sure), np.bool_)
    if micros != NULL:
        read = kernels.read_longs(found.column(micros))
        times, ok = read.values, read.ok
    if millis != NULL and not ok.all():
        read = kernels.read_longs(found.column(millis))
        usable = ~ok & read.ok & (np.abs(read.values) <= _MOST_MILLIS)
        times, ok = np.where(usable, read.values * 1000, times), ok | usable
    return times, ok


def _chosen(
    found: _Found, place: int, after: Image, before: Image | None, deleted: Mask | None
) -> list[Column]:
    """A column's slices; of a delete those of `before`, or none."""
    chosen = [found.column(capture) for capture in after.columns[place]]
    if deleted is None:
        return chosen
    if before is None:
        return [Column(it.buffer, np.where(deleted, NULL, it.start), it.end) for it in chosen]
    olds = [found.column(capture) for capture in before.columns[place]]
    return [
        Column(
            new.buffer,
            np.where(deleted, old.start, new.start),
            np.where(deleted, old.end, new.end),
        )
        for old, new in zip(olds, chosen, strict=True)
    ]


def _column(parts: Sequence[Column], sure: Mask) -> Column:
    return parts[0] if len(parts) == 1 else _geometries(parts[0], parts[1], sure)


def _geometries(wkb: Column, srid: Column, sure: Mask) -> Column:
    """EWKB of each pair; one that cannot be made is no longer `sure`."""
    out: list[bytes | None] = []
    for place, (shape, system) in enumerate(zip(wkb.values(), srid.values(), strict=True)):
        try:
            known = None if system is None else unzigzag(system)
            out.append(None if shape is None or not sure[place] else ewkb(shape, known))
        except (ValueError, struct.error):
            sure[place] = False
            out.append(None)
    return Column.of(out)
