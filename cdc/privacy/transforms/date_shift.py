"""`date_shift`: all dates of one subject move by the same secret number of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from pydantic import Field

from cdc.canonical import to_text
from cdc.privacy.transforms.keyed import EXACT_KINDS, Mac, derive_key, require_key
from cdc.privacy.transforms.rule import (
    BoundRule,
    Context,
    RefusedRuleError,
    Rule,
    columnar_of_rows,
)
from registry.derive.types import Canonical

HASH_BYTES = 8
"""So many bytes of the MAC modulo 2n+1: no offset is likelier than another by more than 2^-40."""

NEVER = date(9999, 12, 31)

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST_DAY, _LAST_DAY = date.min.toordinal() - _EPOCH_DAY, date.max.toordinal() - _EPOCH_DAY
_UNITS = {"date": 1, "timestamp": 86_400_000_000, "local_timestamp": 86_400_000_000}
"""How many of a type's units a day has."""


class DateShift(Rule):
    """Acts on dates and timestamps; moves them by 1 to `days` days, the same for a subject.

    The offset is an HMAC-SHA-256 of the column `subject`, so that all moments of one subject move
    together: what lies between two of them, and the time of day, stay true. Equal subjects of one
    `type` move alike in every table. A moment that many subjects share tells each one's offset:
    days that stand for something else (`9999-12-31` for never) belong in `fixed` and stay as
    they are. NULL in either column is NULL; a moment that would leave the years 1 to 9999 is a
    dead letter.

    Example: `born_on: {class: quasi, rule: date_shift, subject: id, key: pii, type: user_id,
    days: 180}`
    """

    rule: Literal["date_shift"]
    subject: str = Field(description="the column that says whose date it is")
    key: str = Field(description="name of a key in keys.toml")
    type: str = Field(
        pattern=r"^[a-z][a-z0-9_]*$", description="what the subject is: equal types move alike"
    )
    days: int = Field(ge=1, le=3650, description="the farthest that a date moves, either way")
    fixed: tuple[date, ...] = Field((NEVER,), description="days that do not move")

    @property
    def needs(self) -> tuple[str, ...]:
        """The subject."""
        return (self.subject,)

    def bind(self, context: Context) -> BoundRule:
        """Derive the key.

        Raises:
            RefusedRuleError: the column is no point in time, the subject has no exact text, or the
                key is not known.
        """
        (subject,) = context.needed
        if context.type.kind not in _UNITS:
            raise RefusedRuleError(
                f"rule `date_shift` acts on dates and timestamps, not on {context.type}"
            )
        if subject.kind not in EXACT_KINDS:
            raise RefusedRuleError(f"a subject of type {subject} has no exact text to go by")
        offset = self._offset(context, subject)
        day = _UNITS[context.type.kind]
        fixed = {known.toordinal() - _EPOCH_DAY for known in self.fixed}

        def plain(value: int, whose: Any) -> int:
            if value // day in fixed:
                return value
            moved = value + offset(whose) * day
            if not _FIRST_DAY <= moved // day <= _LAST_DAY:
                raise ValueError("outside of the years 1 to 9999")
            return moved

        return BoundRule(
            context.type, plain, columnar_of_rows(plain, (context.type, subject), context.type)
        )

    def _offset(self, context: Context, subject: Canonical) -> Callable[[Any], int]:
        key = require_key("date_shift", self.key, context)
        mac = Mac(derive_key(key, context.purpose, self.type, use="date_shift"))

        def offset(whose: Any) -> int:
            number = int.from_bytes(mac(to_text(whose, subject))[:HASH_BYTES], "big")
            back = number % (2 * self.days) - self.days
            return back if back < 0 else back + 1

        return offset
