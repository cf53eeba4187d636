"""`_cdc.state`: what must outlive a relay, written inside its transactions.

    epoch/<raw topic>   {"epoch": 1, "topic_id": "…"}              kept for ever
    stop/<raw topic>    {"code", "message", "hint", "since_ms"}    gone (tombstone) once it goes on
    majors/<raw topic>  {"newest": 2, "old": [{"major": 1, "standing": "frozen", "why": "…"}]}
    retired/<raw topic>.v<major>    {"at_ms": …}                   kept for ever
    pause/<raw topic>   {"by", "since_ms"}                         gone once it is resumed
    letter/<position>   an open dead letter: `cdc.control.letters`
    ack/<command>       an executed command: `cdc.control.commands`

Only the owner of a raw topic's partition writes its keys, and always together with that partition's
offset: a relay that has been replaced meanwhile is refused by the broker. `retired` alone is
written by `cdc topics retire`, and followed by the owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from cdc.control.commands import ACK, Ack, read_ack
from cdc.control.letters import LETTER, OpenLetter, read_open_letter
from cdc.control.records import KeyedValue, latest_values
from cdc.majors import Majors, read_majors

_EPOCH = "epoch/"
_STOP = "stop/"
_MAJORS = "majors/"
_RETIRED = "retired/"
_PAUSE = "pause/"


@dataclass(frozen=True, slots=True)
class Epoch:
    """Which incarnation of a raw topic this is: the first has epoch 1."""

    epoch: int
    topic_id: str


@dataclass(frozen=True, slots=True)
class StopNote:
    """Why a table stands still, since when (ms since 1970)."""

    code: str
    message: str
    hint: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class PauseNote:
    """Who paused a table, since when (ms since 1970)."""

    by: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class ControlState:
    """The topic's present content: by raw topic; letters by position, acks by command."""

    epochs: Mapping[str, Epoch]
    stops: Mapping[str, StopNote]
    majors: Mapping[str, Majors] = field(default_factory=dict)
    pauses: Mapping[str, PauseNote] = field(default_factory=dict)
    letters: Mapping[str, OpenLetter] = field(default_factory=dict)
    acks: Mapping[str, Ack] = field(default_factory=dict)


def epoch_record(raw_topic: str, epoch: Epoch) -> tuple[bytes, bytes]:
    """Key and value."""
    return (_EPOCH + raw_topic).encode(), orjson.dumps(asdict(epoch))


def stop_key(raw_topic: str) -> bytes:
    """Key of a stop; its tombstone says that the table goes on."""
    return (_STOP + raw_topic).encode()


def stop_value(note: StopNote) -> bytes:
    """Value of a stop."""
    return orjson.dumps(asdict(note))


def majors_record(raw_topic: str, majors: Majors) -> tuple[bytes, bytes]:
    """Key and value."""
    return (_MAJORS + raw_topic).encode(), orjson.dumps(asdict(majors))


def retired_record(raw_topic: str, major: int, at_ms: int) -> tuple[bytes, bytes]:
    """Key and value that say that an earlier major must not be written any more."""
    return f"{_RETIRED}{raw_topic}.v{major}".encode(), orjson.dumps({"at_ms": at_ms})


def pause_key(raw_topic: str) -> bytes:
    """Key of a pause; its tombstone says that the table has been resumed."""
    return (_PAUSE + raw_topic).encode()


def pause_value(note: PauseNote) -> bytes:
    """Value of a pause."""
    return orjson.dumps(asdict(note))


def read_state(records: Iterable[KeyedValue]) -> ControlState:
    """The present state from all records of the topic, in order."""
    values = latest_values(records)
    return ControlState(
        {name: _epoch(value) for name, value in _of(values, _EPOCH)},
        {name: _stop(value) for name, value in _of(values, _STOP)},
        {
            topic: majors
            for topic, value in _of(values, _MAJORS)
            if (majors := _majors(topic, value, values))
        },
        {
            name: PauseNote(str(value["by"]), int(value["since_ms"]))
            for name, value in _of(values, _PAUSE)
        },
        {name: read_open_letter(name, value) for name, value in _of(values, LETTER)},
        {name: read_ack(value) for name, value in _of(values, ACK)},
    )


def _of(
    values: Mapping[str, dict[str, Any]], prefix: str
) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Names behind a prefix, with their values."""
    return (
        (key.removeprefix(prefix), value) for key, value in values.items() if key.startswith(prefix)
    )


def _epoch(value: Mapping[str, Any]) -> Epoch:
    return Epoch(int(value["epoch"]), str(value["topic_id"]))


def _stop(value: Mapping[str, Any]) -> StopNote:
    return StopNote(
        str(value["code"]), str(value["message"]), str(value["hint"]), int(value["since_ms"])
    )


def _majors(raw_topic: str, value: Mapping[str, Any], values: Mapping[str, Any]) -> Majors | None:
    """A table's majors, the retired ones as such whether or not its owner knows it yet."""
    majors, begin = read_majors(value), f"{_RETIRED}{raw_topic}.v"
    for major in (int(key.removeprefix(begin)) for key in values if key.startswith(begin)):
        majors = majors.retire(major) if majors else None
    return majors
