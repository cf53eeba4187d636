"""`constant`: one value for all rows that have any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from cdc.canonical import from_json, from_slice, to_json, to_slice
from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of
from registry.derive.types import Canonical

WRITTEN: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "decimal": (int, float, str),
    "set": (),
    "vector": (),
}
"""How a constant of a kind is written in YAML (nothing: refused); every other kind is text."""

_MISFITS = (ValueError, TypeError, AttributeError, ArithmeticError)


class Constant(Rule):
    """Acts on every type; the value is written as the JSON form of the column's type has it.

    NULL stays NULL, so the output says which rows have a value and nothing else.

    Example: `country: {class: quasi, rule: constant, value: "IN"}`
    """

    rule: Literal["constant"]
    value: bool | int | float | str = Field(description="what comes out for every value")

    def bind(self, context: Context) -> BoundRule:
        """Read the constant as a value of the column's type.

        Raises:
            RefusedRuleError: it is none.
        """
        value = _read(self.value, context.type)
        return BoundRule(
            context.type,
            lambda _: value,
            columnar_of(lambda _: value, context.type, context.type),
        )


def _read(written: object, canonical: Canonical) -> Any:
    try:
        if type(written) not in WRITTEN.get(canonical.kind, (str,)):
            raise ValueError
        as_json = str(written) if canonical.kind == "decimal" else written
        value = from_slice(to_slice(from_json(as_json, canonical), canonical), canonical)
        to_json(value, canonical)
    except _MISFITS:
        raise RefusedRuleError(
            f"rule `constant`: its value is no {canonical}; write the JSON form of one"
        ) from None
    return value
