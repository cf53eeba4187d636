"""`Appender` on a real Kafka: an idempotent producer, one record at a time."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError, Producer

from cdc.errors import TransientError
from cdc.kafka.errors import Door

ANSWER_TIMEOUT_S = 5.0


class KafkaAppender:
    """See `cdc.kafka.port.Appender`."""

    def __init__(self, connect: Callable[[], Producer], door: Door) -> None:
        self._connect = connect
        self._door = door

    def append(self, topic: str, key: bytes, value: bytes) -> None:
        """See the port."""
        heard: list[KafkaError | None] = []
        doing = f"append to {topic}"
        producer = self._connect()
        with self._door.mapped(doing):
            producer.produce(topic, value, key, 0, lambda error, _: heard.append(error))
            producer.flush(ANSWER_TIMEOUT_S)
        if not heard:
            raise self._door.absent(doing)
        if heard[0] is not None:
            explained = self._door.explain(heard[0], doing)
            # Nothing is tried again here: what may succeed later has not been answered.
            later = isinstance(explained, TransientError)
            raise self._door.absent(doing) if later else explained
