"""`lookup`: a value from a closed list, nothing else can come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import (
    BoundRule,
    Context,
    RefusedRuleError,
    Rule,
    columnar_of,
)
from registry.derive.types import STRING


class Lookup(Rule):
    """Acts on text; its output is one of the listed values, `otherwise` or NULL.

    `match: whole` looks the whole text up; `match: word` takes the last listed word or phrase that
    stands in the text (a city at the end of an address). Case does not matter.

    Example: `residence: {class: personal, rule: lookup, as: city, match: word,
    values: {Bangalore: Bangalore, Bengaluru: Bangalore}, otherwise: other}`
    """

    rule: Literal["lookup"]
    match: Literal["whole", "word"] = Field("whole", description="how a value is found")
    values: Mapping[str, str] = Field(min_length=1, description="what is found: what comes out")
    otherwise: str | None = Field(None, description="what comes out when nothing is found")

    def bind(self, context: Context) -> BoundRule:
        """Compile the list.

        Raises:
            RefusedRuleError: the column is no text.
        """
        if context.type != STRING:
            raise RefusedRuleError(f"rule `lookup` acts on text, not on {context.type}")
        outputs = {found.casefold(): output for found, output in self.values.items()}
        words = "|".join(sorted(map(re.escape, outputs), key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")

        def whole(value: Any) -> str | None:
            return outputs.get(value.casefold(), self.otherwise)

        def word(value: Any) -> str | None:
            found = pattern.findall(value.casefold())
            return outputs[found[-1]] if found else self.otherwise

        plain = whole if self.match == "whole" else word
        return BoundRule(STRING, plain, columnar_of(plain, STRING, STRING))
