"""Open dead letters in `_cdc.state`: what the owner of a table must know of them, and no more.

    letter/<position>   {"attempt", "reason", "stage", "column", "message", "at_ms", "row",
                         "key_version", "key", "tried_by"}      gone (tombstone) once closed

`row` is a keyed digest of the raw key: it tells later changes of the same row, and nobody without
the key can guess the row from it. `key` is the governed key (base64) where it could be derived,
`tried_by` the command that has replayed it in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

LETTER = "letter/"


@dataclass(frozen=True, slots=True)
class OpenLetter:
    """An open dead letter; `id` is its key in the dead letter topic, times are ms since 1970."""

    id: str
    attempt: int
    reason: str
    stage: str
    column: str
    message: str
    at_ms: int
    row: str = ""
    key_version: int = 0
    key: str = ""
    tried_by: str = ""

    @property
    def raw_topic(self) -> str:
        """Where its event came from."""
        return self.id.partition("/")[0]


def letter_key(letter_id: str) -> bytes:
    """Key of an open letter; its tombstone says that it is closed."""
    return (LETTER + letter_id).encode()


def letter_value(letter: OpenLetter) -> bytes:
    """Value of an open letter."""
    return orjson.dumps({name: it for name, it in asdict(letter).items() if name != "id"})


def read_open_letter(letter_id: str, value: Mapping[str, Any]) -> OpenLetter:
    """Back from key and value."""
    return OpenLetter(
        letter_id,
        int(value["attempt"]),
        str(value["reason"]),
        str(value["stage"]),
        str(value["column"]),
        str(value["message"]),
        int(value["at_ms"]),
        str(value["row"]),
        int(value["key_version"]),
        str(value["key"]),
        str(value["tried_by"]),
    )
