"""`Reader` on a real Kafka: whole topics, outside of any group.

The end of a partition is its last stable offset when the reading began. A partition has been read
when the client's position is there; transaction markers, which take offsets but are never handed
over, count as read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import cast

from confluent_kafka import Consumer, Message
from confluent_kafka import TopicPartition as ClientPartition

from cdc.errors import TransientError
from cdc.kafka.errors import Door, Outcome, outcome_of
from cdc.kafka.port import Headers, Record

QUERY_TIMEOUT_S = 5.0
STALL_TIMEOUT_S = 15.0
"""A reading that stands still for so long is given up."""
_CHUNK = 1000
_WAIT_S = 0.02
_IDLE_S = 0.25


class KafkaReader:
    """See `cdc.kafka.port.Reader`; `connect` makes a consumer that joins no group."""

    def __init__(self, connect: Callable[[], Consumer], door: Door) -> None:
        self._connect = connect
        self._door = door

    def read_to_end(
        self, topic: str, start: Mapping[int, int] | None = None, *, headers: bool = False
    ) -> KafkaReading:
        """See the port."""
        return KafkaReading(self._connect, self._door, topic, dict(start or {}), headers=headers)

    def follow(self, topic: str, start: Mapping[int, int]) -> Iterator[Record | None]:
        """See the port."""
        with closing(self._connect()) as consumer:
            places = _partitions(consumer, self._door, topic)
            for place in places:
                place.offset = start.get(place.partition, 0)
            consumer.assign(places)
            while True:
                with self._door.mapped(f"read {topic}"):
                    messages = consumer.consume(1, _IDLE_S)
                    messages += consumer.consume(_CHUNK, 0) if messages else []
                yield from _records(messages, self._door, headers=True)
                yield None


class KafkaReading:
    """See `cdc.kafka.port.Reading`."""

    def __init__(
        self,
        connect: Callable[[], Consumer],
        door: Door,
        topic: str,
        start: dict[int, int],
        *,
        headers: bool,
    ) -> None:
        self.offsets = start
        self._connect = connect
        self._door = door
        self._topic = topic
        self._headers = headers

    def __iter__(self) -> Iterator[Record]:
        """Walk to the end."""
        with closing(self._connect()) as consumer:
            ends = self._seek(consumer)
            moved = time.monotonic()
            while self._unfinished(ends):
                with self._door.mapped(f"read {self._topic}"):
                    messages = consumer.consume(_CHUNK, _WAIT_S)
                for record in _records(messages, self._door, headers=self._headers):
                    if record.offset < ends[record.partition]:
                        yield record
                if self._advance(consumer, ends):
                    moved = time.monotonic()
                elif time.monotonic() - moved > STALL_TIMEOUT_S:
                    raise self._door.absent(f"read {self._topic}")

    def _seek(self, consumer: Consumer) -> dict[int, int]:
        """Assign every partition at its start; returns their ends."""
        places, ends = _partitions(consumer, self._door, self._topic), {}
        for place in places:
            low, high = self._bounds(consumer, place)
            place.offset = min(max(low, self.offsets.get(place.partition, 0)), high)
            self.offsets[place.partition], ends[place.partition] = place.offset, high
        consumer.assign(places)
        return ends

    def _bounds(self, consumer: Consumer, place: ClientPartition) -> tuple[int, int]:
        """First offset and end; a partition just created has no leader for a moment."""
        deadline = time.monotonic() + QUERY_TIMEOUT_S
        while True:
            try:
                with self._door.mapped(f"ask for the ends of {self._topic}"):
                    low, high = consumer.get_watermark_offsets(place, timeout=QUERY_TIMEOUT_S)
            except TransientError:
                if time.monotonic() > deadline:
                    raise self._door.absent(f"ask for the ends of {self._topic}") from None
                time.sleep(_WAIT_S)
            else:
                return low, high

    def _unfinished(self, ends: Mapping[int, int]) -> bool:
        return any(self.offsets[partition] < end for partition, end in ends.items())

    def _advance(self, consumer: Consumer, ends: Mapping[int, int]) -> bool:
        """Note how far the client has read; True if that is further than before."""
        before = dict(self.offsets)
        places = [ClientPartition(self._topic, partition) for partition in ends]
        for place in consumer.position(places):
            if place.offset >= 0:
                self.offsets[place.partition] = min(place.offset, ends[place.partition])
        return self.offsets != before


def _partitions(consumer: Consumer, door: Door, topic: str) -> list[ClientPartition]:
    with door.mapped(f"describe topic {topic}"):
        metadata = consumer.list_topics(topic, timeout=QUERY_TIMEOUT_S).topics.get(topic)
    return [ClientPartition(topic, number) for number in (metadata.partitions if metadata else ())]


def _records(messages: list[Message], door: Door, *, headers: bool) -> Iterator[Record]:
    for message in messages:
        error = message.error()
        if error is None:
            yield _record(message, headers=headers)
        elif outcome_of(error) in (Outcome.STOP, Outcome.UNREACHABLE):
            raise door.explain(error, "read")


def _record(message: Message, *, headers: bool) -> Record:
    return Record(
        cast("str", message.topic()),
        cast("int", message.partition()),
        cast("int", message.offset()),
        message.timestamp()[1],
        message.key(),
        message.value(),
        cast("Headers", tuple(message.headers() or ())) if headers else (),
    )
