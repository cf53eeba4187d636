"""`bucket`: one of n groups, chosen by a keyed hash."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from cdc.canonical import to_text
from cdc.privacy.transforms.keyed import Mac, derive_key, require_key
from cdc.privacy.transforms.rule import BoundRule, Context, Rule, columnar_of
from registry.derive.types import LONG

HASH_BYTES = 8


class Bucket(Rule):
    """HMAC-SHA-256 into groups 0 to n-1 of about equal size, for samples and experiments.

    Equal values of one `type` are in the same group everywhere; which group needs the key to
    guess. What leaves of a value is its group's number. NULL stays NULL.

    Example: `email: {class: identifier, rule: bucket, key: pii, type: email, groups: 100}`
    """

    rule: Literal["bucket"]
    key: str = Field(description="name of a key in keys.toml")
    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="what the value is: equal types share groups"
    )
    groups: int = Field(ge=2, le=65536, description="number of groups")

    def bind(self, context: Context) -> BoundRule:
        """Derive the key.

        Raises:
            RefusedRuleError: a float, or an unknown key.
        """
        key = require_key("bucket", self.key, context)
        mac = Mac(derive_key(key, context.purpose, self.type, use="bucket"))

        def plain(value: Any) -> int:
            digest = mac(to_text(value, context.type))
            return int.from_bytes(digest[:HASH_BYTES], "big") % self.groups

        return BoundRule(LONG, plain, columnar_of(plain, context.type, LONG))
