"""`encrypt`: a pseudonym that the key's owner can turn back."""

from __future__ import annotations

import base64
from typing import Any, ClassVar, Literal

from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from pydantic import Field

from cdc.canonical import to_text
from cdc.privacy.transforms.keyed import Mac, blinder, derive_key, describe_making, require_key
from cdc.privacy.transforms.rule import BoundRule, Context, Rule, columnar_of
from registry.derive.types import STRING

SIV_KEY_BYTES = 64
"""AES-256-SIV: 32 bytes for the MAC, 32 for the cipher."""


class Encrypt(Rule):
    """AES-256-SIV (RFC 5297) with a key derived per purpose and semantic type; reversible.

    Equal values of one `type` give equal ciphertexts, so that joins hold; who has the key can read
    them. The ciphertext is as long as the value and 16 bytes: it shows the value's length. Text:
    `v<key version>.<base64url without padding>`. NULL stays NULL.

    Example: `account: {class: identifier, rule: encrypt, key: pii, type: account}`
    """

    injective: ClassVar[bool] = True

    rule: Literal["encrypt"]
    key: str = Field(description="name of a key in keys.toml")
    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="what the value is: equal types join"
    )

    def bind(self, context: Context) -> BoundRule:
        """Derive the cipher's key and the one that hides the row's rank.

        Raises:
            RefusedRuleError: a float, or an unknown key.
        """
        key = require_key("encrypt", self.key, context)
        place = (context.purpose, self.type)
        cipher = AESSIV(derive_key(key, *place, use="encrypt", length=SIV_KEY_BYTES))
        mac = Mac(derive_key(key, *place, use="encrypt-rank"))
        prefix = f"v{key.current}."

        def plain(value: Any) -> str:
            sealed = cipher.encrypt(to_text(value, context.type), None)
            return prefix + base64.urlsafe_b64encode(sealed).decode().rstrip("=")

        return BoundRule(
            STRING,
            plain,
            columnar_of(plain, context.type, STRING),
            blinder(context.type, lambda value: mac(to_text(value, context.type))),
            describe_making(self.rule, key, self.type),
        )
