"""Dead letters: one event that could not pass, with what a person needs to repair it.

Enters: a `Letter`, a cipher key. Leaves: key and value of a record for `<namespace>.dlq`. In clear
are only names and codes; the raw key and value travel together in one AES-256-GCM box, bound to the
event's position, so that a letter can be neither read nor moved to another place without the key.

    {"reason", "stage", "column", "message", "table",
     "source": {"topic", "partition", "offset", "epoch"}, "schema_id", "key", "at_ms", "attempt",
     "original": {"key_version", "nonce", "sealed"}}          replayable
     "original": {"key_version", "bytes", "hmac"}}            too large to be kept
     "closed": {"how", "at_ms"}}                              dealt with; nothing of the original

The last record of a letter's key counts; a tombstone says that it has been purged.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import struct
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cdc.errors import ConfigError
from cdc.keys import Key

LARGEST_ORIGINAL = 10 * 1024 * 1024
"""Raw key and value together; base64 of it and the rest still fit into a record of 16 MiB."""
FIRST_EPOCH = 1
_NONCE_BYTES = 12
_HMAC_PURPOSE = b"headworks dead letter fingerprint"
_LENGTHS = struct.Struct(">qq")
_NONE = -1
_POSITION = re.compile(r"([^/\s]+)/(\d+)/(\d+)(?:@(\d+))?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the event stands: raw topic, partition, offset, and which incarnation of the topic."""

    topic: str
    partition: int
    offset: int
    epoch: int = FIRST_EPOCH

    @property
    def text(self) -> str:
        """`<topic>/<partition>/<offset>`: the letter's Kafka key and what a person calls it.

        From a topic's second incarnation on, `@<epoch>` follows.
        """
        incarnation = f"@{self.epoch}" if self.epoch > FIRST_EPOCH else ""
        return f"{self.topic}/{self.partition}/{self.offset}{incarnation}"

    @property
    def table(self) -> str:
        """`<database>.<table>`."""
        return ".".join(self.topic.rsplit(".", 2)[-2:])


def parse_origin(text: str) -> Origin:
    """Back from `Origin.text`.

    Raises:
        ConfigError: it is none.
    """
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"{text}: no position of a dead letter",
            hint="<raw topic>/<partition>/<offset>, as `cdc dlq list` shows it",
        )
    topic, partition, offset, epoch = match.groups()
    return Origin(topic, int(partition), int(offset), int(epoch or FIRST_EPOCH))


@dataclass(frozen=True, slots=True)
class Original:
    """The raw message, byte for byte."""

    key: bytes | None
    value: bytes | None

    def __len__(self) -> int:
        return len(self.key or b"") + len(self.value or b"")


class How(StrEnum):
    """How a letter was closed."""

    SUPERSEDED = "superseded"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is left to do for a letter, since `at_ms` (ms since 1970)."""

    how: How
    at_ms: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter.

    `key` is the governed key where it could be derived, `at_ms` when the event was refused for the
    first time (ms since 1970), `attempt` how often it has been refused. `original` is None where it
    was too large to be kept, is no longer needed, or has not been opened.
    """

    reason: str
    stage: str
    column: str
    message: str
    origin: Origin
    schema_id: int | None = None
    key: bytes | None = None
    original: Original | None = None
    at_ms: int = 0
    attempt: int = 1
    closed: Closed | None = None


def seal_letter(letter: Letter, cipher: Key, *, keep: bool = True) -> tuple[bytes, bytes]:
    """Key and value of the record of an open letter.

    Without `keep`, of the original only size and fingerprint are written, as if it were too large.
    """
    original = Original(None, None) if letter.original is None else letter.original
    return _record(letter, original=_seal(letter.origin, original, cipher, keep=keep))


def closing_record(letter: Letter, closed: Closed) -> tuple[bytes, bytes]:
    """Key and value of the record that closes a letter: its original goes with compaction."""
    return _record(letter, closed=asdict(closed))


def _record(letter: Letter, **rest: Any) -> tuple[bytes, bytes]:
    value = {
        "reason": letter.reason,
        "stage": letter.stage,
        "column": letter.column,
        "message": letter.message,
        "table": letter.origin.table,
        "source": asdict(letter.origin),
        "schema_id": letter.schema_id,
        "key": _text(letter.key) if letter.key is not None else None,
        "at_ms": letter.at_ms,
        "attempt": letter.attempt,
        **rest,
    }
    return letter.origin.text.encode(), orjson.dumps(value)


def read_letter(value: bytes) -> Letter:
    """What a letter says in clear."""
    return _parse(orjson.loads(value))


def _parse(parsed: dict[str, Any]) -> Letter:
    return Letter(
        parsed["reason"],
        parsed["stage"],
        parsed["column"],
        parsed["message"],
        Origin(**parsed["source"]),
        parsed["schema_id"],
        _bytes(parsed["key"]) if parsed["key"] is not None else None,
        at_ms=parsed.get("at_ms", 0),
        attempt=parsed.get("attempt", 1),
        closed=_closed(parsed.get("closed")),
    )


def _closed(parsed: dict[str, Any] | None) -> Closed | None:
    return Closed(How(parsed["how"]), parsed["at_ms"]) if parsed else None


class KeyedValue(Protocol):
    """A record as far as this room looks at it."""

    @property
    def key(self) -> bytes | None:
        """A letter's position."""

    @property
    def value(self) -> bytes | None:
        """A letter; None: it has been purged."""


def read_letters(records: Iterable[KeyedValue]) -> dict[str, Letter]:
    """What is there, by position, from all records in order; what is no letter is passed over."""
    letters: dict[str, Letter] = {}
    for record in records:
        key = (record.key or b"").decode(errors="replace")
        letters.pop(key, None)
        try:
            letters[key] = read_letter(record.value or b"")
        except (ValueError, KeyError, TypeError):
            continue
    return letters


def open_letter(value: bytes, cipher: Key) -> Letter:
    """Read a letter and decrypt its original.

    Raises:
        ConfigError: the key version is missing, or the letter was made with another key or has
            been changed.
    """
    parsed = orjson.loads(value)
    letter = _parse(parsed)
    return replace(letter, original=_unseal(letter.origin, parsed.get("original", {}), cipher))


def _seal(origin: Origin, original: Original, cipher: Key, *, keep: bool) -> dict[str, Any]:
    clear = _pack(original)
    if len(original) > LARGEST_ORIGINAL or not keep:
        # Keyed, because a plain hash of a guessable row is as good as the row.
        secret = hmac.digest(cipher.secret, _HMAC_PURPOSE, "sha256")
        fingerprint = hmac.digest(secret, clear, "sha256")
        return {"key_version": cipher.current, "bytes": len(original), "hmac": fingerprint.hex()}
    nonce = os.urandom(_NONCE_BYTES)
    # One box for key and value: two boxes under one nonce would give both away.
    sealed = AESGCM(cipher.secret).encrypt(nonce, clear, origin.text.encode())
    return {"key_version": cipher.current, "nonce": _text(nonce), "sealed": _text(sealed)}


def _unseal(origin: Origin, box: dict[str, Any], cipher: Key) -> Original | None:
    if "sealed" not in box:
        return None
    secret = cipher.versions.get(box["key_version"])
    if secret is None:
        raise ConfigError(
            f"dead letter {origin.text}: sealed with version {box['key_version']} of key "
            f"{cipher.name}; known: {', '.join(map(str, sorted(cipher.versions)))}",
            hint="put the old version back into the key file (policies.keys)",
        )
    try:
        clear = AESGCM(secret).decrypt(
            _bytes(box["nonce"]), _bytes(box["sealed"]), origin.text.encode()
        )
    except InvalidTag:
        raise ConfigError(
            f"dead letter {origin.text}: key {cipher.name} does not open it",
            hint="it was sealed with another key, or has been changed",
        ) from None
    return _unpack(clear)


def _pack(original: Original) -> bytes:
    """Both lengths (-1: none), then both contents."""
    lengths = (len(part) if part is not None else _NONE for part in (original.key, original.value))
    return _LENGTHS.pack(*lengths) + (original.key or b"") + (original.value or b"")


def _unpack(clear: bytes) -> Original:
    key_length, value_length = _LENGTHS.unpack_from(clear)
    middle = _LENGTHS.size + max(0, key_length)
    return Original(
        clear[_LENGTHS.size : middle] if key_length != _NONE else None,
        clear[middle:] if value_length != _NONE else None,
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
