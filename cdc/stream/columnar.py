"""Raw messages → `ChangeBatch` by kernels, a whole batch at once; the fast half of decoding.

A reading says of which events it is sure. All others go through the slow decoder, which gives the
same columns or names what is wrong with an event, and take their places between the sure ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cdc.column import NULL, Column, IntArray
from cdc.event import ChangeBatch, Letters, Op, RawBatch
from cdc.stream.decode import Decode

Mask = npt.NDArray[np.bool_]

_TRUNCATE = ord(Op.TRUNCATE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a batch, an entry per message; where `sure`, all of the entry holds.

    `there`: no Kafka tombstone.
    """

    there: Mask
    sure: Mask
    op: Letters
    source_ts_us: IntArray
    row: Mapping[str, Column]


Read = Callable[[RawBatch], Reading]


@dataclass(frozen=True, slots=True)
class ColumnarDecoder:
    """`read` for a whole batch, `slow` for the events that it is not sure of."""

    read: Read
    slow: Decode

    def decode(self, batch: RawBatch, key_columns: frozenset[str]) -> ChangeBatch:
        """Decode a batch up to its first TRUNCATE."""
        reading = self.read(batch)
        there, sure = reading.there, reading.sure
        for name in key_columns:
            sure = sure & ((reading.row[name].start != NULL) | (reading.op == _TRUNCATE))
        end = _first(sure & (reading.op == _TRUNCATE))
        unsure = np.flatnonzero(there & ~sure)
        unsure = unsure if end is None else unsure[unsure < end]
        slow = self.slow(batch.pick(unsure), key_columns) if len(unsure) else None
        if slow is not None and slow.truncate_at is not None:
            end = int(unsure[slow.truncate_at])
        good = np.flatnonzero(sure[:end])
        fast = ChangeBatch(
            offsets=batch.offsets[good],
            index=good,
            op=reading.op[good],
            source_ts_us=reading.source_ts_us[good],
            row=_taken(reading.row, good, len(batch)),
            failed={},
            slow=np.zeros(len(good), np.bool_),
            skipped=int(np.count_nonzero(~there[:end])),
            truncate_at=end,
        )
        if slow is None or not len(slow.index):
            return fast
        return _merged(fast, replace(slow, index=unsure[slow.index]))


def _first(mask: Mask) -> int | None:
    """The first place that is set."""
    place = int(mask.argmax()) if len(mask) else 0
    return place if len(mask) and mask[place] else None


def _taken(row: Mapping[str, Column], good: IntArray, size: int) -> Mapping[str, Column]:
    if len(good) == size:
        return row
    return {name: column.take(good) for name, column in row.items()}


def _merged(fast: ChangeBatch, slow: ChangeBatch) -> ChangeBatch:
    """Both in the order of the raw batch."""
    index = np.concatenate((fast.index, slow.index))
    order = np.argsort(index)
    place = np.argsort(order)

    return ChangeBatch(
        offsets=np.concatenate((fast.offsets, slow.offsets))[order],
        index=index[order],
        op=np.concatenate((fast.op, slow.op))[order],
        source_ts_us=np.concatenate((fast.source_ts_us, slow.source_ts_us))[order],
        row={name: column.then(slow.row[name]).take(order) for name, column in fast.row.items()},
        failed={int(place[len(fast.index) + at]): error for at, error in slow.failed.items()},
        slow=np.concatenate((fast.slow, slow.slow))[order],
        skipped=fast.skipped,
        truncate_at=fast.truncate_at,
    )
