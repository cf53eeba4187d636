"""What one round is about to commit: nothing in here has happened until its commit did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cdc.kafka.port import TopicPartition
from cdc.relay.table import Halt, Table
from cdc.stream.pipeline import Program


@dataclass(frozen=True, slots=True)
class Truncation:
    """A TRUNCATE that a round came upon: everything in `topic` goes before `offset` + 1 is read."""

    table: Table
    offset: int
    topic: str


@dataclass(slots=True)
class Tally:
    """What became of one table's events in this round; `slow` of the governed without kernels."""

    program: Program | None = None
    governed: int = 0
    slow: int = 0
    skipped: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    passed: bool = False
    halt: Halt | None = None


@dataclass(slots=True)
class Work:
    """Offsets, control records and counts of one transaction."""

    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    tallies: dict[TopicPartition, Tally] = field(default_factory=dict)
    truncations: list[Truncation] = field(default_factory=list)

    def tally(self, at: TopicPartition) -> Tally:
        """The table's counts."""
        return self.tallies.setdefault(at, Tally())
