"""`TopicAdmin` on a real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicCollection
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from cdc.errors import TransientError
from cdc.kafka.errors import Door, error_in
from cdc.kafka.port import TopicInfo, TopicPartition, TopicSpec

Answer = TypeVar("Answer")

ANSWER_TIMEOUT_S = 5.0
"""Unreachable after this."""
_POLL_S = 0.1
_UNKNOWN = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.UNKNOWN_TOPIC_ID)


class KafkaTopics:
    """See `cdc.kafka.port.TopicAdmin`."""

    def __init__(self, client: AdminClient, door: Door, replication_factor: int) -> None:
        self._client = client
        self._door = door
        self._replication_factor = replication_factor

    def create(self, specs: Sequence[TopicSpec]) -> None:
        """See the port; returns when the brokers know the topics."""
        if not specs:
            return
        wanted = [
            NewTopic(
                spec.name,
                num_partitions=spec.partitions,
                replication_factor=self._replication_factor,
                config=dict(spec.config),
            )
            for spec in specs
        ]
        futures = self._client.create_topics(
            wanted, operation_timeout=ANSWER_TIMEOUT_S, request_timeout=ANSWER_TIMEOUT_S
        )
        for name, future in futures.items():
            with self._door.mapped(f"create topic {name}"):
                _unless(future.result, KafkaError.TOPIC_ALREADY_EXISTS)
        names = [spec.name for spec in specs]
        self._await(
            lambda: len(self.describe(names)) == len(names), "created, but not yet known", names
        )

    def delete(self, names: Sequence[str]) -> None:
        """See the port; returns when the brokers no longer know the topics."""
        if not names:
            return
        futures = self._client.delete_topics(
            list(names), operation_timeout=ANSWER_TIMEOUT_S, request_timeout=ANSWER_TIMEOUT_S
        )
        for name, future in futures.items():
            with self._door.mapped(f"delete topic {name}"):
                _unless(future.result, *_UNKNOWN)
        self._await(lambda: not self.describe(names), "deleted, but still known", names)

    def describe(self, names: Sequence[str]) -> dict[str, TopicInfo]:
        """See the port."""
        if not names:
            return {}
        futures = self._client.describe_topics(
            TopicCollection(list(names)), request_timeout=ANSWER_TIMEOUT_S
        )
        found = {}
        for name, future in futures.items():
            with self._door.mapped(f"describe topic {name}"):
                if (topic := _unless(future.result, *_UNKNOWN)) is not None:
                    found[name] = TopicInfo(str(topic.topic_id), len(topic.partitions))
        return found

    def names(self) -> list[str]:
        """See the port."""
        with self._door.mapped("list topics"):
            metadata = self._client.list_topics(timeout=ANSWER_TIMEOUT_S)
        return sorted(name for name in metadata.topics if not name.startswith("__"))

    def configs(self, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """See the port."""
        if not names:
            return {}
        futures = self._client.describe_configs(
            [ConfigResource(ResourceType.TOPIC, name) for name in names],
            request_timeout=ANSWER_TIMEOUT_S,
        )
        found: dict[str, Mapping[str, str]] = {}
        for resource, future in futures.items():
            with self._door.mapped(f"read the settings of topic {resource.name}"):
                if (entries := _unless(future.result, *_UNKNOWN)) is not None:
                    found[resource.name] = {e.name: e.value or "" for e in entries.values()}
        return found

    def ranges(self, names: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """See the port; a partition just created has no leader for a moment: that is waited for."""
        end = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            try:
                return self._ranges(names)
            except TransientError:
                if time.monotonic() > end:
                    raise
                time.sleep(_POLL_S)

    def _await(self, condition: Callable[[], bool], otherwise: str, names: Sequence[str]) -> None:
        """A changed topic reaches the broker that answers us a moment later."""
        end = time.monotonic() + ANSWER_TIMEOUT_S
        while not condition():
            if time.monotonic() > end:
                raise TransientError(f"{', '.join(names)}: {otherwise}")
            time.sleep(_POLL_S)

    def _ranges(self, names: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        places = [
            TopicPartition(name, partition)
            for name, info in self.describe(names).items()
            for partition in range(info.partitions)
        ]
        first = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        end = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place: (first[place], end[place]) for place in places}

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
        if not places:
            return {}
        futures = self._client.list_offsets(
            {ClientPartition(place.topic, place.partition): spec for place in places},
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=ANSWER_TIMEOUT_S,
        )
        with self._door.mapped("list offsets"):
            return {
                TopicPartition(at.topic, at.partition): future.result().offset
                for at, future in futures.items()
            }


def _unless(ask: Callable[[], Answer], *codes: int) -> Answer | None:
    """The answer, or None where the broker's error is one of these codes."""
    try:
        return ask()
    except KafkaException as error:
        if error_in(error).code() not in codes:
            raise
        return None
