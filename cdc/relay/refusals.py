"""What the broker refuses for ever, event by event: each refusal makes the next try smaller.

1   the governed record, or what else became of the event: a dead letter in its place
2   that letter: one without the original, position and fingerprint only
3   that one, too: the table stops there
"""

from __future__ import annotations

from collections import Counter

from cdc.errors import TableStopped
from cdc.event import RawBatch
from cdc.kafka.port import Offsets, TopicPartition
from cdc.relay.table import Table

_LETTER = 2
_STUCK = 3


class Refusals:
    """Counts refusals until the event has been committed in some form."""

    def __init__(self) -> None:
        self._times: Counter[tuple[TopicPartition, int]] = Counter()

    def __bool__(self) -> bool:
        return bool(self._times)

    def add(self, at: TopicPartition, offset: int) -> None:
        """Once more."""
        self._times[at, offset] += 1

    def has(self, at: TopicPartition, offset: int) -> bool:
        """Whether the event has been refused."""
        return (at, offset) in self._times

    def unkept(self, at: TopicPartition) -> frozenset[int]:
        """Offsets of events whose letter goes without the original."""
        return frozenset(
            offset
            for (place, offset), times in self._times.items()
            if place == at and times >= _LETTER
        )

    def find_stuck(self, at: TopicPartition, run: RawBatch) -> int | None:
        """Place of the first event of which the broker takes nothing at all."""
        if not self._times:
            return None
        offsets = enumerate(run.offsets.tolist())
        return next((it for it, offset in offsets if self._times[at, offset] >= _STUCK), None)

    def committed(self, offsets: Offsets) -> None:
        """Everything before these offsets is done."""
        for at, offset in [it for it in self._times if it[1] < offsets.get(it[0], 0)]:
            del self._times[at, offset]

    def forget(self, at: TopicPartition) -> None:
        """Try the partition's events again from the start."""
        for it in [it for it in self._times if it[0] == at]:
            del self._times[it]


def stuck(table: Table) -> TableStopped:
    """The broker takes not even the smallest letter."""
    return TableStopped(
        "dead_letter_refused",
        f"{table.name}: the broker refuses the dead letter of an event, even without its original",
        hint="look at the configuration of the dead letter topic (max.message.bytes), then "
        f"cdc relay resume {table.name}",
    )
