"""`token`: a keyed pseudonym, equal for equal values."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pydantic import Field

from cdc.canonical import from_slice, to_text
from cdc.column import Column
from cdc.privacy.transforms.keyed import Mac, blinder, derive_key, describe_making, require_key
from cdc.privacy.transforms.rule import BoundRule, Columnar, Context, RefusedRuleError, Rule
from registry.derive.types import STRING, Canonical

TOKEN_BYTES = 20
"""160 bits, 32 characters of base32: no collision to be expected in 10^20 values."""


class Token(Rule):
    """HMAC-SHA-256 with a key derived per purpose and semantic type; needs the key to guess.

    The same `type` in two tables gives the same token for the same value, so that joins hold. Text
    of the token: `v<key version>.<32 characters of base32>`. NULL stays NULL. With `fold`, case and
    Unicode form of a text do not matter (NFC, then case folding). While its key is being rotated,
    `<field>__prev` has the token under the version before.

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
        key = require_key("token", self.key, context)
        _refuse_fold(self, context)
        secret = derive_key(key, context.purpose, self.type)
        mac = Mac(secret)
        prefix = f"v{key.current}."
        text = _text_of(context.type, fold=self.fold)

        def plain(value: Any) -> str:
            return prefix + _base32(mac(text(value)))

        return BoundRule(
            STRING,
            plain,
            lambda column: _tokens(column, context.type, plain),
            blinder(context.type, lambda value: mac(text(value)), TOKEN_BYTES),
            describe_making(self.rule, key, self.type),
            lambda: self._kernels(secret, prefix, context.type),
        )

    def _kernels(self, secret: bytes, prefix: str, canonical: Canonical) -> Columnar:
        from cdc.privacy.transforms.token_kernels import TokenKernels  # noqa: PLC0415 (numba)

        text = _text_of(canonical, fold=self.fold)
        made = TokenKernels(secret, prefix.encode(), TOKEN_BYTES, canonical, text, fold=self.fold)
        return {"columnar": made.tokens, "blind": made.blind}


def _refuse_fold(rule: Token, context: Context) -> None:
    if rule.fold and context.type.kind != "string":
        raise RefusedRuleError(f"`fold` acts on text, not on {context.type}")
    if rule.fold and context.is_key:
        raise RefusedRuleError("`fold` on a key column would give two rows one key: leave it out")


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
