"""`Source` on a real Kafka: one member of a consumer group, read_committed.

Rebalances are cooperative: a new table's topic disturbs no other table. What the group assigns is
only noted; the client gets to know a partition when it is started, with its offset, and forgets it
when it is paused. Seeking is never used: a seek that meets the look-up of an earlier start can be
overtaken by its answer, and the partition then goes on at the wrong offset without a word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from confluent_kafka import Consumer, KafkaError, Message
from confluent_kafka import TopicPartition as ClientPartition

from cdc.errors import FatalError, TransientError
from cdc.event import RawBatch
from cdc.kafka.coverage import Coverage
from cdc.kafka.errors import Door, Outcome, outcome_of
from cdc.kafka.membership import Membership
from cdc.kafka.port import Changes, GroupMetadata, TopicPartition
from cdc.telemetry.logs import get_log
from cdc.telemetry.trouble import Pace

# A predecessor's open transaction holds back committed offsets until its timeout (8 s).
COMMITTED_TIMEOUT_S = 20.0
CONFIRM_S = 4.0
"""Longer than a heartbeat's interval (a quarter of the session's 10 s) and its answer."""
POLL_S = 0.2
_LOG = get_log("cdc.kafka")
_LOST = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 (the client spells its own codes so)


class KafkaSource:
    """See `cdc.kafka.port.Source`."""

    def __init__(
        self,
        connect: Callable[[], Consumer],
        door: Door,
        coverage: Coverage,
        membership: Membership,
    ) -> None:
        self._connect = connect
        self._consumer = connect()
        self._door = door
        self._coverage = coverage
        self._membership = membership
        self._pace = Pace()
        self._patterns: Sequence[str] = ()
        self._owned: set[TopicPartition] = set()
        self._active: set[TopicPartition] = set()
        self._assigned: set[TopicPartition] = set()
        self._revoked: set[TopicPartition] = set()
        self._lost: set[TopicPartition] = set()

    def subscribe(self, patterns: Sequence[str]) -> None:
        """Join the group; partitions arrive during later polls."""
        self._patterns = list(patterns)
        with self._door.mapped("subscribe to raw topics"):
            self._consumer.subscribe(
                list(patterns),
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_revoke,
            )

    def poll(self, max_events: int, wait_s: float, fill_s: float = 0.0) -> list[RawBatch]:
        """See the port. `consume` alone would wait for the whole batch even when few come."""
        try:
            messages = self._consume(1, wait_s)
            if messages and max_events > 1:
                messages += self._consume(max_events - 1, fill_s)
            return self._batches(messages)
        except FatalError:
            if not self._membership.may_join_again():
                raise
            self._join_again()
            raise TransientError("the broker's crash cost this relay its membership") from None

    def take_changes(self) -> Changes:
        """See the port."""
        changes = Changes(
            frozenset(self._assigned), frozenset(self._revoked), frozenset(self._lost)
        )
        for told in (self._assigned, self._revoked, self._lost):
            told.clear()
        return changes

    def claim_unassigned(self) -> None:
        """See the port."""
        self._coverage.look(self._patterns)

    def start(self, partition: TopicPartition, offset: int) -> None:
        """See the port."""
        if partition not in self._owned:
            raise TransientError(f"{partition.topic}: not assigned to this relay any more")
        self.pause(partition)
        place = ClientPartition(partition.topic, partition.partition, offset)
        with self._door.mapped(f"start reading {partition.topic}"):
            self._consumer.incremental_assign([place])
        self._active.add(partition)

    def pause(self, partition: TopicPartition) -> None:
        """See the port."""
        if partition in self._active:
            with self._door.mapped(f"pause {partition.topic}"):
                self._forget(self._consumer, {partition})

    def committed(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """See the port."""
        asked = [ClientPartition(place.topic, place.partition) for place in partitions]
        with self._door.mapped("ask for the group's offsets"):
            answers = self._consumer.committed(asked, timeout=COMMITTED_TIMEOUT_S) if asked else []
        for answer in answers:
            if answer.error is not None:
                raise self._door.explain(answer.error, f"offset of {answer.topic}")
        return {
            TopicPartition(answer.topic, answer.partition): answer.offset
            for answer in answers
            if answer.offset >= 0
        }

    def lag(self) -> dict[TopicPartition, int]:
        """See the port; answered from what the last fetches brought, without a request."""
        asked = [ClientPartition(place.topic, place.partition) for place in sorted(self._active)]
        with self._door.mapped("ask for positions"):
            positions = self._consumer.position(asked) if asked else []
            ends = [self._consumer.get_watermark_offsets(at, cached=True)[1] for at in asked]
        return {
            TopicPartition(at.topic, at.partition): max(0, end - at.offset)
            for at, end in zip(positions, ends, strict=True)
            if at.offset >= 0 and end >= 0
        }

    def group_metadata(self) -> GroupMetadata:
        """See the port."""
        return GroupMetadata(self._consumer.consumer_group_metadata())

    def confirm_membership(self) -> None:
        """See the port: the heartbeats of this time are answered, or the client knows better.

        An offset commit would ask more directly, but after a broker's restart it is refused as
        fenced while this very member is joining again.
        """
        deadline = time.monotonic() + CONFIRM_S
        while time.monotonic() < deadline:
            self.poll(1, POLL_S)

    def close(self) -> None:
        """See the port."""
        self._active.clear()
        with self._door.mapped("leave"):
            self._consumer.close()

    def _join_again(self) -> None:
        """A new member of the same name; what the old one had is given back."""
        self._active.clear()
        self._consumer.close()
        self._assigned.clear()
        self._lost.clear()
        self._revoked |= self._owned
        self._owned.clear()
        self._consumer = self._connect()
        self.subscribe(self._patterns)

    def _consume(self, most: int, timeout_s: float) -> list[Message]:
        with self._door.mapped("poll"):
            return self._consumer.consume(most, timeout_s)

    def _batches(self, messages: list[Message]) -> list[RawBatch]:
        good = [message for message in messages if message.error() is None]
        if len(good) < len(messages):
            self._hear(messages)
        return [
            _batch(place, group) for place, group in _grouped(good).items() if place in self._active
        ]

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            error = message.error()
            if error is not None:
                self._judge(error, message)

    def _judge(self, error: KafkaError, message: Message) -> None:
        topic, partition = message.topic(), message.partition()
        if error.code() == _LOST and topic is not None and partition is not None:
            self.pause(TopicPartition(topic, partition))
            self._lost.add(TopicPartition(topic, partition))
        elif outcome_of(error) is Outcome.STOP:
            raise self._door.explain(error, "poll")
        elif self._pace.is_due(f"{error.name()} {topic}"):
            _LOG.warning("poll_trouble", code=error.name(), text=error.str(), topic=topic)

    def _on_assign(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        consumer.incremental_assign([])  # the client waits for the call, not for what is in it
        places = {TopicPartition(at.topic, at.partition) for at in partitions}
        self._owned |= places
        self._assigned |= places
        self._revoked -= places

    def _on_revoke(self, consumer: Consumer, partitions: list[ClientPartition]) -> None:
        places = {TopicPartition(at.topic, at.partition) for at in partitions}
        self._forget(consumer, places & self._active)
        self._owned -= places
        self._assigned -= places
        self._lost -= places
        self._revoked |= places

    def _forget(self, consumer: Consumer, places: set[TopicPartition]) -> None:
        """The client fetches them no more; what it has fetched already is dropped."""
        self._active -= places
        consumer.incremental_unassign([ClientPartition(at.topic, at.partition) for at in places])


def _grouped(messages: list[Message]) -> dict[TopicPartition, list[Message]]:
    """Messages per partition; one look where all are of the same, as in a busy stream."""
    places = list(zip(map(Message.topic, messages), map(Message.partition, messages), strict=True))
    groups: dict[TopicPartition, list[Message]] = {}
    distinct = set(places)
    for topic, partition in distinct:
        if topic is None or partition is None:
            raise FatalError("a message without a topic")
        groups[TopicPartition(topic, partition)] = (
            messages
            if len(distinct) == 1
            else [
                message
                for message, place in zip(messages, places, strict=True)
                if place == (topic, partition)
            ]
        )
    return groups


def _batch(place: TopicPartition, messages: list[Message]) -> RawBatch:
    return RawBatch(
        place.topic,
        place.partition,
        np.fromiter(map(Message.offset, messages), np.int64, len(messages)),
        list(map(Message.key, messages)),
        list(map(Message.value, messages)),
    )
