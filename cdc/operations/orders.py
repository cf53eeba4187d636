"""Commands given to the relays, and their answers awaited."""

from __future__ import annotations

import difflib
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cdc.config import RelaySettings
from cdc.control.commands import Ack, Command, Kind, command_record, new_command, read_commands
from cdc.control.state import read_state
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.layout import COMMANDS, CONTROL_SPECS, STATE, raw_patterns
from cdc.kafka.port import Appender, Reader, TopicAdmin
from cdc.operations.letters import LetterRow

POLL_S = 0.2
MOST_LETTERS = 5000
"""In one command: its record stays well below what a topic takes by default (1 MB)."""

Tick = Callable[[int, int], None]
"""How many commands have been answered, of how many."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A command and what its relay said."""

    command: Command
    ack: Ack


@dataclass(frozen=True, slots=True)
class Orders:
    """Gives commands; `now_ms` is ms since 1970."""

    topics: TopicAdmin
    reader: Reader
    appender: Appender
    relay: RelaySettings
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000

    def for_tables(self, kind: Kind, names: Sequence[str], by: str) -> list[Command]:
        """A command for each table, appended.

        Raises:
            ConfigError: a table has no raw topic, or several.
            Unreachable: Kafka does not answer.
        """
        raw_topics = [self._raw_topic(name) for name in names]
        return self._give(new_command(kind, it, by, self.now_ms()) for it in raw_topics)

    def for_letters(self, kind: Kind, rows: Iterable[LetterRow], by: str) -> list[Command]:
        """Commands for letters, appended: of each table in their order.

        Raises:
            Unreachable: Kafka does not answer.
        """
        by_topic: dict[str, list[str]] = {}
        for row in rows:
            by_topic.setdefault(row.raw_topic, []).append(row.id)
        return self._give(
            new_command(kind, topic, by, self.now_ms(), ids[at : at + MOST_LETTERS])
            for topic, ids in by_topic.items()
            for at in range(0, len(ids), MOST_LETTERS)
        )

    def given(self) -> list[Command]:
        """Every command that is still there, oldest first.

        Raises:
            Unreachable: Kafka does not answer.
        """
        return read_commands(self.reader.read_to_end(COMMANDS))

    def answers(self, commands: Iterable[Command]) -> list[Answer]:
        """Those that have been executed."""
        acks: Mapping[str, Ack] = read_state(self.reader.read_to_end(STATE)).acks
        return [Answer(it, acks[it.id]) for it in commands if it.id in acks]

    def wait(self, commands: Sequence[Command], deadline_s: float, tick: Tick) -> list[Answer]:
        """Their answers, in the order in which they were given.

        Raises:
            Unreachable: not all have been executed within `deadline_s` seconds; they still will be.
        """
        deadline = time.monotonic() + deadline_s
        while len(answers := self.answers(commands)) < len(commands):
            tick(len(answers), len(commands))
            if time.monotonic() > deadline:
                done = {answer.command.id for answer in answers}
                waiting = sorted({it.raw_topic for it in commands if it.id not in done})
                raise Unreachable(
                    f"{', '.join(waiting)}: no relay has executed the command within"
                    f" {deadline_s:g} s; it stays in {COMMANDS} and will be",
                    hint="does a relay own the table? cdc relay status",
                )
            time.sleep(POLL_S)
        return answers

    def _give(self, commands: Iterable[Command]) -> list[Command]:
        self.topics.create(CONTROL_SPECS)
        given = list(commands)
        for command in given:
            self.appender.append(COMMANDS, *command_record(command))
        return given

    def _raw_topic(self, name: str) -> str:
        patterns = raw_patterns(self.relay.prefixes, self.relay.namespace)
        known = [it for it in self.topics.names() if any(re.match(p, it) for p in patterns)]
        found = [it for it in known if it == name or it.endswith(f".{name}")]
        if len(found) == 1:
            return found[0]
        near = found or difflib.get_close_matches(name, [_table(it) for it in known], 3) or known
        raise ConfigError(
            f"{name}: {'several raw topics' if found else 'no raw topic'} of this table",
            hint=f"one of: {', '.join(near)}" if near else "cdc topics list",
        )


def _table(raw_topic: str) -> str:
    return ".".join(raw_topic.rsplit(".", 2)[-2:])
