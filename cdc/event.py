"""What travels: RawBatch → ChangeBatch → NormalizedBatch → SafeBatch → OutBatch.

Each step takes exactly what the step before made; only `cdc.stream.anonymize` makes a `SafeBatch`,
and `encode` takes nothing else, so that leaving anonymization out is a type error. All columns of a
batch have the same length, one entry per event; `index` says which event of the `RawBatch` an entry
came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cdc.column import Column, IntArray
from cdc.errors import RecordError


class Op(StrEnum):
    """Debezium's operation codes."""

    READ = "r"
    CREATE = "c"
    UPDATE = "u"
    DELETE = "d"
    TRUNCATE = "t"


Letters = npt.NDArray[np.uint8]
"""Operations, each as the ASCII code of its letter."""


@dataclass(frozen=True)
class RawBatch:
    """Events of one raw partition, in offset order, as the broker handed them over."""

    topic: str
    partition: int
    offsets: IntArray
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def joined(self) -> Column:
        """The values in one buffer."""
        return Column.of(self.values)

    def pick(self, places: IntArray) -> RawBatch:
        """Some of the events."""
        keys = [self.keys[place] for place in places]
        values = [self.values[place] for place in places]
        return RawBatch(self.topic, self.partition, self.offsets[places], keys, values)

    def part(self, start: int, end: int) -> RawBatch:
        """Events `start` to `end` (exclusive)."""
        if (start, end) == (0, len(self)):
            return self
        cut = slice(start, end)
        return RawBatch(
            self.topic, self.partition, self.offsets[cut], self.keys[cut], self.values[cut]
        )


@dataclass(frozen=True, slots=True)
class JsonShape:
    """Identity of a raw schema that travels inline: everything before the payload, as bytes."""

    key_prefix: bytes | None
    value_prefix: bytes


@dataclass(frozen=True, slots=True)
class AvroShape:
    """Identity of a raw schema in a registry: the ids in the 5-byte prefixes."""

    key_id: int | None
    value_id: int


Shape = JsonShape | AvroShape


@dataclass(frozen=True, slots=True)
class Reject:
    """One event that cannot pass: the event's place in the `RawBatch`, and why.

    `key` holds the governed key's bytes where they could still be derived.
    """

    index: int
    error: RecordError
    key: bytes | None = None


Failures = Mapping[int, RecordError]
"""Position in the batch → why that event cannot pass. It keeps its place, so that its key can
still be derived for its dead letter."""


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Decoded: operations, commit times (µs since 1970) and the wanted columns as they arrived.

    `row` holds the columns of `after`; of `before`, and only those of the key, where the operation
    is a delete. `slow` says of which events the slow path answered. `truncate_at` and `skipped`:
    see `OutBatch`.
    """

    offsets: IntArray
    index: IntArray
    op: Letters
    source_ts_us: IntArray
    row: Mapping[str, Column]
    failed: Failures
    slow: npt.NDArray[np.bool_]
    skipped: int
    truncate_at: int | None


@dataclass(frozen=True, slots=True)
class NormalizedBatch:
    """The same with every column in its canonical form; `repaired` counts values per column."""

    change: ChangeBatch
    row: Mapping[str, Column]
    failed: Failures
    repaired: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SafeBatch:
    """What the policy lets through, by governed name; made by `cdc.stream.anonymize` only.

    `blind` is the per-key constant below 2^40 that hides the offset's rank in `__version`
    (zeros where the key is kept in clear).
    """

    offsets: IntArray
    index: IntArray
    op: Letters
    source_ts_us: IntArray
    columns: Mapping[str, Column]
    blind: IntArray
    failed: Failures

    def pick(self, places: IntArray) -> SafeBatch:
        """Some of the events."""
        chosen = {name: column.take(places) for name, column in self.columns.items()}
        failed = {
            number: self.failed[place]
            for number, place in enumerate(places.tolist())
            if place in self.failed
        }
        return SafeBatch(
            self.offsets[places],
            self.index[places],
            self.op[places],
            self.source_ts_us[places],
            chosen,
            self.blind[places],
            failed,
        )


@dataclass(frozen=True, slots=True)
class OutBatch:
    """Governed records in raw offset order, ready to be produced.

    `values[i]` is None for a tombstone. `hashes[i]` is the positive murmur2 of the key without its
    schema prefix: partition = hash mod partitions. `index[i]` is the event of the `RawBatch`.
    `truncate_at` is the place of a TRUNCATE in the `RawBatch`: nothing behind it has been looked
    at. `skipped` counts Kafka tombstones, which follow a delete that has been turned already.
    Records of an append-only table have no key; their hash is the raw offset.
    `source_ts_us`: commit times of the batch's events where they are known (see `ChangeBatch`).
    `slow` counts the records that the kernels had no part in.
    """

    topic: str
    index: IntArray
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    hashes: IntArray
    rejects: Sequence[Reject]
    skipped: int
    repaired: Mapping[str, int]
    truncate_at: int | None = None
    source_ts_us: IntArray | None = None
    slow: int = 0
