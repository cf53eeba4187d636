"""What the keyed rules share: derived keys, HMAC, and bits that hide a row's rank."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cdc.canonical import from_slice
from cdc.column import Column, IntArray
from cdc.keys import Key
from cdc.privacy.transforms.rule import Context, MadeBy, RefusedRuleError
from registry.derive.types import KINDS, Canonical

BLIND_BYTES = 5
"""40 bits a key: what is added to `__version` so that it does not tell the row's rank."""

EXACT_KINDS = frozenset(KINDS) - {"float", "double", "vector"}
"""Kinds whose values have one text each; a float has none that every reader agrees on."""

_BLOCK = 64


def require_key(rule: str, name: str, context: Context) -> Key:
    """The key of a rule that acts on exact values only.

    Raises:
        RefusedRuleError: there is no such key, or the column's type has no exact text.
    """
    if name not in context.keys:
        known = ", ".join(sorted(context.keys))
        raise RefusedRuleError(f"rule `{rule}` needs key `{name}`; known keys: {known}")
    if context.type.kind not in EXACT_KINDS:
        raise RefusedRuleError(f"rule `{rule}` cannot act on {context.type}: use `drop` or `keep`")
    return context.keys[name]


def describe_making(rule: str, key: Key, semantic_type: str) -> MadeBy:
    """What a rule's pseudonyms depend on, without the secret."""
    return {"rule": rule, "key": key.name, "version": key.current, "type": semantic_type}


def derive_key(
    key: Key, purpose: str, semantic_type: str, *, use: str = "", length: int = 32
) -> bytes:
    """The key of one use, purpose and semantic type (HKDF-SHA-256, RFC 5869, no salt).

    Info is `headworks|v<version>|<semantic type>|<purpose>`; of a use other than the token's,
    `headworks|<use>|v<version>|<semantic type>|<purpose>`.
    """
    parts = ["headworks", *([use] if use else []), f"v{key.current}", semantic_type, purpose]
    info = "|".join(parts).encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key.secret)


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


def blinder(
    canonical: Canonical, mac: Callable[[Any], bytes], skip: int = 0
) -> Callable[[Column], IntArray]:
    """Per value `BLIND_BYTES` of its MAC as a number, the first `skip` bytes left out."""
    end = skip + BLIND_BYTES

    def blind(column: Column) -> IntArray:
        return np.array(
            [
                0
                if data is None
                else int.from_bytes(mac(from_slice(data, canonical))[skip:end], "big")
                for data in column.values()
            ],
            np.int64,
        )

    return blind
