"""Commands: what people ask of a table is carried out by the relay that owns it.

    1. about once a second a look (`cdc.relay.lookout`) reads what is new in `_cdc.commands`
    2. a command for an owned table that no acknowledgement names is open
    3. one command a round, instead of events: its effects, its acknowledgement and the table's
       offset (which does not move) in one transaction

A relay that dies before 3 is committed leaves the command open for its successor; afterwards the
acknowledgement tells. The offset is what has a relay refused that lost the table meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cdc.control.commands import (
    KEPT_MS,
    Ack,
    Command,
    Kind,
    Outcome,
    ack_key,
    ack_value,
    read_commands,
)
from cdc.control.state import PauseNote, pause_key, pause_value, stop_key
from cdc.control.status import TableState
from cdc.errors import ConfigError, TableStopped
from cdc.kafka.layout import COMMANDS, STATE
from cdc.kafka.port import Reader, TopicPartition
from cdc.relay.passage import Passage
from cdc.relay.ports import Ports
from cdc.relay.replay import Replay
from cdc.relay.table import LIMIT_CODE, Table
from cdc.telemetry.logs import get_log

POSTPONED_S = 3.0
_LOG = get_log("cdc.relay")


@dataclass(frozen=True, slots=True)
class Post:
    """New commands, oldest first; with them `_cdc.commands` has been read up to `read`."""

    commands: Sequence[Command]
    read: int


def read_post(reader: Reader, read: int, end: int) -> Post:
    """What has come since `read`; nothing is read where the topic's end tells that nothing has.

    Raises:
        TransientError: the broker does not answer now.
        Unreachable: idem.
    """
    if end == read:
        return Post((), read)
    is_made_anew = end < read
    reading = reader.read_to_end(COMMANDS, {0: 0 if is_made_anew else read})
    commands = read_commands(reading)
    return Post(commands, max(end, reading.offsets.get(0, 0)))


class Mailbox:
    """`_cdc.commands` up to offset `read`; commands by raw topic, oldest first."""

    def __init__(self, ports: Ports) -> None:
        self.read = 0
        self._ports = ports
        self._waiting: dict[str, list[Command]] = {}
        self._not_before: dict[str, float] = {}

    def put(self, post: Post) -> None:
        """Take in what is new."""
        for command in post.commands:
            self._waiting.setdefault(command.raw_topic, []).append(command)
        self.read = post.read

    def next(self, tables: Mapping[TopicPartition, Table]) -> tuple[Table, Command] | None:
        """The oldest open command of an opened table, if it is not postponed."""
        if not self._waiting:
            return None
        now = self._ports.clock.now()
        for at, table in tables.items():
            queue = self._waiting.get(at.topic, [])
            while queue and self._is_done(table, queue[0]):
                queue.pop(0)
            if queue and self._not_before.get(queue[0].id, now) <= now:
                return table, queue[0]
        return None

    def postpone(self, command: Command) -> None:
        """It could not be carried out now: events have their turn before it is tried again."""
        self._not_before[command.id] = self._ports.clock.now() + POSTPONED_S

    def _is_done(self, table: Table, command: Command) -> bool:
        too_old = command.at_ms < self._ports.clock.wall_ms() - KEPT_MS
        return too_old or command.id in table.acks


class Desk:
    """Carries out one command at a time."""

    def __init__(self, ports: Ports, passage: Passage) -> None:
        self._ports = ports
        self._passage = passage
        self._replay = Replay(ports, passage)
        self._acts: Mapping[str, Callable[[Table, Command], bool]] = {
            Kind.PAUSE: self._pause,
            Kind.RESUME: self._resume,
            Kind.REPLAY: self._replay_letters,
            Kind.PURGE: self._purge,
        }

    def execute(self, table: Table, command: Command) -> bool:
        """Carry out and acknowledge; True where the table must be opened anew.

        Raises:
            TransientError: nothing has happened, the command is still open.
        """
        again = self._acts.get(command.kind, self._refuse_unknown)(table, command)
        _LOG.info("command", kind=command.kind, id=command.id, topic=table.at.topic, by=command.by)
        return again

    def _pause(self, table: Table, command: Command) -> bool:
        if table.shown is not None and table.shown.state is TableState.PAUSED:
            return self._refuse(table, command, f"already {table.shown.message}")
        note = PauseNote(command.by, self._ports.clock.wall_ms())
        self._ports.sink.begin()
        self._ports.sink.produce(STATE, 0, pause_key(table.at.topic), pause_value(note))
        self._done(table, command, f"stands at offset {table.position}")
        return True

    def _resume(self, table: Table, command: Command) -> bool:
        halt = table.shown
        if halt is None:
            return self._refuse(table, command, "neither paused nor stopped")
        self._ports.sink.begin()
        self._ports.sink.produce(STATE, 0, pause_key(table.at.topic), None)
        if table.stop_noted == LIMIT_CODE:
            self._ports.sink.produce(STATE, 0, stop_key(table.at.topic), None)
        self._done(table, command, f"was {halt.code}; goes on at offset {table.position}")
        self._passage.resume(table.at)
        return True

    def _replay_letters(self, table: Table, command: Command) -> bool:
        try:
            counts = self._replay.run(table, command)
        except (TableStopped, ConfigError) as refused:
            self._ports.sink.abort()
            self._refuse(table, command, refused.message)
            return True
        self._done(table, command, "", counts)
        return False

    def _purge(self, table: Table, command: Command) -> bool:
        mine = [it for it in command.letters if it.startswith(f"{table.at.topic}/")]
        self._ports.sink.begin()
        for letter_id in mine:
            self._passage.letters.purge(table.letters, letter_id)
        self._done(table, command, "", {"purged": len(mine)})
        return False

    def _refuse_unknown(self, table: Table, command: Command) -> bool:
        return self._refuse(table, command, f"this relay does not know `{command.kind}`")

    def _refuse(self, table: Table, command: Command, why: str) -> bool:
        self._ports.sink.begin()
        self._answer(table, command, Outcome.REFUSED, why, {})
        return False

    def _done(
        self, table: Table, command: Command, detail: str, counts: Mapping[str, int] | None = None
    ) -> None:
        self._answer(table, command, Outcome.DONE, detail, counts or {})

    def _answer(
        self,
        table: Table,
        command: Command,
        outcome: Outcome,
        detail: str,
        counts: Mapping[str, int],
    ) -> None:
        """Acknowledge in the open transaction, and commit it."""
        ack = Ack(table.at.topic, outcome, detail, self._ports.clock.wall_ms(), counts)
        self._ports.sink.produce(STATE, 0, ack_key(command.id), ack_value(ack))
        self._replay.commit(table)
        table.acks.add(command.id)
