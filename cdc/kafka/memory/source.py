"""`Source` of the broker in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cdc.errors import FatalError, TransientError
from cdc.event import RawBatch
from cdc.kafka.memory.broker import MemoryBroker
from cdc.kafka.port import Changes, GroupMetadata, Record, TopicPartition


@dataclass(frozen=True, slots=True)
class Membership:
    """What the group metadata of this twin holds."""

    group: str
    source: MemorySource


class MemorySource:
    """See `cdc.kafka.port.Source`."""

    def __init__(self, broker: MemoryBroker, group: str, instance: int = 0) -> None:
        self.patterns: list[str] = []
        self._broker = broker
        self._group = group
        self._name = f"{group}-{instance}"
        self._owned: set[TopicPartition] = set()
        self._positions: dict[TopicPartition, int] = {}
        self._told: dict[str, set[TopicPartition]] = {"assigned": set(), "revoked": set()}
        self._lost: set[TopicPartition] = set()

    def subscribe(self, patterns: Sequence[str]) -> None:
        """See the port."""
        self.patterns = list(patterns)
        self._broker.members.setdefault(self._group, {})[self._name] = self

    def poll(self, max_events: int, wait_s: float, fill_s: float = 0.0) -> list[RawBatch]:  # noqa: ARG002
        """See the port."""
        deadline = time.monotonic() + wait_s
        with self._broker.changed:
            while not (batches := self._read(max_events)):
                left = deadline - time.monotonic()
                if left <= 0 or self._told["assigned"] or not self._broker.changed.wait(left):
                    break
        return batches

    def take_changes(self) -> Changes:
        """See the port."""
        told, lost = self._told, frozenset(self._lost)
        self._told, self._lost = {"assigned": set(), "revoked": set()}, set()
        return Changes(frozenset(told["assigned"]), frozenset(told["revoked"]), lost)

    def claim_unassigned(self) -> None:
        """See the port; here every poll looks at all topics, so that none is overlooked."""

    def start(self, partition: TopicPartition, offset: int) -> None:
        """See the port."""
        if partition not in self._owned:
            raise TransientError(f"{partition.topic}: not assigned to this relay any more")
        self._positions[partition] = offset

    def pause(self, partition: TopicPartition) -> None:
        """See the port."""
        self._positions.pop(partition, None)

    def committed(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """See the port."""
        known = self._broker.offsets.get(self._group, {})
        return {place: known[place] for place in partitions if place in known}

    def lag(self) -> dict[TopicPartition, int]:
        """See the port."""
        return {
            place: self._broker.log(place.topic, place.partition).stable_end - position
            for place, position in self._positions.items()
            if place.topic in self._broker.topics
        }

    def group_metadata(self) -> GroupMetadata:
        """See the port."""
        return GroupMetadata(Membership(self._group, self))

    def confirm_membership(self) -> None:
        """See the port."""
        if self.fenced:
            raise FatalError(f"{self._name}: another member took this name")

    def close(self) -> None:
        """See the port."""
        self._positions.clear()

    def owns(self, place: TopicPartition) -> bool:
        """Whether the group gave it to this member."""
        return place in self._owned

    @property
    def fenced(self) -> bool:
        """Whether another took this member's name."""
        return self._broker.members.get(self._group, {}).get(self._name) is not self

    def take(self, places: set[TopicPartition]) -> None:
        """A new assignment."""
        gained, gone = places - self._owned, self._owned - places
        self._owned = set(places)
        self._told["assigned"] = (self._told["assigned"] | gained) - gone
        self._told["revoked"] = (self._told["revoked"] | gone) - gained
        for place in gone:
            self._positions.pop(place, None)

    def _read(self, most: int) -> list[RawBatch]:
        self.confirm_membership()
        self._broker.assign(self._group)
        batches = []
        for place in sorted(self._positions):
            records = self._advance(place, most)
            most -= len(records)
            if records:
                batches.append(_batch(place, records))
        return batches

    def _advance(self, place: TopicPartition, most: int) -> list[Record]:
        log = self._broker.log(place.topic, place.partition)
        position = self._positions[place]
        if not log.low <= position <= len(log.entries):
            self._positions.pop(place)
            self._lost.add(place)
            return []
        records, self._positions[place] = log.read(position, most)
        return records


def _batch(place: TopicPartition, records: list[Record]) -> RawBatch:
    return RawBatch(
        place.topic,
        place.partition,
        np.array([record.offset for record in records], np.int64),
        [record.key for record in records],
        [record.value for record in records],
    )
