"""`date_part`: a point in time becomes the start of its year, month, day or hour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


def _first_of(months: int) -> Callable[[int], int]:
    """Days since 1970 to those of the first day of its period of so many months."""

    def start(days: int) -> int:
        day = date.fromordinal(days + _EPOCH_DAY)
        month = (day.month - 1) // months * months + 1
        return day.replace(month=month, day=1).toordinal() - _EPOCH_DAY

    return start


DATE_PARTS: Mapping[str, Callable[[int], int]] = {
    "year": _first_of(12),
    "quarter": _first_of(3),
    "month": _first_of(1),
}
TIME_PARTS: Mapping[str, int] = {"day": _DAY, "hour": 3600 * _SECOND, "minute": 60 * _SECOND}


class DatePart(Rule):
    """Acts on dates and timestamps; gives the start of the period, in the same type.

    All values of a period become one. A timestamp's days are those of UTC, those of a time on the
    wall (DATETIME) its own. NULL stays NULL.

    Example: `born_on: {class: quasi, rule: date_part, part: year}`
    """

    rule: Literal["date_part"]
    part: Literal["year", "quarter", "month", "day", "hour", "minute"] = Field(
        description="the period whose start comes out"
    )

    def bind(self, context: Context) -> BoundRule:
        """Choose the arithmetic.

        Raises:
            RefusedRuleError: the column is no point in time, or a date has nothing finer.
        """
        plain = self._plain(context)
        return BoundRule(context.type, plain, columnar_of(plain, context.type, context.type))

    def _plain(self, context: Context) -> Callable[[Any], int]:
        kind = context.type.kind
        if kind not in {"date", "timestamp", "local_timestamp"}:
            raise RefusedRuleError(
                f"rule `date_part` acts on dates and timestamps, not on {context.type}"
            )
        if self.part in TIME_PARTS:
            if kind == "date":
                raise RefusedRuleError(f"part `{self.part}` of a date hides nothing")
            length = TIME_PARTS[self.part]
            return lambda value: int(value // length * length)
        start = DATE_PARTS[self.part]
        return start if kind == "date" else lambda value: start(value // _DAY) * _DAY
