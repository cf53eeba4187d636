"""Two worlds with one interface: the broker in memory and the real one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Protocol

from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient

from cdc.config import RelaySettings
from cdc.event import RawBatch
from cdc.kafka.client import KafkaAccess
from cdc.kafka.memory import (
    MemoryAppender,
    MemoryBroker,
    MemoryReader,
    MemorySink,
    MemorySource,
    MemoryTopics,
)
from cdc.kafka.port import (
    Appender,
    Reader,
    Source,
    TopicAdmin,
    TopicPartition,
    TopicSpec,
    TransactionalSink,
)
from tests.waiting import wait_until


class World(Protocol):
    """What the suite needs beside the port: clients at will, retention and deletion."""

    prefix: str

    @property
    def topics(self) -> TopicAdmin:
        """Topics of the broker."""

    @property
    def reader(self) -> Reader:
        """Reads of the broker."""

    @property
    def appender(self) -> Appender:
        """Writes to the broker."""

    @property
    def log_reader(self) -> Reader:
        """Reads of all that its logs hold."""

    def source(self, instance: int = 0) -> Source:
        """A member of this world's group."""

    def sink(self, instance: int = 0) -> TransactionalSink:
        """A producer of this world's group, not yet opened."""

    def expire(self, topic: str, before: int) -> None:
        """Delete the records before an offset."""

    def delete(self, topic: str) -> None:
        """Delete a topic."""

    def close(self) -> None:
        """Close every client."""


@dataclass
class MemoryWorld:
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    prefix: str = "raw"

    def __post_init__(self) -> None:
        """Views of the broker."""
        self.topics = MemoryTopics(self.broker)
        self.reader = MemoryReader(self.broker)
        self.appender = MemoryAppender(self.broker)
        self.log_reader = MemoryReader(self.broker, uncommitted=True)

    def source(self, instance: int = 0) -> Source:
        """See World."""
        return MemorySource(self.broker, "group", instance)

    def sink(self, instance: int = 0) -> TransactionalSink:
        """See World."""
        return MemorySink(self.broker, f"group-{instance}")

    def expire(self, topic: str, before: int) -> None:
        """See World."""
        self.broker.expire(topic, before)

    def delete(self, topic: str) -> None:
        """See World."""
        self.broker.delete(topic)

    def close(self) -> None:
        """See World."""


class KafkaWorld:
    """Names of its own, so that many worlds share a broker."""

    def __init__(self, bootstrap: str) -> None:
        self.prefix = f"raw{uuid.uuid4().hex[:8]}"
        self.relay = RelaySettings(group=f"group-{self.prefix}", prefixes=[self.prefix])
        self.access = KafkaAccess(bootstrap)
        self.topics = self.access.topics()
        self.reader = self.access.reader()
        self.appender = self.access.appender()
        self.log_reader = self.access.log_reader()
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self._open: list[Source] = []

    def source(self, instance: int = 0) -> Source:
        """See World."""
        source = self.access.source(self.relay, instance)
        self._open.append(source)
        return source

    def sink(self, instance: int = 0) -> TransactionalSink:
        """See World."""
        return self.access.sink(self.relay, instance)

    def expire(self, topic: str, before: int) -> None:
        """See World."""
        for future in self._admin.delete_records([ClientPartition(topic, 0, before)]).values():
            future.result()

    def delete(self, topic: str) -> None:
        """See World."""
        for future in self._admin.delete_topics([topic]).values():
            future.result()
        wait_until(lambda: topic not in self.topics.describe([topic]))

    def close(self) -> None:
        """See World."""
        for source in self._open:
            source.close()


def make_topic(world: World, name: str, partitions: int = 1) -> str:
    """A topic of this world."""
    topic = f"{world.prefix}.{name}"
    world.topics.create([TopicSpec(topic, partitions)])
    return topic


def subscribe(world: World, source: Source) -> None:
    """Join for the raw topics of this world."""
    source.subscribe([rf"^{world.prefix}\.[^.]+\.[^.]+$"])


def await_assignment(source: Source, *topics: str) -> None:
    """Poll until all of these topics' partition 0 are assigned."""
    assigned: set[TopicPartition] = set()

    def ask() -> bool:
        assert source.poll(10, 0.05) == []
        source.claim_unassigned()
        assigned.update(source.take_changes().assigned)
        return {TopicPartition(topic) for topic in topics} <= assigned

    wait_until(ask)


def collect(source: Source, count: int) -> list[RawBatch]:
    """Poll until so many events have come."""
    batches: list[RawBatch] = []

    def ask() -> bool:
        batches.extend(source.poll(100, 0.1))
        return sum(map(len, batches)) >= count

    wait_until(ask)
    return batches


def send(sink: TransactionalSink, topic: str, values: list[bytes], partition: int = 0) -> None:
    """A transaction of keyless records, left open."""
    sink.begin()
    for value in values:
        sink.produce(topic, partition, None, value)


def commit(
    sink: TransactionalSink, source: Source, offsets: dict[TopicPartition, int] | None = None
) -> None:
    """Commit what is open."""
    sink.commit(offsets or {}, source.group_metadata())
