"""Dead letters as they may be seen: what was wrong, where and when, never the event itself."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cdc.control.state import read_state
from cdc.deadletter import Letter, parse_origin, read_letter, read_letters
from cdc.errors import ConfigError
from cdc.kafka.layout import STATE
from cdc.kafka.port import Reader

OPEN = "open"
UNWATCHED = "unwatched"
"""A letter that no relay watches (of an earlier version): purged, but not replayed."""


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One letter in clear.

    `state` is open, superseded, replayed or unwatched; `key` the governed key in base64 ("" where
    it could not be derived); `at_ms` when the event was first refused, ms since 1970.
    """

    id: str
    table: str
    state: str
    reason: str
    stage: str
    column: str
    message: str
    at_ms: int
    attempt: int
    schema_id: int | None
    key: str

    @property
    def raw_topic(self) -> str:
        """Where its event came from."""
        return parse_origin(self.id).topic

    @property
    def offset(self) -> int:
        """Of its event."""
        return parse_origin(self.id).offset


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters; what is left empty does not narrow.

    `table` is `<database>.<table>` or a raw topic, times are ms since 1970 (`until_ms` exclusive),
    `offsets` are the first and last source offset, `key` is a text that stands in the governed key:
    a token, as the governed topic has it.
    """

    ids: frozenset[str] = frozenset()
    table: str = ""
    reason: str = ""
    states: frozenset[str] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    offsets: tuple[int, int] | None = None
    key: str = ""

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows it."""
        return self == Selection(states=self.states)

    def takes(self, row: LetterRow) -> bool:
        """Whether a letter is among them."""
        low, high = self.offsets or (row.offset, row.offset)
        return (
            (not self.ids or row.id in self.ids)
            and self.table in ("", row.table, row.raw_topic)
            and self.reason in ("", row.reason)
            and (not self.states or row.state in self.states)
            and (self.since_ms is None or row.at_ms >= self.since_ms)
            and (self.until_ms is None or row.at_ms < self.until_ms)
            and low <= row.offset <= high
            and self.key.encode() in base64.b64decode(row.key)
        )


@dataclass(frozen=True, slots=True)
class Letters:
    """The dead letter topic `topic`, read whole at each call."""

    reader: Reader
    topic: str

    def find(self, selection: Selection) -> Sequence[LetterRow]:
        """Letters of a selection, oldest first.

        Raises:
            ConfigError: a position that the selection names is not there.
            Unreachable: Kafka does not answer.
        """
        letters = read_letters(self.reader.read_to_end(self.topic))
        if unknown := sorted(selection.ids - letters.keys()):
            raise ConfigError(
                f"{unknown[0]}: no such dead letter",
                hint="cdc dlq list shows positions; purged letters are gone",
            )
        watched = read_state(self.reader.read_to_end(STATE)).letters
        rows = (_row(name, letter, watched) for name, letter in letters.items())
        return sorted(filter(selection.takes, rows), key=lambda row: (row.at_ms, row.offset))

    def sealed(self, letter_id: str) -> bytes:
        """The record of a letter, its original sealed.

        Raises:
            ConfigError: there is no such letter, or it is closed and its original gone.
        """
        found = b""
        for record in self.reader.read_to_end(self.topic):
            if record.key == letter_id.encode():
                found = record.value or b""
        if not found or read_letter(found).closed:
            raise ConfigError(
                f"{letter_id}: no original is kept",
                hint="a letter that was replayed, superseded or purged has none any more",
            )
        return found


def summarize(rows: Iterable[LetterRow]) -> Mapping[tuple[str, str, str], int]:
    """How many, by table, reason and state; the most first."""
    counts = Counter((row.table, row.reason, row.state) for row in rows)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _row(name: str, letter: Letter, watched: Mapping[str, object]) -> LetterRow:
    state = OPEN if name in watched else UNWATCHED
    return LetterRow(
        name,
        letter.origin.table,
        letter.closed.how if letter.closed else state,
        letter.reason,
        letter.stage,
        letter.column,
        letter.message,
        letter.at_ms,
        letter.attempt,
        letter.schema_id,
        base64.b64encode(letter.key or b"").decode(),
    )
