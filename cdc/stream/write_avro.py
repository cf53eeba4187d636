"""`SafeBatch` → `OutBatch` by the encode kernel, a whole batch at once.

Events that cannot pass go through the slow encoder, which names why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from cdc.column import NULL, Column, IntArray
from cdc.event import Letters, Op, OutBatch, SafeBatch
from cdc.kernels import columns as kernels
from cdc.kernels.encode import HEAD_BYTES, KEY, LENGTH, write_records
from cdc.kernels.varint import LONGEST
from cdc.stream.encode import MAX_RECORD_BYTES, Encode, Encoder, frame, versions_of
from registry.derive.record import GovernedColumn
from registry.derive.types import Framing

_DELETE = ord(Op.DELETE)
_LINEAGE_BYTES = 3 + 2 * LONGEST
_NOTHING, _KEY_ONLY, _WHOLE = 0, 1, 2


def avro_write(slow: Encoder, key_schema_id: int, value_schema_id: int) -> Encode:
    """How batches of one governed schema are written; `slow` writes the same event by event."""
    layout = _Layout.of(slow.columns, frame(key_schema_id) + frame(value_schema_id))

    def write(batch: SafeBatch, topic: str, epoch: int) -> OutBatch:
        deleted = batch.op == _DELETE
        wanted = np.full(len(batch.op), _WHOLE, np.uint8)
        wanted[deleted] = _WHOLE if slow.delete_records else _KEY_ONLY
        wanted[list(batch.failed)] = _NOTHING
        rows = _Rows.of([batch.columns[column.name] for column in slow.columns])
        cuts = _Cuts.of(layout, rows, batch, versions_of(batch, epoch), wanted)
        good = np.flatnonzero(cuts.fits)
        bad = np.flatnonzero(~cuts.fits)
        rejects = slow.encode(batch.pick(bad), topic, epoch).rejects if len(bad) else []
        keys, values = _cut(cuts.data, cuts.keys[good]), _cut(cuts.data, cuts.values[good])
        if slow.delete_records and deleted.any():
            good, keys, values = _with_tombstones(good, deleted, keys, values)
        hashes = cuts.hashes[good]
        index, hashes = batch.index[good], cuts.hashes[good]
        return OutBatch(topic, index, cast("list[bytes]", keys), values, hashes, rejects, 0, {})

    return write


@dataclass(frozen=True, slots=True)
class _Layout:
    """Both prefixes, and per column its kind (see `cdc.kernels.encode.KEY`)."""

    heads: kernels.Bytes
    kinds: IntArray

    @classmethod
    def of(cls, columns: Sequence[GovernedColumn], heads: bytes) -> _Layout:
        kinds = [
            KEY * column.is_key + LENGTH * (column.type.framing is Framing.LENGTH)
            for column in columns
        ]
        return cls(kernels.bytes_of(heads), np.array(kinds, np.int64))


@dataclass(frozen=True, slots=True)
class _Rows:
    """The columns of a batch as slices of one buffer, (columns, events)."""

    buffer: bytes
    start: IntArray
    end: IntArray

    @classmethod
    def of(cls, columns: Sequence[Column]) -> _Rows:
        places: dict[int, int] = {}
        parts: list[bytes] = []
        size = 0
        for column in columns:
            if id(column.buffer) not in places:
                places[id(column.buffer)] = size
                parts.append(column.buffer)
                size += len(column.buffer)
        start = np.array([column.start for column in columns])
        end = np.array([column.end for column in columns])
        shift = np.array([places[id(column.buffer)] for column in columns])[:, None]
        return cls(b"".join(parts), np.where(start == NULL, NULL, start + shift), end + shift)

    def room(self, kinds: IntArray) -> int:
        """More bytes than keys and values can take."""
        columns, events = self.start.shape
        sizes = np.where(self.start == NULL, 0, self.end - self.start).sum(axis=1)
        twice = np.where(kinds & KEY, 2, 1)
        fixed = 2 * HEAD_BYTES + 2 * columns * (1 + LONGEST) + _LINEAGE_BYTES
        room: int = (sizes * twice).sum() + events * fixed
        return room


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where in `data` keys and values are, (events, 2), and which events may pass."""

    data: bytes
    keys: IntArray
    values: IntArray
    hashes: IntArray
    fits: kernels.Mask

    @classmethod
    def of(
        cls,
        layout: _Layout,
        rows: _Rows,
        batch: SafeBatch,
        versions: IntArray,
        wanted: Letters,
    ) -> _Cuts:
        events = len(wanted)
        out = np.empty(rows.room(layout.kinds), np.uint8)
        keys, values = np.zeros((events, 2), np.int64), np.zeros((events, 2), np.int64)
        hashes = np.zeros(events, np.int64)
        lineage = batch.op, batch.source_ts_us, versions
        buffer = kernels.bytes_of(rows.buffer)
        table = layout.kinds, buffer, rows.start, rows.end
        size = write_records(layout.heads, *table, *lineage, wanted, out, keys, values, hashes)
        lengths = (keys[:, 1] - keys[:, 0]) + (values[:, 1] - values[:, 0])
        fits = (keys[:, 0] != NULL) & ((values[:, 0] == NULL) | (lengths <= MAX_RECORD_BYTES))
        return cls(out[:size].tobytes(), keys, values, hashes, fits)


def _cut(data: bytes, bounds: IntArray) -> list[bytes | None]:
    if (bounds[:, 0] != NULL).all():
        starts, ends = bounds.T.tolist()
        return [data[start:end] for start, end in zip(starts, ends, strict=True)]
    return Column(data, bounds[:, 0], bounds[:, 1]).values()


def _with_tombstones(
    good: IntArray, deleted: kernels.Mask, keys: list[bytes | None], values: list[bytes | None]
) -> tuple[IntArray, list[bytes | None], list[bytes | None]]:
    """Behind the record of each delete its tombstone."""
    times = np.where(deleted[good], 2, 1).tolist()
    pairs = list(zip(times, keys, values, strict=True))
    return (
        np.repeat(good, times),
        [key for time, key, _ in pairs for _ in range(time)],
        [value if first else None for time, _, value in pairs for first in (1, 0)[:time]],
    )
