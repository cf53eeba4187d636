"""`geohash`: latitude and longitude become the name of the cell that holds them."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import (
    BoundRule,
    Context,
    RefusedRuleError,
    Rule,
    columnar_of,
    columnar_of_rows,
)
from registry.derive.types import GEOMETRY, STRING

LONGEST = 12

_DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
_BITS = 5
_NUMBERS = frozenset({"decimal", "double", "float"})
_LAYOUTS = {21: "Idd", 25: "IIdd"}
_POINTS = {(1,), (0x20000001, 4326)}
"""WKB's type, and the SRID where EWKB has one."""


class Geohash(Rule):
    """Acts on a latitude whose longitude is another column, or on a POINT by itself.

    Gives the geohash (base32, Niemeyer 2008) of fixed length, so a fixed cell and never noise; a
    shorter one is the cell around. Cells of 5 characters measure 4.9 by 4.9 km at the equator, of
    4 39 by 20, of 6 1.2 by 0.6. The longitude need not leave; where it leaves by a rule of its
    own, the two together are finer than the cell. Of a POINT x is the longitude, and its SRID is
    4326 or none. NULL in either column is NULL; what is no place on earth is a dead letter.

    Example: `lat: {class: quasi, rule: geohash, longitude: lon, chars: 5, as: cell}`
    """

    rule: Literal["geohash"]
    chars: int = Field(ge=1, le=LONGEST, description="length: how fine the cell is")
    longitude: str = Field("", description="column of the longitude; none: the column is a POINT")

    @property
    def needs(self) -> tuple[str, ...]:
        """The longitude, unless the column is a POINT."""
        return (self.longitude,) if self.longitude else ()

    def bind(self, context: Context) -> BoundRule:
        """Choose how the place is read.

        Raises:
            RefusedRuleError: neither two numbers nor one geometry.
        """
        return self._bind_numbers(context) if self.longitude else self._bind_point(context)

    def _bind_numbers(self, context: Context) -> BoundRule:
        sources = (context.type, *context.needed)
        for source in sources:
            if source.kind not in _NUMBERS:
                raise RefusedRuleError(
                    f"rule `geohash` acts on decimals and floats, not on {source}"
                )

        def plain(latitude: Any, longitude: Any) -> str:
            return geohash(latitude, longitude, self.chars)

        return BoundRule(STRING, plain, columnar_of_rows(plain, sources, STRING))

    def _bind_point(self, context: Context) -> BoundRule:
        if context.type != GEOMETRY:
            raise RefusedRuleError(
                f"rule `geohash` acts on a POINT, or names its `longitude`, not on {context.type}"
            )

        def plain(point: bytes) -> str:
            longitude, latitude = _read_point(point)
            return geohash(latitude, longitude, self.chars)

        return BoundRule(STRING, plain, columnar_of(plain, GEOMETRY, STRING))


def geohash(latitude: Decimal | float, longitude: Decimal | float, chars: int) -> str:
    """The cell's name, by exact arithmetic; the highest latitude and longitude are in the last.

    Raises:
        ValueError, OverflowError: no place on earth.
    """
    bits = chars * _BITS
    lows, highs = bits // 2, (bits + 1) // 2
    rows, columns = _cell(latitude, 90, lows), _cell(longitude, 180, highs)
    # Bits alternate from the left, the longitude's first: it has the one more of an odd number.
    number = 0
    for place in range(bits):
        source, left = (rows, lows) if place % 2 else (columns, highs)
        number = number << 1 | source >> (left - 1 - place // 2) & 1
    return "".join(_DIGITS[number >> shift & 31] for shift in range(bits - _BITS, -1, -_BITS))


def _cell(degrees: Decimal | float, most: int, bits: int) -> int:
    """Which of the 2^bits equal parts of -most to +most holds the value."""
    above, below = degrees.as_integer_ratio()
    if abs(above) > most * below:
        raise ValueError("no place on earth")
    part = ((above + most * below) << bits) // (2 * most * below)
    return min(part, (1 << bits) - 1)


def _read_point(data: bytes) -> tuple[float, float]:
    """Read x and y of an EWKB point.

    Raises:
        ValueError: another geometry, or of another reference system.
    """
    order = "<" if data[:1] == b"\x01" else ">"
    try:
        kind, *rest = struct.unpack(f"{order}x{_LAYOUTS[len(data)]}", data)
    except (KeyError, struct.error):
        raise ValueError("no point") from None
    if (kind, *rest[:-2]) not in _POINTS:
        raise ValueError("no point, or of another reference system than 4326")
    return rest[-2], rest[-1]
