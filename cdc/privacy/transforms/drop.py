"""`drop`: the column does not leave."""

from __future__ import annotations

from typing import ClassVar, Literal

from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule


class Drop(Rule):
    """Acts on every type, also on those that have no canonical form.

    Example: `last_name: {class: personal, rule: drop}`
    """

    drops: ClassVar[bool] = True

    rule: Literal["drop"]

    def bind(self, context: Context) -> BoundRule:  # noqa: ARG002
        """A dropped column is never bound.

        Raises:
            RefusedRuleError: always.
        """
        raise RefusedRuleError("rule `drop` has no output")
