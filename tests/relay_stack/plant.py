"""A whole relay on the broker in memory, with a sink that fails where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from cdc.config import RelaySettings
from cdc.control.commands import Kind, command_record, new_command
from cdc.control.state import ControlState, read_state
from cdc.control.status import RelayStatus, read_status
from cdc.deadletter import Letter, open_letter, read_letters
from cdc.errors import HeadworksError
from cdc.event import RawBatch
from cdc.kafka.layout import COMMANDS, STATE, STATUS
from cdc.kafka.memory import (
    MemoryAppender,
    MemoryBroker,
    MemoryReader,
    MemorySink,
    MemorySource,
    MemoryTopics,
)
from cdc.kafka.port import GroupMetadata, Offsets, Record, TopicSpec
from cdc.keys import Key
from cdc.relay import Clock, Ports, Relay
from tests.relay_stack.fakes import CIPHER, FakePrograms, split

USERS = "raw.shop.users"
PRODUCTS = "raw.shop.products"
ROUNDS = 60


class Crash(BaseException):
    """The process is gone at this very place."""


class AtOnce(Executor):
    """Does what it is given before it returns: a test has no time."""

    def submit(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See Executor."""
        done: Future[Any] = Future()
        try:
            done.set_result(do(*args, **kwargs))
        except HeadworksError as error:
            done.set_exception(error)
        return done


@dataclass
class Time:
    """A clock that is moved by hand."""

    seconds: float = 1000.0

    def now(self) -> float:
        """See Clock."""
        return self.seconds

    def wall_ms(self) -> int:
        """See Clock."""
        return int(self.seconds * 1000)


@dataclass
class Fault:
    """Raise at the `nth` call of a step, before or after it was carried out."""

    step: str
    nth: int
    error: BaseException
    after: bool = False


class FaultySink(MemorySink):
    """Counts the steps of the transaction protocol, and fails once."""

    def __init__(self, broker: MemoryBroker, name: str, fault: Fault | None = None) -> None:
        super().__init__(broker, name)
        self.fault = fault
        self.calls: dict[str, int] = {}

    def begin(self) -> None:
        """See the port."""
        self._at("begin", super().begin)

    def produce(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """See the port."""
        make = super().produce
        self._at("produce", lambda: make(topic, partition, key, value, headers))

    def commit(self, offsets: Offsets, metadata: GroupMetadata) -> None:
        """See the port."""
        make = super().commit
        self._at("commit", lambda: make(offsets, metadata))

    def _at(self, step: str, act: Callable[[], None]) -> None:
        self.calls[step] = self.calls.get(step, 0) + 1
        fault = self.fault
        hit = fault is not None and (fault.step, fault.nth) == (step, self.calls[step])
        if hit and fault is not None and not fault.after:
            raise fault.error
        act()
        if hit and fault is not None:
            raise fault.error


@dataclass
class Plant:
    """Broker, programs and settings that outlive the relays built on them."""

    broker: MemoryBroker = field(default_factory=MemoryBroker)
    programs: Any = field(default_factory=FakePrograms)
    time: Time = field(default_factory=Time)
    settings: RelaySettings = field(
        default_factory=lambda: RelaySettings(prefixes=["raw"], batch_events=5)
    )
    split: Callable[[RawBatch], Any] = split
    cipher: Key = CIPHER
    beside: Executor = field(default_factory=AtOnce)

    def __post_init__(self) -> None:
        """The raw topics."""
        self.topics = MemoryTopics(self.broker)
        self.reader = MemoryReader(self.broker)
        self.topics.create([TopicSpec(USERS, 1), TopicSpec(PRODUCTS, 1)])

    def relay(self, fault: Fault | None = None, instance: int = 0) -> Relay:
        """A started relay."""
        name = f"{self.settings.group}-{instance}"
        self.sink = FaultySink(self.broker, name, fault)
        ports = Ports(
            source=_Prompt(self.broker, self.settings.group, instance),
            sink=self.sink,
            topics=self.topics,
            reader=self.reader,
            programs=self.programs,
            cipher=self.cipher,
            clock=Clock(self.time.now, self.time.wall_ms),
            split=self.split,
            beside=self.beside,
        )
        relay = Relay(self.settings, instance, ports)
        relay.start()
        return relay

    def turn(self, relay: Relay, rounds: int = ROUNDS) -> None:
        """So many rounds, a tenth of a second each."""
        for _ in range(rounds):
            relay.step()
            self.time.seconds += 0.1

    def ask(self, kind: str, topic: str, letters: Sequence[str] = ()) -> str:
        """Append a command; returns its id."""
        command = new_command(Kind.PAUSE, topic, "ada", self.time.wall_ms(), letters)
        command = replace(command, kind=kind)
        MemoryAppender(self.broker).append(COMMANDS, *command_record(command))
        return command.id

    def records(self, topic: str) -> list[Record]:
        """Committed records, in the order of their offsets per partition."""
        return list(self.reader.read_to_end(topic))

    def values(self, topic: str) -> list[bytes | None]:
        """Of a topic, oldest first."""
        return [record.value for record in sorted(self.records(topic), key=lambda r: r.partition)]

    def table(self, topic: str) -> dict[bytes | None, bytes]:
        """What a reader of the topic holds: the last value of each key that is alive."""
        rows: dict[bytes | None, bytes] = {}
        for record in self.records(topic):
            if record.value is None:
                rows.pop(record.key, None)
            else:
                rows[record.key] = record.value
        return rows

    def letters(self) -> list[Letter]:
        """Every record of a dead letter, opened; those that were closed later are among them."""
        values = [record.value for record in self.records("governed.dlq")]
        return [open_letter(value, self.cipher) for value in values if value]

    def fates(self) -> dict[str, str]:
        """What each dead letter is now, by position: `open`, or how it was closed."""
        letters = read_letters(self.records("governed.dlq"))
        fates = {name: it.closed.how if it.closed else "open" for name, it in letters.items()}
        open_ones = {name for name, fate in fates.items() if fate == "open"}
        assert open_ones == set(self.state().letters)
        return fates

    def state(self) -> ControlState:
        """`_cdc.state`."""
        return read_state(self.records(STATE))

    def status(self) -> RelayStatus:
        """The relay's last word."""
        (status,) = read_status(self.records(STATUS)).values()
        return status

    def status_history(self) -> list[list[str]]:
        """State of each table, word after word."""
        spoken = [orjson.loads(record.value) for record in self.records(STATUS) if record.value]
        return [[table["state"] for table in word["tables"]] for word in spoken]

    def offset(self, topic: str) -> int | None:
        """The group's committed offset."""
        offsets = self.broker.offsets.get(self.settings.group, {})
        return next((to for at, to in offsets.items() if at.topic == topic), None)


class _Prompt(MemorySource):
    """Never waits: a test has no time."""

    def poll(self, max_events: int, wait_s: float, fill_s: float = 0.0) -> list[RawBatch]:  # noqa: ARG002
        """See the port."""
        return super().poll(max_events, 0.0)
