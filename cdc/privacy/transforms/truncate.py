"""`truncate`: the first characters of a text."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of
from registry.derive.types import STRING

LONGEST = 64


class Truncate(Rule):
    """Acts on text; no more than the first characters leave (Unicode code points).

    A shorter text leaves whole: meant for codes whose first characters name a group, such as the
    area of a postcode. NULL stays NULL.

    Example: `postcode: {class: quasi, rule: truncate, chars: 3}`
    """

    rule: Literal["truncate"]
    chars: int = Field(ge=1, le=LONGEST, description="how many characters leave")

    def bind(self, context: Context) -> BoundRule:
        """Nothing to prepare.

        Raises:
            RefusedRuleError: the column is no text.
        """
        if context.type != STRING:
            raise RefusedRuleError(f"rule `truncate` acts on text, not on {context.type}")

        def plain(value: str) -> str:
            return value[: self.chars]

        return BoundRule(STRING, plain, columnar_of(plain, STRING, STRING))
