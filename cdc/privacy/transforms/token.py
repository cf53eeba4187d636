"""`token`: a keyed pseudonym, equal for equal values."""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field

from cdc.canonical import from_slice, to_text
from cdc.column import Column, IntArray
from cdc.keys import Key
from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule
from registry.derive.types import STRING, Canonical

TOKEN_BYTES = 20
"""160 bits, 32 characters of base32: no collision to be expected in 10^20 values."""

BLIND_BYTES = 5
"""The 40 bits of the MAC behind the token's hide the row's rank in `__version`."""

_BLOCK = 64
_EXACT_KINDS = frozenset({"string", "long", "bytes", "decimal", "boolean", "date", "timestamp"})


class Token(Rule):
    """HMAC-SHA-256 with a key derived per purpose and semantic type; needs the key to guess.

    The same `type` in two tables gives the same token for the same value, so that joins hold. Text
    of the token: `v<key version>.<32 characters of base32>`. NULL stays NULL. With `fold`, case and
    Unicode form of a text do not matter (NFC, then case folding).

    Example: `email: {class: identifier, rule: token, key: pii, type: email, fold: true}`
    """

    injective: ClassVar[bool] = True

    rule: Literal["token"]
    key: str = Field(description="name of a key in keys.toml")
    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="what the value is: equal types join"
    )
    fold: bool = Field(default=False, description="ignore case and Unicode form (text only)")

    def bind(self, context: Context) -> BoundRule:
        """Derive the key and prepare the two hash states.

        Raises:
            RefusedRuleError: a float, a folded key column, or an unknown key.
        """
        _refuse(self, context)
        secret = derive_key(context.keys[self.key], context.purpose, self.type)
        mac = Mac(secret)
        prefix = f"v{context.keys[self.key].current}."
        text = _text_of(context.type, fold=self.fold)

        def plain(value: Any) -> str:
            return prefix + _base32(mac(text(value)))

        return BoundRule(
            STRING,
            plain,
            lambda column: _tokens(column, context.type, plain),
            lambda column: _blinds(column, context.type, text, mac),
        )


def _refuse(rule: Token, context: Context) -> None:
    if rule.key not in context.keys:
        raise RefusedRuleError(
            f"rule `token` needs key `{rule.key}`; known keys: {', '.join(sorted(context.keys))}"
        )
    if context.type.kind not in _EXACT_KINDS:
        raise RefusedRuleError(f"rule `token` cannot act on {context.type}: use `drop` or `keep`")
    if rule.fold and context.type.kind != "string":
        raise RefusedRuleError(f"`fold` acts on text, not on {context.type}")
    if rule.fold and context.is_key:
        raise RefusedRuleError("`fold` on a key column would give two rows one key: leave it out")


def derive_key(key: Key, purpose: str, semantic_type: str) -> bytes:
    """The 32-byte MAC key of one purpose and semantic type (HKDF-SHA-256, RFC 5869, no salt).

    Info is `headworks|v<version>|<semantic type>|<purpose>`.
    """
    info = f"headworks|v{key.current}|{semantic_type}|{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key.secret)


@dataclass(frozen=True, slots=True, init=False)
class Mac:
    """HMAC-SHA-256 (RFC 2104) with both keyed states prepared: half the cost of `hmac.new`."""

    _inner: Any
    _outer: Any

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(_BLOCK, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded))
        outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded))
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_outer", outer)

    def __call__(self, text: bytes) -> bytes:
        """The 32 bytes of the MAC."""
        inner = self._inner.copy()
        inner.update(text)
        outer = self._outer.copy()
        outer.update(inner.digest())
        digest: bytes = outer.digest()
        return digest


def fold_text(text: str) -> str:
    """NFC, then full case folding, then NFC again (folding can undo the first)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _text_of(canonical: Canonical, *, fold: bool) -> Callable[[Any], bytes]:
    if fold:
        return lambda value: fold_text(value).encode()
    return lambda value: to_text(value, canonical)


def _base32(mac: bytes) -> str:
    return base64.b32encode(mac[:TOKEN_BYTES]).decode().lower()


def _tokens(column: Column, canonical: Canonical, plain: Callable[[Any], str]) -> Column:
    return Column.of(
        [
            None if data is None else plain(from_slice(data, canonical)).encode()
            for data in column.values()
        ]
    )


def _blinds(
    column: Column, canonical: Canonical, text: Callable[[Any], bytes], mac: Mac
) -> IntArray:
    end = TOKEN_BYTES + BLIND_BYTES
    return np.array(
        [
            0
            if data is None
            else int.from_bytes(mac(text(from_slice(data, canonical)))[TOKEN_BYTES:end], "big")
            for data in column.values()
        ],
        np.int64,
    )
