"""`mask`: the first and last characters of a text, the rest hidden."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of
from registry.derive.types import STRING

MIDDLE = "***"


class Mask(Rule):
    """Acts on text; shows the first and last characters with `***` between, whatever the length.

    Of a text that would not have at least as many characters hidden as shown, nothing is shown:
    then `***` alone comes out. NULL stays NULL.

    Example: `card: {class: sensitive, rule: mask, last: 4}`
    """

    rule: Literal["mask"]
    first: int = Field(0, ge=0, le=16, description="characters shown at the start")
    last: int = Field(0, ge=0, le=16, description="characters shown at the end")

    def bind(self, context: Context) -> BoundRule:
        """Nothing to prepare.

        Raises:
            RefusedRuleError: the column is no text, or nothing would be shown.
        """
        if context.type != STRING:
            raise RefusedRuleError(f"rule `mask` acts on text, not on {context.type}")
        shown = self.first + self.last
        if not shown:
            raise RefusedRuleError("rule `mask` shows nothing: give `first` or `last`, or `null`")

        def plain(value: Any) -> str:
            if len(value) < 2 * shown:
                return MIDDLE
            return f"{value[: self.first]}{MIDDLE}{value[len(value) - self.last :]}"

        return BoundRule(STRING, plain, columnar_of(plain, STRING, STRING))
