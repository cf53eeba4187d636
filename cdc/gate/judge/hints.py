"""What names, comments and character sets tell of a column's values: guesses, so they only warn."""

from __future__ import annotations

import re

from cdc.gate.judge.cases import Case, Pair
from cdc.gate.judge.columns import TEXTS, families_of, sides_of
from cdc.gate.judge.wording import family, sql_type
from registry.derive.ddl import MySqlColumn

_APPROXIMATE = frozenset({"float", "double", "real"})
_MONEY = re.compile(
    r"(?:^|_)(price|amount|total|cost|fee|balance|salary|wage|tax|revenue|payment|money|discount"
    r"|subtotal|refund|budget)(?:_|$|s(?:_|$))",
    re.IGNORECASE,
)
# Names for the same unit stand on one line.
_UNITS = (
    *("cents cent", "eur euro euros", "usd dollar dollars", "gbp", "inr rupee rupees", "paise"),
    *("ns nanoseconds", "us micros microseconds", "ms millis milliseconds", "minutes minute"),
    *("s sec secs seconds second", "hours hour", "days day", "mm", "cm", "km", "miles mile"),
    *("m meter meters metre metres", "g gram grams", "kg", "lb lbs pounds", "percent pct"),
    *("celsius", "fahrenheit", "bytes byte", "kb", "mb", "gb", "net", "gross"),
)
_UNIT_OF = {word: line.split()[0] for line in _UNITS for word in line.split()}
_CHARSETS = {"utf8mb4": 3, "utf16": 3, "utf32": 3, "utf8": 2, "utf8mb3": 2, "ucs2": 2, "ascii": 0}
_SERVER_CHARSET = "utf8mb4"


def find_charset_loss(_case: Case, pair: Pair) -> str:
    """Fewer characters."""
    old, new = sides_of(pair)
    before, after = (side.type.charset or _SERVER_CHARSET for side in (old, new))
    is_text = set(families_of(pair)) <= TEXTS
    ranks = _CHARSETS.get(before, 1), _CHARSETS.get(after, 1)
    is_lossy = ranks[1] < ranks[0] or (before != after and ranks == (1, 1))
    return f"{before} becomes {after}" if is_text and is_lossy else ""


def find_float_money(_case: Case, pair: Pair) -> str:
    """A name like money's, and an approximate type."""
    new = pair.new
    if new is None or family(new) not in _APPROXIMATE or not _MONEY.search(new.name):
        return ""
    if pair.old is not None and family(pair.old) in _APPROXIMATE:
        return ""
    return f"looks like money, and {sql_type(new.type)} has no exact cents"


def find_unit_changed(_case: Case, pair: Pair) -> str:
    """Name or comment say another unit."""
    for old, new in zip(*(_described(side) for side in sides_of(pair)), strict=True):
        before, after = _units(old), _units(new)
        if before and after and before != after:
            return f"{', '.join(sorted(before))} becomes {', '.join(sorted(after))}"
    return ""


def _described(column: MySqlColumn) -> tuple[str, str]:
    return column.name, column.comment or ""


def _units(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower())
    return {_UNIT_OF[word] for word in words if word in _UNIT_OF}
