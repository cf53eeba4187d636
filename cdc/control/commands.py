"""`_cdc.commands`: what people ask of the relay, and what it answers in `_cdc.state`.

A command is for one table. It is appended by CLI or REST, executed by the relay that owns the
table, and acknowledged in the transaction that holds its effects: so it is executed once, whatever
dies. Nobody owns the table: it waits, at most `KEPT_MS`.

    _cdc.commands   <id>       {"kind", "raw_topic", "by", "at_ms", "letters"}
    _cdc.state      ack/<id>   {"raw_topic", "outcome", "detail", "counts", "at_ms"}
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from cdc.control.records import KeyedValue, latest_values

ACK = "ack/"
KEPT_MS = 7 * 24 * 3_600_000
"""A command that is older is void."""


class Kind(StrEnum):
    """What can be asked."""

    PAUSE = "pause"
    RESUME = "resume"
    REPLAY = "replay"
    PURGE = "purge"


class Outcome(StrEnum):
    """What became of a command: `refused` made no sense and changed nothing."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Command:
    """One command; `letters` are the positions it is about, `at_ms` is ms since 1970.

    `kind` is text: a later version may ask what this one does not know.
    """

    id: str
    kind: str
    raw_topic: str
    by: str
    at_ms: int
    letters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ack:
    """The owner's answer; `counts` says what became of the letters."""

    raw_topic: str
    outcome: Outcome
    detail: str
    at_ms: int
    counts: Mapping[str, int] = field(default_factory=dict)


def new_command(
    kind: Kind, raw_topic: str, by: str, at_ms: int, letters: Iterable[str] = ()
) -> Command:
    """A command with an id of its own."""
    return Command(uuid.uuid4().hex, kind, raw_topic, by, at_ms, tuple(letters))


def command_record(command: Command) -> tuple[bytes, bytes]:
    """Key and value."""
    value = {name: it for name, it in asdict(command).items() if name != "id"}
    return command.id.encode(), orjson.dumps(value)


def read_commands(records: Iterable[KeyedValue]) -> list[Command]:
    """In the order in which they were given; what is none is passed over."""
    return [
        Command(
            key,
            str(value["kind"]),
            str(value["raw_topic"]),
            str(value["by"]),
            int(value["at_ms"]),
            tuple(map(str, value.get("letters", ()))),
        )
        for key, value in latest_values(records).items()
        if value.keys() >= {"kind", "raw_topic", "by", "at_ms"}
    ]


def ack_key(command_id: str) -> bytes:
    """Key of an acknowledgement."""
    return (ACK + command_id).encode()


def ack_value(ack: Ack) -> bytes:
    """Value of an acknowledgement."""
    return orjson.dumps(asdict(ack))


def read_ack(value: Mapping[str, Any]) -> Ack:
    """Back from a value."""
    return Ack(
        str(value["raw_topic"]),
        Outcome(value["outcome"]),
        str(value["detail"]),
        int(value["at_ms"]),
        {str(name): int(count) for name, count in value["counts"].items()},
    )
