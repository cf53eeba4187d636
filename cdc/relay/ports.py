"""What the relay is given: everything that reaches out of it, as one value."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from cdc.event import RawBatch, Shape
from cdc.kafka.port import Reader, Source, TopicAdmin, TransactionalSink
from cdc.keys import Key
from cdc.majors import Majors
from cdc.relay.beside import Beside
from cdc.stream.pipeline import Program
from cdc.stream.shape import split_shapes
from cdc.telemetry.health import Health
from cdc.telemetry.metrics import Metrics


class ProgramSource(Protocol):
    """Gives what governs a table: policy, schemas and keys, compiled."""

    def program_for(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:
        """The program for events of one raw schema; asked once per table, shape and majors.

        `majors` are those that the table has so far; the program's hold from its first event on.

        Raises:
            EnvelopeError: the schema is no Debezium envelope's: a dead letter for each event.
            TableStopped: this table cannot go on under today's policies.
            TransientError: something needed (the registry) does not answer now.
        """

    def refresh(self) -> bool:
        """Whether policies have changed since the last call: all programs are then outdated."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time: `now` in seconds, never going back; `wall_ms` in ms since 1970."""

    now: Callable[[], float] = time.monotonic
    wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the relay touches. `cipher` seals the originals of dead letters.

    `beside` does what the loop must not wait for: of the others it touches `topics` and `reader`,
    and of `source` only `claim_unassigned`.
    """

    source: Source
    sink: TransactionalSink
    topics: TopicAdmin
    reader: Reader
    programs: ProgramSource
    cipher: Key
    metrics: Metrics = field(default_factory=Metrics)
    health: Health = field(default_factory=Health)
    clock: Clock = field(default_factory=Clock)
    split: Callable[[RawBatch], Iterable[tuple[Shape | None, RawBatch]]] = split_shapes
    beside: Executor = field(default_factory=Beside)
