"""`lookup`: a value from a closed list, nothing else can come out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import (
    BoundRule,
    Columnar,
    Context,
    RefusedRuleError,
    Rule,
    columnar_of,
    slice_of,
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
        by_length = sorted(outputs, key=len, reverse=True)
        words = "|".join(map(re.escape, by_length))
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")

        def whole(value: Any) -> str | None:
            return outputs.get(value.casefold(), self.otherwise)

        def word(value: Any) -> str | None:
            found = pattern.findall(value.casefold())
            return outputs[found[-1]] if found else self.otherwise

        plain = whole if self.match == "whole" else word
        columnar = columnar_of(plain, STRING, STRING)
        if self.match == "whole" or not all(outputs):
            return BoundRule(STRING, plain, columnar)

        def kernels() -> Columnar:
            from cdc.privacy.transforms.coarse_kernels import Words, word_kernel  # noqa: PLC0415

            known = {word: outputs[word] for word in by_length}
            words, slow = Words.of(known, self.otherwise), slice_of(plain, STRING, STRING)
            return {"columnar": lambda column: word_kernel(words, column, slow)}

        return BoundRule(STRING, plain, columnar, kernels=kernels)
