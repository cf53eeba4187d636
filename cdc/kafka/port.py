"""What the relay asks of a broker, whichever it is.

Two implementations stand behind these protocols, `cdc.kafka.source|sink|admin|reader` on a real
Kafka and `cdc.kafka.memory` for tests; one suite (tests/kafka/test_conformance.py) holds both to
what is written here. Everything below raises the classes of `cdc.errors` only: TransientError where
the same work may succeed later, FatalError where another process took over, Unreachable where the
broker does not answer or refuses the credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NewType, Protocol

from cdc.event import RawBatch

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Largest record that topics made here take; a record over `MAX_VALUE_BYTES` is a dead letter."""
MAX_VALUE_BYTES = MAX_MESSAGE_BYTES - 64 * 1024
"""Leaves room for the key, headers and the batch's own header."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """Address of one log."""

    topic: str
    partition: int = 0


Offsets = Mapping[TopicPartition, int]
"""Per partition the next offset to read."""

GroupMetadata = NewType("GroupMetadata", object)
"""Proof of membership at this moment; a commit with an outdated one is refused by the broker."""

Headers = Sequence[tuple[str, bytes | None]]


class Record(NamedTuple):
    """One record as it was read; `headers` is filled only where a reading asked for it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic to be created."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """A topic as it is; `topic_id` changes when it is deleted and created anew."""

    topic_id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the assignment since it was last asked for.

    A partition that was taken away and given back is in `assigned` only. `lost`: the partition's
    next offset is no longer (or not yet) in its log; it delivers nothing until started again.
    """

    assigned: frozenset[TopicPartition] = frozenset()
    revoked: frozenset[TopicPartition] = frozenset()
    lost: frozenset[TopicPartition] = frozenset()


class Source(Protocol):
    """A member of a consumer group that reads committed records only.

    An assigned partition delivers nothing before `start` said where from: what the offset must be
    is the relay's knowledge (epochs, lost data), and asking for it inside a rebalance callback
    would leave a half-made assignment whenever the answer fails.
    """

    def subscribe(self, patterns: Sequence[str]) -> None:
        """Join the group for all topics, present and future, that match one of the patterns."""

    def poll(self, max_events: int, wait_s: float, fill_s: float = 0.0) -> list[RawBatch]:
        """At most `max_events` events: one batch a partition, each in offset order.

        Waits up to `wait_s` for the first event and then up to `fill_s` for the batch to fill.
        Never holds events of a partition that is not started, or no longer assigned.
        """

    def take_changes(self) -> Changes:
        """What the assignment went through since the last call; each change is told once."""

    def claim_unassigned(self) -> None:
        """See that every topic of the subscription is some member's; called about once a second.

        The only method that another thread may call. What was overlooked arrives in `take_changes`.
        """

    def start(self, partition: TopicPartition, offset: int) -> None:
        """Deliver an assigned partition from `offset` on, whatever it did before."""

    def pause(self, partition: TopicPartition) -> None:
        """Deliver nothing of this partition until it is started again."""

    def committed(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's offsets; a partition that never had one is missing.

        Waits for transactions in doubt, so that the answer does not change afterwards.
        """

    def lag(self) -> dict[TopicPartition, int]:
        """Offsets between each started partition's position and its end; 0 where all is read."""

    def group_metadata(self) -> GroupMetadata:
        """Goes with `TransactionalSink.commit`; ask for it there and then."""

    def confirm_membership(self) -> None:
        """Wait until the group must have told whether this process still is its member.

        Nothing is delivered meanwhile: pause every partition before.

        Raises:
            FatalError: another process took the name.
        """

    def close(self) -> None:
        """Stop fetching. The membership lives on until its session times out or is taken over."""


class TransactionalSink(Protocol):
    """A producer whose every write belongs to a transaction.

    The protocol, in this order; each implementation's methods carry the same numbers:

    1. `open`, and again after `Fenced`: fences every older sink of the same name and aborts what
       it left open.
    2. `begin` a transaction; the one before is resolved.
    3. `produce` and `produce_all`: written, not yet readable.
    4. `commit`: records and offsets become readable and final together, or neither.
    5. `abort` after any error of 3 or 4: afterwards no transaction is open. A commit that was
       already on its way may have been carried out: only the group's offsets tell.
    """

    @property
    def ready(self) -> bool:
        """Whether `begin` may be called: opened, not fenced, no transaction unresolved."""

    @property
    def shut(self) -> bool:
        """Whether `open` must be called (again)."""

    def open(self) -> None:
        """Step 1."""

    def begin(self) -> None:
        """Step 2."""

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Step 3, for one record."""

    def produce_all(
        self,
        topic: str,
        partitions: Sequence[int],
        keys: Sequence[bytes | None],
        values: Sequence[bytes | None],
    ) -> None:
        """Step 3, for many records of one topic: the hot path."""

    def commit(self, offsets: Offsets, metadata: GroupMetadata) -> None:
        """Step 4. Raises `Refused` where the broker will never take one of the records."""

    def abort(self) -> None:
        """Step 5. Nothing happens where no transaction is open."""

    def close(self) -> None:
        """Let go; an open transaction is left to `open` of the successor, or to its timeout."""


class Appender(Protocol):
    """Writes single records outside of any transaction."""

    def append(self, topic: str, key: bytes, value: bytes) -> None:
        """To the topic's partition 0; when it returns, every reader sees the record.

        Raises:
            Unreachable: the broker did not take it in time, or there is no such topic.
        """


class TopicAdmin(Protocol):
    """Topics: made, described, measured."""

    def create(self, specs: Sequence[TopicSpec]) -> None:
        """Create those that do not exist; an existing topic is left as it is."""

    def delete(self, names: Sequence[str]) -> None:
        """Delete topics with all their records; one that does not exist is left out."""

    def describe(self, names: Sequence[str]) -> dict[str, TopicInfo]:
        """Ids and partition counts; a topic that does not exist is missing."""

    def names(self) -> list[str]:
        """Every topic, internal ones of the broker excluded, in alphabetical order."""

    def configs(self, names: Sequence[str]) -> dict[str, Mapping[str, str]]:
        """Every setting of each topic that exists, as it works: defaults of the broker included."""

    def ranges(self, names: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        """Per partition the first offset and the committed end."""


class Reading(Protocol):
    """Records of a topic, per partition in offset order; may be walked once.

    `offsets` says, per partition, where the walk has arrived: hand it to the next reading as its
    `start` to go on without a gap or a repeat.
    """

    offsets: dict[int, int]

    def __iter__(self) -> Iterator[Record]:
        """Walk; leaving early closes the reading."""


class Reader(Protocol):
    """Reads whole topics, outside of any group."""

    def read_to_end(
        self, topic: str, start: Mapping[int, int] | None = None, *, headers: bool = False
    ) -> Reading:
        """Committed records up to the end that the topic has at this moment.

        A partition that `start` does not name is read from its beginning. An unknown topic reads
        as empty.
        """

    def follow(self, topic: str, start: Mapping[int, int]) -> Iterator[Record | None]:
        """Committed records as they come, for ever; None whenever there is none for a while."""
