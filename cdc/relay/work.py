"""What one round is about to commit: nothing in here has happened until its commit did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cdc.column import IntArray
from cdc.control.signals import snapshot_signal
from cdc.kafka.port import TopicPartition
from cdc.majors import Majors
from cdc.relay.table import Halt, Table
from cdc.stream.pipeline import Program


@dataclass(frozen=True, slots=True)
class Truncation:
    """A TRUNCATE that a round came upon: all in `topics` goes before `offset` + 1 is read.

    Unless it is `append_only`: then nothing goes.
    """

    table: Table
    offset: int
    topics: tuple[str, ...]
    append_only: bool


@dataclass(slots=True)
class Tally:
    """What became of one table's events in this round; `majors` where they have changed.

    `slow` of the governed went without kernels.
    """

    program: Program | None = None
    governed: int = 0
    slow: int = 0
    skipped: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    passed: bool = False
    halt: Halt | None = None
    majors: Majors | None = None
    source_ts_us: list[IntArray] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """Offsets, control records and counts of one transaction."""

    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    tallies: dict[TopicPartition, Tally] = field(default_factory=dict)
    truncations: list[Truncation] = field(default_factory=list)
    signals: dict[TopicPartition, tuple[bytes, bytes]] = field(default_factory=dict)

    def majors(self, table: Table) -> Majors | None:
        """Those of a table as this round has left them so far."""
        return self.tally(table.at).majors or table.majors

    def evolve(self, table: Table, program: Program) -> None:
        """A program's majors hold from here on; rows for a new one are asked of the connector."""
        before, after = self.majors(table), program.majors
        if after is None or after == before:
            return
        self.tally(table.at).majors = after
        if after.is_backfilled and (before is None or after.newest > before.newest):
            self.signals[table.at] = snapshot_signal(table.at.topic, program.topic)

    def tally(self, at: TopicPartition) -> Tally:
        """The table's counts."""
        return self.tallies.setdefault(at, Tally())
