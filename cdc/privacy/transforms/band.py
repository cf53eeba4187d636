"""`band`: a number becomes the lower edge of its band."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from pydantic import Field

from cdc.canonical import to_json
from cdc.privacy.transforms.grid import Grid
from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of
from registry.derive.types import Canonical


class Band(Rule):
    """Acts on numbers; bands [k*width, (k+1)*width), the same for all rows, no noise.

    A whole number and a float keep their type, a decimal gets the width's scale as with `grid`.
    The band of the highest or lowest value may hold few rows: the width does not tell. NULL stays
    NULL.

    Example: `age: {class: quasi, rule: band, width: 10}`
    """

    rule: Literal["band"]
    width: Decimal = Field(gt=0, description="width of a band, in the column's unit")

    def bind(self, context: Context) -> BoundRule:
        """Choose the arithmetic that is exact for the type.

        Raises:
            RefusedRuleError: the column is no number, or the band is finer than the column.
        """
        make = _MAKERS.get(context.type.kind)
        if make is None:
            raise RefusedRuleError(f"rule `band` acts on numbers, not on {context.type}")
        return make(self, context)


def _band_long(rule: Band, context: Context) -> BoundRule:
    width = int(rule.width)
    if width != rule.width or width == 1:
        raise RefusedRuleError(f"width {rule.width} on {context.type}: give a whole number above 1")
    return _bound(context.type, lambda value: value // width * width)


def _band_float(rule: Band, context: Context) -> BoundRule:
    """By the digits that the value shows: 0.3 lies in the band of 0.3, whatever its bits."""
    width = Fraction(rule.width)

    def plain(value: Any) -> float:
        return float(Fraction(repr(to_json(value, context.type))) // width * width)

    return _bound(context.type, plain)


def _band_decimal(rule: Band, context: Context) -> BoundRule:
    common = {"class": rule.class_, "as": rule.as_, "rule": "grid"}
    return Grid.model_validate({**common, "cell": rule.width}).bind(context)


def _bound(canonical: Canonical, plain: Callable[[Any], Any]) -> BoundRule:
    return BoundRule(canonical, plain, columnar_of(plain, canonical, canonical))


_MAKERS: Mapping[str, Callable[[Band, Context], BoundRule]] = {
    "long": _band_long,
    "float": _band_float,
    "double": _band_float,
    "decimal": _band_decimal,
}
