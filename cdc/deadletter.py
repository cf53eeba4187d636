"""Dead letters: one event that could not pass, with what a person needs to repair it.

Enters: a `Reject`, where the event came from, its raw bytes, a cipher key. Leaves: key and value of
a record for `<namespace>.dlq`. In clear are only names and codes; the raw key and value travel
together in one AES-256-GCM box, bound to the event's position, so that a letter can be neither read
nor moved to another place without the key.

    {"reason", "stage", "column", "message", "table",
     "source": {"topic", "partition", "offset"}, "schema_id", "key",
     "original": {"key_version", "nonce", "sealed"}}          replayable
     "original": {"key_version", "bytes", "hmac"}}            too large to be kept
"""

from __future__ import annotations

import base64
import hmac
import os
import struct
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cdc.errors import ConfigError, RecordError
from cdc.keys import Key

LARGEST_ORIGINAL = 10 * 1024 * 1024
"""Raw key and value together; base64 of it and the rest still fit into a record of 16 MiB."""
_NONCE_BYTES = 12
_HMAC_PURPOSE = b"headworks dead letter fingerprint"
_LENGTHS = struct.Struct(">qq")
_NONE = -1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the event stands in its raw topic."""

    topic: str
    partition: int
    offset: int

    @property
    def text(self) -> str:
        """`<topic>/<partition>/<offset>`: the letter's Kafka key."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def table(self) -> str:
        """`<database>.<table>`."""
        return ".".join(self.topic.rsplit(".", 2)[-2:])


@dataclass(frozen=True, slots=True)
class Original:
    """The raw message, byte for byte."""

    key: bytes | None
    value: bytes | None

    def __len__(self) -> int:
        return len(self.key or b"") + len(self.value or b"")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is read back; `original` is None where it was too large to be kept."""

    reason: str
    stage: str
    column: str
    message: str
    origin: Origin
    schema_id: int | None
    key: bytes | None
    original: Original | None


def seal_letter(
    error: RecordError,
    origin: Origin,
    original: Original,
    cipher: Key,
    *,
    schema_id: int | None = None,
    key: bytes | None = None,
) -> tuple[bytes, bytes]:
    """Key and value of the letter's record; `key` is the governed key where it could be derived."""
    value = {
        "reason": error.reason,
        "stage": error.stage,
        "column": error.column,
        "message": error.message,
        "table": origin.table,
        "source": {"topic": origin.topic, "partition": origin.partition, "offset": origin.offset},
        "schema_id": schema_id,
        "key": _text(key) if key is not None else None,
        "original": _seal(origin, original, cipher),
    }
    return origin.text.encode(), orjson.dumps(value)


def open_letter(value: bytes, cipher: Key) -> Letter:
    """Read a letter and decrypt its original.

    Raises:
        ConfigError: the key version is missing, or the letter was made with another key or has
            been changed.
    """
    parsed = orjson.loads(value)
    origin = Origin(**parsed["source"])
    return Letter(
        parsed["reason"],
        parsed["stage"],
        parsed["column"],
        parsed["message"],
        origin,
        parsed["schema_id"],
        _bytes(parsed["key"]) if parsed["key"] is not None else None,
        _unseal(origin, parsed["original"], cipher),
    )


def _seal(origin: Origin, original: Original, cipher: Key) -> dict[str, Any]:
    clear = _pack(original)
    if len(original) > LARGEST_ORIGINAL:
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
