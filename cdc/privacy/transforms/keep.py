"""`keep`: the value as it is."""

from __future__ import annotations

from typing import ClassVar, Literal

from cdc.privacy.transforms.rule import BoundRule, Context, Rule


class Keep(Rule):
    """Acts on every type; promises nothing but the canonical form.

    Example: `price: {class: public, rule: keep}`
    """

    injective: ClassVar[bool] = True

    rule: Literal["keep"]

    def bind(self, context: Context) -> BoundRule:
        """Nothing to prepare: a kept column is the same slices."""
        return BoundRule(context.type, lambda value: value, lambda column: column)
