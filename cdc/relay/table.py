"""One raw partition that this relay owns, and why it does or does not move."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cdc.control.letters import OpenLetter
from cdc.control.status import TableState, TableStatus
from cdc.deadletter import Origin
from cdc.errors import HeadworksError, TableStopped
from cdc.kafka.port import TopicPartition
from cdc.majors import Majors
from cdc.relay.letters import OpenLetters
from cdc.stream.pipeline import Program

WAITING_CODE = "unavailable"
PAUSED_CODE = "paused"
LIMIT_CODE = "dead_letter_limit"


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a table stands still; `retry_at` (clock's seconds) where it tries again by itself."""

    code: str
    message: str
    hint: str = ""
    retry_at: float | None = None

    @classmethod
    def of(cls, error: HeadworksError, retry_at: float | None = None) -> Halt:
        """From what was raised: TableStopped needs a person, all else is tried again."""
        code = error.code if isinstance(error, TableStopped) else WAITING_CODE
        return cls(code, error.message, error.hint, retry_at)

    @property
    def state(self) -> TableState:
        """As status shows it."""
        if self.code == PAUSED_CODE:
            return TableState.PAUSED
        return TableState.STOPPED if self.retry_at is None else TableState.WAITING


@dataclass(slots=True)
class Table:
    """A raw partition in this relay's hands.

    `position` is the next offset, moved by commits only; `end` is the raw topic's, asked for now
    and then of a table that stands still. `halt`: it stands still; `earlier`: it did, and has been
    taken up again, but nothing has passed yet. `stop_noted`: with which code `_cdc.state` says that
    it is stopped, which is taken back with the first batch that passes. `letters` are its open dead
    letters; of these `outdated` are older than a loss or a new start of the raw topic. `acks` are
    the commands for it that have been executed, `expired` keys of state that nobody needs any more.
    `majors` are those that `_cdc.state` has; None: none yet.
    """

    at: TopicPartition
    letters: OpenLetters
    acks: set[str] = field(default_factory=set)
    expired: frozenset[bytes] = frozenset()
    outdated: list[OpenLetter] = field(default_factory=list)
    topic_id: str = ""
    epoch: int = 0
    position: int = 0
    end: int = 0
    halt: Halt | None = None
    earlier: Halt | None = None
    stop_noted: str = ""
    program: Program | None = None
    events: int = 0
    dead_letters: int = 0
    slow: int = 0
    repaired: Counter[str] = field(default_factory=Counter)
    majors: Majors | None = None

    @property
    def name(self) -> str:
        """`<database>.<table>`, as metrics and letters call it."""
        return Origin(self.at.topic, self.at.partition, 0).table

    @property
    def shown(self) -> Halt | None:
        """Why it does not move, as far as is known."""
        return self.halt or self.earlier

    def status(self, lag: int) -> TableStatus:
        """What `_cdc.status` says of it."""
        halt = self.shown
        return TableStatus(
            self.at.topic,
            self.at.partition,
            halt.state if halt else TableState.RUNNING,
            halt.code if halt else "",
            halt.message if halt else "",
            halt.hint if halt else "",
            self.program.topic if self.program else "",
            self.program.key_schema_id if self.program else None,
            self.program.value_schema_id if self.program else None,
            self.program.withheld if self.program else (),
            dict(self.repaired),
            self.epoch,
            self.position,
            lag,
            self.events,
            self.dead_letters,
            self.program.unlocked if self.program else (),
            self.majors,
            len(self.letters),
            self.slow,
        )
