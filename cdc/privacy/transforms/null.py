"""`null`: the field is there, its value is not."""

from __future__ import annotations

from typing import Literal

from cdc.column import Column
from cdc.privacy.transforms.rule import BoundRule, Context, Rule


class Null(Rule):
    """Acts on every type; the field keeps the column's type and is always NULL.

    For readers that want a field which may not leave. Nothing of the value is in the output, not
    even whether there was one. Bare `rule: null` in YAML is taken as this rule.

    Example: `phone: {class: personal, rule: "null"}`
    """

    rule: Literal["null"]

    def bind(self, context: Context) -> BoundRule:
        """Nothing to prepare: what comes out does not depend on what goes in."""
        return BoundRule(
            context.type, lambda _: None, lambda column: Column.of([None] * len(column))
        )
