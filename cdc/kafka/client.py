"""How our clients are set up: one place for every librdkafka setting, with the reason beside it.

`KafkaAccess` is all that the composition root needs: where the broker is and how to log in; it
makes sources, sinks, admins and readers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from cdc.config import RelaySettings, Settings
from cdc.errors import ConfigError
from cdc.kafka.admin import KafkaTopics
from cdc.kafka.appender import ANSWER_TIMEOUT_S, KafkaAppender
from cdc.kafka.coverage import Coverage
from cdc.kafka.errors import Door, error_in
from cdc.kafka.membership import Membership
from cdc.kafka.port import MAX_MESSAGE_BYTES
from cdc.kafka.reader import KafkaReader
from cdc.kafka.sink import KafkaSink
from cdc.kafka.source import KafkaSource
from cdc.keys import read_secret
from cdc.telemetry.logs import get_log

Client = TypeVar("Client")
_Config = Mapping[str, Any]
_SECONDS_TO_MS = 1000
# A broker that restarts is back within seconds; at the client's own 10 s between attempts the
# transaction that it interrupted would have timed out, which the broker reports as fencing.
_CONNECTION = {
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 500,
    # Else a transaction's small requests wait for the kernel's delayed acknowledgements.
    "socket.nagle.disable": True,
}
_LOG = get_log("cdc.kafka")


class _Forward(logging.Handler):
    """librdkafka's own log lines, at level debug of ours: they would else go to stderr raw."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one line on."""
        _LOG.debug("librdkafka", level_of_client=record.levelname, text=record.getMessage())


def _client_logger() -> logging.Logger:
    logger = logging.getLogger("cdc.kafka.librdkafka")
    if not logger.handlers:
        logger.addHandler(_Forward())
        logger.propagate = False
    return logger


def _report(error: KafkaError) -> None:
    """Connection troubles that the client is already working on by itself."""
    _LOG.debug("broker_trouble", code=error.name(), text=error.str())


def consumer_settings() -> dict[str, Any]:
    """What every consumer of ours has: nothing by itself, nothing uncommitted."""
    return {
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "allow.auto.create.topics": False,
        "fetch.message.max.bytes": MAX_MESSAGE_BYTES // 4,
        "queued.max.messages.kbytes": 64 * 1024,
    }


def source_settings(relay: RelaySettings, instance: int) -> dict[str, Any]:
    """The relay's consumer."""
    return consumer_settings() | {
        "group.id": relay.group,
        # Static: a restarted relay takes its partitions back without a rebalance, and fences
        # whoever still uses its name.
        "group.instance.id": f"{relay.group}-{instance}",
        "session.timeout.ms": int(relay.session_timeout_s * _SECONDS_TO_MS),
        "heartbeat.interval.ms": int(relay.session_timeout_s * _SECONDS_TO_MS / 4),
        # A TRUNCATE of a large table keeps the loop from polling for minutes.
        "max.poll.interval.ms": 15 * 60 * _SECONDS_TO_MS,
        # Never jump: an offset that is gone is lost data, which stops the table and says so.
        "auto.offset.reset": "error",
        # Other strategies give partition 0 of every topic to the same member; and only this one
        # lets a single partition be started anew.
        "partition.assignment.strategy": "cooperative-sticky",
        # How soon a new table's topic is seen.
        "topic.metadata.refresh.interval.ms": 2 * _SECONDS_TO_MS,
    }


def sink_settings(relay: RelaySettings, instance: int) -> dict[str, Any]:
    """The relay's producer."""
    return {
        # Stable, never random: the successor must be able to fence its own predecessor.
        "transactional.id": f"{relay.group}-{instance}",
        "transaction.timeout.ms": int(relay.transaction_timeout_s * _SECONDS_TO_MS),
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 5,
        "batch.size": 1024 * 1024,
        "message.max.bytes": MAX_MESSAGE_BYTES,
        # A whole round must fit (settings: at most 100,000 events), memory must not run away.
        "queue.buffering.max.messages": 200_000,
        "queue.buffering.max.kbytes": 256 * 1024,
        "delivery.report.only.error": True,
        # While the coordinator still ends the transaction before, it puts the next one off
        # (CONCURRENT_TRANSACTIONS): at the client's own 100 ms a commit takes 39 ms, so 3.
        "retry.backoff.ms": 5,
        # Without these a broker's restart can leave `send_offsets_to_transaction` waiting for ever
        # for a connection that nobody asks for (librdkafka issues 5456 and 5511).
        "enable.sparse.connections": False,
        "topic.metadata.refresh.interval.ms": _SECONDS_TO_MS,
    }


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Where the broker is and how to log in; `extra` is handed to librdkafka as it is."""

    bootstrap: str
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    replication_factor: int = 1

    @classmethod
    def of(cls, settings: Settings) -> KafkaAccess:
        """From the settings; values that are secret references are read here.

        Raises:
            ConfigError: a secret cannot be read.
        """
        extra = {name: _plain(value) for name, value in settings.kafka.client.items()}
        return cls(settings.bootstrap, extra, settings.kafka.replication_factor)

    def topics(self) -> KafkaTopics:
        """Creates and describes topics."""
        client = self._make(AdminClient, {})
        return KafkaTopics(client, Door(self.bootstrap, one_try=True), self.replication_factor)

    def appender(self) -> KafkaAppender:
        """Writes single records."""
        settings = {
            "enable.idempotence": True,
            "acks": "all",
            "message.timeout.ms": int(ANSWER_TIMEOUT_S * _SECONDS_TO_MS),
        }
        return KafkaAppender(
            lambda: self._make(Producer, settings), Door(self.bootstrap, one_try=True)
        )

    def reader(self) -> KafkaReader:
        """Reads whole topics."""
        return KafkaReader(self._make_reader, Door(self.bootstrap, one_try=True))

    def log_reader(self) -> KafkaReader:
        """Reads what the logs hold: records of aborted and of open transactions too."""
        return KafkaReader(
            lambda: self._make_reader(**{"isolation.level": "read_uncommitted"}),
            Door(self.bootstrap, one_try=True),
        )

    def source(self, relay: RelaySettings, instance: int) -> KafkaSource:
        """The relay's side towards raw topics."""
        settings = source_settings(relay, instance)
        visitor = {name: v for name, v in settings.items() if name != "group.instance.id"}
        coverage = Coverage(
            self._make(AdminClient, {}), relay.group, lambda: self._make(Consumer, visitor)
        )
        membership = Membership()

        def hear(error: KafkaError) -> None:
            _report(error)
            membership.hear(error)

        def connect() -> Consumer:
            return self._make(Consumer, settings, hear)

        return KafkaSource(connect, Door(self.bootstrap), coverage, membership)

    def sink(self, relay: RelaySettings, instance: int) -> KafkaSink:
        """The relay's side towards governed topics."""
        settings = sink_settings(relay, instance)
        return KafkaSink(lambda: self._make(Producer, settings), Door(self.bootstrap))

    def _make_reader(self, **changes: Any) -> Consumer:
        # The client wants a group's name even of a consumer that joins none.
        settings = consumer_settings() | {
            "group.id": "cdc-reader",
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
        }
        return self._make(Consumer, settings | changes)

    def _make(
        self,
        client: Callable[[dict[str, Any]], Client],
        settings: _Config,
        hear: Callable[[KafkaError], None] = _report,
    ) -> Client:
        ours = {"bootstrap.servers": self.bootstrap, "error_cb": hear}
        config = {"client.id": "headworks", **_CONNECTION, **self.extra, **settings, **ours}
        try:
            return client({**config, "logger": _client_logger()})
        except KafkaException as error:
            raise ConfigError(
                f"kafka.client: {error_in(error).str()}",
                hint="names and values: https://docs.confluent.io/platform/current/clients/librdkafka",
            ) from None


def _plain(value: str) -> str:
    return read_secret(value) if value.startswith(("file:", "env:")) else value
