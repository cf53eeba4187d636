"""The broker: logs, offsets, members and sinks, in this process."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count
from typing import Protocol

from cdc.errors import TransientError
from cdc.kafka.port import Record, TopicPartition


class Fate(Enum):
    """Whether a record can be read."""

    OPEN = auto()
    COMMITTED = auto()
    ABORTED = auto()
    MARKER = auto()  # takes an offset, is handed to nobody


@dataclass(slots=True)
class Entry:
    """One offset of a log."""

    record: Record
    fate: Fate


@dataclass(slots=True)
class Log:
    """One partition; `low` is its first offset still there."""

    entries: list[Entry] = field(default_factory=list)
    low: int = 0

    def append(self, record: Record, fate: Fate) -> Entry:
        """At the end; the log gives the offset."""
        entry = Entry(record._replace(offset=len(self.entries)), fate)
        self.entries.append(entry)
        return entry

    @property
    def stable_end(self) -> int:
        """The last stable offset: the first record whose transaction is still open."""
        opened = (at for at, entry in enumerate(self.entries) if entry.fate is Fate.OPEN)
        return next(opened, len(self.entries))

    def read(self, start: int, most: int) -> tuple[list[Record], int]:
        """At most `most` committed records from `start`, and the offset behind the last look."""
        found: list[Record] = []
        position = max(start, self.low)
        end = self.stable_end
        while position < end and len(found) < most:
            entry = self.entries[position]
            if entry.fate is Fate.COMMITTED:
                found.append(entry.record)
            position += 1
        return found, position

    def read_raw(self, start: int) -> list[Record]:
        """All records from `start`, whether committed, aborted or still open."""
        entries = self.entries[max(start, self.low) :]
        return [entry.record for entry in entries if entry.fate is not Fate.MARKER]


@dataclass(slots=True)
class Topic:
    """A topic's logs."""

    topic_id: str
    config: Mapping[str, str]
    logs: list[Log]


class Member(Protocol):
    """A group's member, as the broker sees it."""

    patterns: list[str]

    def take(self, places: set[TopicPartition]) -> None:
        """A new assignment."""


class Writer(Protocol):
    """A transactional producer, as the broker sees it."""

    def roll_back(self) -> None:
        """Hide what it wrote and did not commit."""


class MemoryBroker:
    """All there is; sources, sinks, topics and readers are views of it."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.offsets: dict[str, dict[TopicPartition, int]] = {}
        self.members: dict[str, dict[str, Member]] = {}
        self.sinks: dict[str, Writer] = {}
        self.changed = threading.Condition(threading.RLock())
        self._ids = count(1)

    def log(self, topic: str, partition: int) -> Log:
        """One partition's log.

        Raises:
            TransientError: there is none.
        """
        try:
            return self.topics[topic].logs[partition]
        except (KeyError, IndexError):
            raise TransientError(f"{topic}/{partition}: unknown topic or partition") from None

    def append(self, topic: str, key: bytes | None, value: bytes | None, partition: int = 0) -> int:
        """A committed record from outside; returns its offset."""
        with self.changed:
            record = Record(topic, partition, 0, next(self._ids), key, value)
            entry = self.log(topic, partition).append(record, Fate.COMMITTED)
            self.changed.notify_all()
            return entry.record.offset

    def expire(self, topic: str, before: int, partition: int = 0) -> None:
        """Retention: forget what lies before an offset."""
        self.log(topic, partition).low = before

    def delete(self, topic: str) -> None:
        """Delete a topic, and with it the groups' offsets."""
        del self.topics[topic]
        for offsets in self.offsets.values():
            for place in [place for place in offsets if place.topic == topic]:
                del offsets[place]

    def assign(self, group: str) -> None:
        """Spread a group's partitions over its members, in turn."""
        members = [source for _, source in sorted(self.members.get(group, {}).items())]
        patterns = [pattern for member in members for pattern in member.patterns]
        places = sorted(
            TopicPartition(name, number)
            for name, topic in self.topics.items()
            if any(re.match(pattern, name) for pattern in patterns)
            for number in range(len(topic.logs))
        )
        for turn, member in enumerate(members):
            member.take(set(places[turn :: len(members)]))
