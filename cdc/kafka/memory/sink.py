"""`TransactionalSink` of the broker in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cdc.errors import FatalError, TransientError
from cdc.kafka.errors import Fenced
from cdc.kafka.memory.broker import Entry, Fate, Log, MemoryBroker
from cdc.kafka.memory.source import Membership
from cdc.kafka.port import (
    MAX_MESSAGE_BYTES,
    GroupMetadata,
    Headers,
    Offsets,
    Record,
    TopicPartition,
)


@dataclass(slots=True)
class _Transaction:
    entries: list[Entry] = field(default_factory=list)
    touched: dict[TopicPartition, Log] = field(default_factory=dict)


class MemorySink:
    """See `cdc.kafka.port.TransactionalSink`."""

    def __init__(self, broker: MemoryBroker, name: str) -> None:
        self._broker = broker
        self._name = name
        self._transaction: _Transaction | None = None

    @property
    def ready(self) -> bool:
        """See the port."""
        return self._broker.sinks.get(self._name) is self and self._transaction is None

    @property
    def shut(self) -> bool:
        """See the port."""
        return self._broker.sinks.get(self._name) is not self

    def open(self) -> None:
        """1. Fence the predecessor."""
        before = self._broker.sinks.get(self._name)
        self._broker.sinks[self._name] = self
        if before is not None:
            before.roll_back()

    def begin(self) -> None:
        """2. Begin."""
        self._check()
        if self._transaction is not None:
            raise TransientError("the transaction before is not resolved: abort it first")
        self._transaction = _Transaction()

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """3. One record."""
        self._check()
        self._write(topic, partition, key, value, headers)

    def produce_all(
        self,
        topic: str,
        partitions: Sequence[int],
        keys: Sequence[bytes | None],
        values: Sequence[bytes | None],
    ) -> None:
        """3. Many records."""
        for partition, key, value in zip(partitions, keys, values, strict=True):
            self.produce(topic, partition, key, value)

    def commit(self, offsets: Offsets, metadata: GroupMetadata) -> None:
        """4. All of it at once."""
        self._check()
        _check_member(offsets, metadata)
        with self._broker.changed:
            if isinstance(metadata, Membership):
                self._broker.offsets.setdefault(metadata.group, {}).update(offsets)
            self._end(Fate.COMMITTED)
            self._broker.changed.notify_all()

    def abort(self) -> None:
        """5. Leave no transaction open."""
        self._check()
        self.roll_back()

    def close(self) -> None:
        """See the port."""

    def roll_back(self) -> None:
        """Hide what was written."""
        with self._broker.changed:
            self._end(Fate.ABORTED)
            self._broker.changed.notify_all()

    def _check(self) -> None:
        if self._broker.sinks.get(self._name) is not self:
            raise Fenced(f"{self._name}: fenced by another producer of this name")

    def _write(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        if self._transaction is None:
            raise FatalError("produce outside of a transaction")
        if len(value or b"") > MAX_MESSAGE_BYTES:
            raise FatalError("a record over the limit reached the broker")
        log = self._broker.log(topic, partition)
        now_ms = int(time.time() * 1000)
        record = Record(topic, partition, 0, now_ms, key, value, headers)
        self._transaction.entries.append(log.append(record, Fate.OPEN))
        self._transaction.touched[TopicPartition(topic, partition)] = log

    def _end(self, fate: Fate) -> None:
        if self._transaction is None:
            return
        for entry in self._transaction.entries:
            entry.fate = fate
        for place, log in self._transaction.touched.items():
            log.append(Record(place.topic, place.partition, 0, 0, None, None), Fate.MARKER)
        self._transaction = None


def _check_member(offsets: Offsets, metadata: GroupMetadata) -> None:
    if not offsets or not isinstance(metadata, Membership):
        return
    if metadata.source.fenced:
        raise FatalError(f"{metadata.group}: another member took this name")
    if not all(metadata.source.owns(place) for place in offsets):
        raise TransientError(f"{metadata.group}: the group has moved on (illegal generation)")
