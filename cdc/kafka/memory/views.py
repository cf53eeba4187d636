"""`TopicAdmin`, `Reader` and `Appender` of the broker in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence

from cdc.errors import Unreachable
from cdc.kafka.layout import DEFAULT_RETENTION_MS
from cdc.kafka.memory.broker import Log, MemoryBroker, Topic
from cdc.kafka.port import Record, TopicInfo, TopicPartition, TopicSpec

_DEFAULTS = {"cleanup.policy": "delete", "retention.ms": str(DEFAULT_RETENTION_MS)}


class MemoryAppender:
    """See `cdc.kafka.port.Appender`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def append(self, topic: str, key: bytes, value: bytes) -> None:
        """See the port."""
        if topic not in self._broker.topics:
            raise Unreachable(f"{topic}: no such topic")
        self._broker.append(topic, key, value)


class MemoryTopics:
    """See `cdc.kafka.port.TopicAdmin`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker

    def create(self, specs: Sequence[TopicSpec]) -> None:
        """See the port."""
        for spec in specs:
            logs = [Log() for _ in range(spec.partitions)]
            topic = Topic(uuid.uuid4().hex, spec.config, logs)
            self._broker.topics.setdefault(spec.name, topic)

    def delete(self, names: Sequence[str]) -> None:
        """See the port."""
        for name in names:
            self._broker.topics.pop(name, None)

    def describe(self, names: Sequence[str]) -> dict[str, TopicInfo]:
        """See the port."""
        known = {name: self._broker.topics[name] for name in names if name in self._broker.topics}
        return {name: TopicInfo(topic.topic_id, len(topic.logs)) for name, topic in known.items()}

    def names(self) -> list[str]:
        """See the port."""
        return sorted(self._broker.topics)

    def configs(self, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """See the port; of the broker's defaults there are cleanup policy and retention."""
        return {
            name: {**_DEFAULTS, **self._broker.topics[name].config}
            for name in names
            if name in self._broker.topics
        }

    def ranges(self, names: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """See the port."""
        return {
            TopicPartition(name, number): (log.low, log.stable_end)
            for name in names
            if name in self._broker.topics
            for number, log in enumerate(self._broker.topics[name].logs)
        }


class MemoryReading:
    """See `cdc.kafka.port.Reading`."""

    def __init__(self, logs: Mapping[int, Log], start: Mapping[int, int]) -> None:
        self._logs = logs
        self._ends = {number: log.stable_end for number, log in logs.items()}
        self.offsets = {number: start.get(number, 0) for number in logs}

    def __iter__(self) -> Iterator[Record]:
        """Walk to the end."""
        for number, log in self._logs.items():
            records, _ = log.read(self.offsets[number], len(log.entries))
            for record in records:
                if record.offset < self._ends[number]:
                    self.offsets[number] = record.offset + 1
                    yield record
            self.offsets[number] = self._ends[number]


class MemoryLogReading:
    """The same of everything that the logs hold."""

    def __init__(self, logs: Mapping[int, Log], start: Mapping[int, int]) -> None:
        self._logs = logs
        self.offsets = {number: start.get(number, 0) for number in logs}

    def __iter__(self) -> Iterator[Record]:
        """Walk to the end."""
        for number, log in self._logs.items():
            yield from log.read_raw(self.offsets[number])
            self.offsets[number] = len(log.entries)


class MemoryReader:
    """See `cdc.kafka.port.Reader`; with `uncommitted`, of `KafkaAccess.log_reader`."""

    def __init__(self, broker: MemoryBroker, *, uncommitted: bool = False) -> None:
        self._broker = broker
        self._reading = MemoryLogReading if uncommitted else MemoryReading

    def read_to_end(
        self,
        topic: str,
        start: Mapping[int, int] | None = None,
        *,
        headers: bool = False,  # noqa: ARG002
    ) -> MemoryReading | MemoryLogReading:
        """See the port."""
        known = self._broker.topics.get(topic)
        return self._reading(dict(enumerate(known.logs)) if known else {}, start or {})

    def follow(self, topic: str, start: Mapping[int, int]) -> Iterator[Record | None]:
        """See the port."""
        offsets: Mapping[int, int] = start
        while True:
            reading = self.read_to_end(topic, offsets)
            yield from reading
            offsets = reading.offsets
            yield None
