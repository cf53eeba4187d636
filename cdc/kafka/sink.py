"""`TransactionalSink` on a real Kafka: one transactional, idempotent producer.

Step numbers are those of the port. The client's own rule is kept to the letter: after an error that
says `txn_requires_abort` the transaction is aborted; after a time-out of a commit its outcome is
unknown, and only the same call again may resolve it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum, auto

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as ClientPartition

from cdc.errors import TransientError
from cdc.kafka.errors import Door, Fenced, error_in
from cdc.kafka.port import GroupMetadata, Offsets

# A predecessor's transaction is rolled back first; its coordinator may still be loading.
OPEN_TIMEOUT_S = 30.0
# Shared by all steps of one commit, then by those of the abort: together below the transaction's
# time-out of 8 s, after which the broker rolls back by itself and takes this producer for a zombie.
COMMIT_TIMEOUT_S = 4.0
QUEUE_WAIT_S = 0.05


class _Stage(Enum):
    """Where the producer is."""

    SHUT = auto()
    NONE = auto()
    OPEN = auto()
    IN_DOUBT = auto()


class KafkaSink:
    """See `cdc.kafka.port.TransactionalSink`."""

    def __init__(self, connect: Callable[[], Producer], door: Door) -> None:
        self._connect = connect
        self._producer = connect()
        self._door = replace(door, fatal=Fenced)
        self._stage = _Stage.SHUT
        self._spent = False
        self._refusal: KafkaError | None = None

    @property
    def ready(self) -> bool:
        """See the port."""
        return self._stage is _Stage.NONE

    @property
    def shut(self) -> bool:
        """See the port."""
        return self._stage is _Stage.SHUT

    def open(self) -> None:
        """1. Fence the predecessor; a producer that was fenced itself is replaced."""
        if self._spent:
            self._producer, self._spent = self._connect(), False
        with self._mapped("open transactions"):
            self._producer.init_transactions(OPEN_TIMEOUT_S)
        self._stage = _Stage.NONE

    def begin(self) -> None:
        """2. Begin."""
        if self._stage is not _Stage.NONE:
            raise TransientError("the transaction before is not resolved: abort it first")
        self._refusal = None
        with self._mapped("begin a transaction"):
            self._producer.begin_transaction()
        self._stage = _Stage.OPEN

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """3. One record."""
        with self._mapped(f"produce to {topic}"):
            while not self._queued(topic, partition, key, value, headers):
                self._producer.poll(QUEUE_WAIT_S)

    def produce_all(
        self,
        topic: str,
        partitions: Sequence[int],
        keys: Sequence[bytes | None],
        values: Sequence[bytes | None],
    ) -> None:
        """3. Many records."""
        produce, heard = self._producer.produce, self._heard
        with self._mapped(f"produce to {topic}"):
            for partition, key, value in zip(partitions, keys, values, strict=True):
                try:
                    produce(topic, value, key, partition, heard)
                except BufferError:
                    while not self._queued(topic, partition, key, value, ()):
                        self._producer.poll(QUEUE_WAIT_S)
            self._producer.poll(0)

    def commit(self, offsets: Offsets, metadata: GroupMetadata) -> None:
        """4. Offsets into the transaction, then all of it readable at once."""
        deadline = time.monotonic() + COMMIT_TIMEOUT_S
        with self._mapped("commit offsets"):
            if offsets:
                self._producer.send_offsets_to_transaction(
                    [ClientPartition(at.topic, at.partition, to) for at, to in offsets.items()],
                    metadata,
                    _left(deadline),
                )
        self._commit(deadline)

    def abort(self) -> None:
        """5. Leave no transaction open: finish a commit in doubt, roll back everything else."""
        deadline = time.monotonic() + COMMIT_TIMEOUT_S
        if self._stage is _Stage.IN_DOUBT:
            try:
                self._commit(deadline)
            except TransientError:
                if self._stage is _Stage.IN_DOUBT:
                    raise
        if self._stage is _Stage.OPEN:
            with self._mapped("abort the transaction"):
                self._producer.abort_transaction(_left(deadline))
            self._stage = _Stage.NONE

    def close(self) -> None:
        """See the port."""
        if self._stage is _Stage.NONE:
            self._producer.flush(QUEUE_WAIT_S)

    def _commit(self, deadline: float) -> None:
        self._stage = _Stage.IN_DOUBT
        try:
            self._producer.commit_transaction(_left(deadline))
        except KafkaException as exception:
            error = error_in(exception)
            if error.txn_requires_abort():
                self._stage = _Stage.OPEN
            with self._mapped("commit"):
                raise KafkaException(self._refusal or error) from None
        self._stage = _Stage.NONE

    @contextmanager
    def _mapped(self, doing: str) -> Iterator[None]:
        """The door; behind `Fenced` lies a producer that is good for nothing."""
        try:
            with self._door.mapped(doing):
                yield
        except Fenced:
            self._stage, self._spent = _Stage.SHUT, True
            raise

    def _heard(self, error: KafkaError | None, _: object) -> None:
        """A delivery that failed for good: the commit will fail, and this is why."""
        if error is not None and self._refusal is None:
            self._refusal = error

    def _queued(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]],
    ) -> bool:
        """Hand one record to the client; False while its queue is full."""
        try:
            self._producer.produce(topic, value, key, partition, self._heard, headers=[*headers])
        except BufferError:
            return False
        return True


def _left(deadline: float) -> float:
    return max(0.1, deadline - time.monotonic())
