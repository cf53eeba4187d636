"""MySQL's own notations in one form: JSON text, SETs, ENUM labels, geometries, spans of time.

The SQL side and the record path both come through here, so that they cannot disagree.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_DECIMAL_DIGITS = 65
"""MySQL's longest DECIMAL. A longer number is a double."""
_LEAST_PLAIN = -7
"""Smaller powers of ten are written with an exponent."""

_WKB_HEAD = 5
_EWKB_SRID = 0x20000000

_SPAN = re.compile(r"(-?)(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?", re.ASCII)


def canonical_json(text: str) -> str:
    """JSON text with sorted keys, without spaces, each number in one form.

    Of a key that occurs twice the last one holds, as in MySQL.

    Raises:
        ValueError: not JSON.
    """
    try:
        return _write(_parse(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


class _Number(str):
    """A number's digits, told from a string."""

    __slots__ = ()


def _refuse(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _number(token: str) -> _Number:
    return _Number(canonical_number(token))


_parse = json.JSONDecoder(
    parse_float=_number, parse_int=_number, parse_constant=_refuse, strict=False
).decode
_quote = json.JSONEncoder(ensure_ascii=False).encode


def _write(value: Any) -> str:
    match value:
        case _Number():
            return str(value)
        case dict():
            return _write_object(value)
        case list():
            return "[" + ",".join(map(_write, value)) + "]"
        case _:
            return _quote(value)


def _write_object(value: Mapping[str, Any]) -> str:
    members = (f"{_quote(name)}:{_write(value[name])}" for name in sorted(value))
    return "{" + ",".join(members) + "}"


def canonical_number(token: str) -> str:
    """A JSON number in the one form of its value: `1.50` is `1.5`, `1e2` is `100`.

    MySQL writes a double with the digits that it needs; Debezium's stream writes one below 0.001 or
    from 10 million on with all digits of its binary value. Such a number is told by being exactly a
    double, and comes out with the digits that it needs. Whole numbers keep every digit.

    Raises:
        ValueError: larger than any double.
    """
    exact = Decimal(token)
    near = float(exact)
    is_long = exact.adjusted() >= _DECIMAL_DIGITS
    if is_long or "e" in token.lower() or ("." in token and Decimal(near) == exact):
        if near in {float("inf"), float("-inf")}:
            raise ValueError("larger than any double")
        is_whole = near.is_integer() and not is_long
        exact = Decimal(int(near)) if is_whole else Decimal(repr(near))
    return _lay_out(exact)


def _lay_out(value: Decimal) -> str:
    """Plain digits, no zeros at the end of a fraction; an exponent outside 1e-7..1e65."""
    sign, digits, exponent = value.as_tuple()
    text = "".join(map(str, digits)).strip("0")
    if not text:
        return "0"
    power = value.adjusted()
    if _LEAST_PLAIN <= power < _DECIMAL_DIGITS:
        plain = f"{value:f}"
        return plain.rstrip("0").rstrip(".") if int(exponent) < 0 else plain
    fraction = f".{text[1:]}" if text[1:] else ""
    return f"{'-' if sign else ''}{text[0]}{fraction}e{power}"


def split_set(text: str) -> tuple[str, ...]:
    """The members of a SET, which never contain a comma; the empty text is the empty set."""
    return tuple(text.split(",")) if text else ()


def split_allowed(allowed: str) -> frozenset[str]:
    r"""The labels of Debezium's `allowed` list, where a label's own comma is `\,`."""
    return frozenset(part.replace("\\,", ",") for part in re.split(r"(?<!\\),", allowed))


def ewkb(wkb: bytes, srid: int | None) -> bytes:
    """WKB that carries its reference system (EWKB, as PostGIS writes it); without one, plain WKB.

    Raises:
        ValueError: no WKB.
        struct.error: no SRID.
    """
    if len(wkb) < _WKB_HEAD or wkb[0] > 1:
        raise ValueError("not WKB")
    if not srid:
        return wkb
    order = "<" if wkb[0] else ">"
    (kind,) = struct.unpack_from(f"{order}I", wkb, 1)
    return wkb[:1] + struct.pack(f"{order}II", kind | _EWKB_SRID, srid) + wkb[_WKB_HEAD:]


def mysql_geometry(stored: bytes) -> bytes:
    """EWKB of a geometry as MySQL stores it: four bytes of SRID, then WKB."""
    return ewkb(stored[4:], int.from_bytes(stored[:4], "little"))


def parse_span(text: str) -> int:
    """µs of `-838:59:59.000000`; seconds and fraction may be missing, a `Z` behind is passed over.

    Raises:
        ValueError: not of that form.
    """
    found = _SPAN.fullmatch(text.removesuffix("Z"))
    if found is None:
        raise ValueError("not a time")
    sign, hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds or 0)
    micros = whole * 1_000_000 + int((fraction or "").ljust(6, "0"))
    return -micros if sign else micros


def format_span(micros: int) -> str:
    """`-838:59:59.000000`."""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{'-' if micros < 0 else ''}{hour:02}:{minute:02}:{second:02}.{fraction:06}"
