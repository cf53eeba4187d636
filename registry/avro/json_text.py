"""JSON as Avro Java writes it: Jackson's escapes, Java's way of spelling doubles."""

import math
import re
from typing import Any, Final

from registry.errors import InvalidSchemaError

_ESCAPABLE: Final = re.compile(r'[\x00-\x1f"\\]')
_SHORT_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
}
# Double.toString: plain digits from 10^-3 up to 10^7, computerized scientific notation outside
_PLAIN_FROM: Final = 1e-3
_PLAIN_BELOW: Final = 1e7


def write_text(text: str) -> str:
    """Return a JSON string; non-ASCII stays as it is, control characters in upper-case hex."""
    if _ESCAPABLE.search(text) is None:
        return f'"{text}"'
    return f'"{_ESCAPABLE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _SHORT_ESCAPES.get(char) or f"\\u{ord(char):04X}"


def write_json(value: Any, *, is_sorted: bool = False) -> str:
    """Return compact JSON; `is_sorted` orders the keys of objects at every depth."""
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, str):
        return write_text(value)
    if isinstance(value, dict):
        items = sorted(value.items()) if is_sorted else value.items()
        pairs = (f"{write_text(k)}:{write_json(v, is_sorted=is_sorted)}" for k, v in items)
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(write_json(item, is_sorted=is_sorted) for item in value)}]"
    if isinstance(value, float):
        return write_double(value)
    return str(value)


_CONSTANTS: Final = {None: "null", True: "true", False: "false"}


def write_double(value: float) -> str:
    """Spell a double as Java does: `1.0`, `1.0E10`; raises InvalidSchemaError out of range."""
    if not math.isfinite(value):
        raise InvalidSchemaError("A number is out of the range of a double")
    if value == 0 or _PLAIN_FROM <= abs(value) < _PLAIN_BELOW:
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    return sign + _spell_scientific(whole, fraction, int(exponent or 0))


def _spell_scientific(whole: str, fraction: str, exponent: int) -> str:
    """One digit, the point, at least one digit, E and the exponent."""
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    significant = digits[leading:].rstrip("0") or "0"
    exponent += len(whole) - 1 - leading
    return f"{significant[0]}.{significant[1:] or '0'}E{exponent}"
