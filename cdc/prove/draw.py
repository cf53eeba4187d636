"""Marked values: per MySQL type a value that occurs nowhere else, and what it may look like.

Enters: a column as MySQL describes it, and a source of chance. Leaves: `Drawn`, or nothing where
the type has too few values to carry a mark; such columns get a plain value.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from cdc.column import zigzag
from cdc.forms import format_span
from cdc.prove.encodings import (
    SHORTEST,
    Edge,
    Needle,
    digests_of,
    needles_of_bytes,
    needles_of_text,
)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
CORE = slice(4, 16)
"""The part of a marked text that is sought: one that leaves only in part is found, too."""
_MARK_LENGTH = 20
_SHORTEST_TEXT = 16
_DOMAIN = "@example.com"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as `information_schema` has it.

    `length` counts characters or bytes, `precision` digits; of a time, `scale` is how many digits
    its seconds have behind the point. 0: the type has none.
    """

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A value for the driver, the SQL around its place, and the value's needles."""

    value: Any
    needles: tuple[Needle, ...]
    sql: str = "%s"


Draw = Callable[[random.Random, SourceColumn], Drawn | None]


def draw(rng: random.Random, column: SourceColumn) -> Drawn | None:
    """A marked value; None: the type cannot carry a mark."""
    drawer = DRAWERS.get(column.type)
    return drawer(rng, column) if drawer else None


def draw_text(rng: random.Random, length: int = 60) -> Drawn | None:
    """A marked text of at most so many characters."""
    if length < _SHORTEST_TEXT:
        return None
    mark = "".join(rng.choices(_ALPHABET, k=min(_MARK_LENGTH, length)))
    value = mark + _DOMAIN if len(mark + _DOMAIN) <= length else mark
    return Drawn(value, (*needles_of_text(mark[CORE]), *digests_of(value)))


def _text(rng: random.Random, column: SourceColumn) -> Drawn | None:
    return draw_text(rng, column.length)


def _json(rng: random.Random, _: SourceColumn) -> Drawn:
    """With what JSON and URLs escape in the middle of the mark."""
    first, last = ("".join(rng.choices(_ALPHABET, k=8)) for _ in range(2))
    core = f"{first}é😀{last}"
    return Drawn(f'{{"{last}x{first}": "{core}"}}', needles_of_text(core))


def _bytes(rng: random.Random, column: SourceColumn) -> Drawn | None:
    if column.length < _SHORTEST_TEXT:
        return None
    data = rng.randbytes(_SHORTEST_TEXT)
    return Drawn(data, (*needles_of_bytes(data[2:14]), *digests_of(data)))


def _bits(rng: random.Random, column: SourceColumn) -> Drawn | None:
    size = column.precision // 8
    if size <= SHORTEST:
        return None
    data = rng.randbytes(size)
    return Drawn(int.from_bytes(data, "big"), needles_of_bytes(data))


def needles_of_whole(value: int) -> tuple[Needle, ...]:
    """A whole number: its digits, Avro's varint, eight bytes of either order."""
    forms = [*needles_of_text(str(value), Edge.DIGITS), *needles_of_bytes(zigzag(value))]
    if abs(value) >= 1 << 40:
        forms += needles_of_bytes(struct.pack(">q", value))
    return tuple(forms)


def _whole(low: int, high: int) -> Draw:
    def drawer(rng: random.Random, _: SourceColumn) -> Drawn:
        # A last digit of 0 would survive `band`.
        value = rng.randrange(low, high) // 10 * 10 + rng.randrange(1, 10)
        return Drawn(value, needles_of_whole(value))

    return drawer


def _decimal(rng: random.Random, column: SourceColumn) -> Drawn | None:
    digits = min(column.precision, 18)
    if digits < 9:
        return None
    unscaled = rng.randrange(10 ** (digits - 1), 10**digits) // 10 * 10 + rng.randrange(1, 10)
    value = Decimal(unscaled).scaleb(-column.scale)
    return Drawn(
        value,
        (
            *needles_of_text(f"{value:f}", Edge.DIGITS),
            *needles_of_text(str(unscaled), Edge.DIGITS),
            *needles_of_bytes(unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big")),
        ),
    )


def needles_of_float(value: float) -> tuple[Needle, ...]:
    """A double: its digits with and without exponent, and its eight bytes."""
    digits = repr(value).replace(".", "")
    return (
        *needles_of_text(repr(value), Edge.DIGITS),
        *needles_of_text(f"{digits[0]}.{digits[1:]}", Edge.DIGITS),
        *needles_of_bytes(struct.pack("<d", value)),
    )


def _double(rng: random.Random, _: SourceColumn) -> Drawn:
    value = rng.randrange(10**9, 10**10) + rng.randrange(1, 10**6) / 10**6
    return Drawn(value, needles_of_float(value))


def _float(rng: random.Random, _: SourceColumn) -> Drawn:
    """Four bytes are too few to be sought: its digits, short and exact, are."""
    value = np.float32(rng.randrange(10_000, 16_000) + rng.randrange(1, 1024) / 1024)
    texts = {str(value), repr(float(value))}
    return Drawn(
        float(value),
        tuple(needle for text in sorted(texts) for needle in needles_of_text(text, Edge.DIGITS)),
    )


def _date(rng: random.Random, _: SourceColumn) -> Drawn:
    value = f"{rng.randrange(3000, 9000)}-{rng.randrange(2, 13):02}-{rng.randrange(2, 29):02}"
    return Drawn(value, needles_of_text(value, Edge.DIGITS))


def _moment(first: int, last: int) -> Draw:
    """A point in time in one of these years, as fine as the column is."""

    def drawer(rng: random.Random, column: SourceColumn) -> Drawn:
        fine = 10 ** (6 - column.scale)
        moment = datetime(rng.randrange(first, last), rng.randrange(2, 13), 2, tzinfo=UTC)
        moment += _MICRO * (rng.randrange(86_400_000_000 * 20) // fine * fine)
        micros = (moment - _EPOCH) // _MICRO
        text = moment.replace(tzinfo=None).isoformat(" ", "seconds")
        texts = (text, text.replace(" ", "T"), str(micros), str(micros // 1000))
        return Drawn(
            moment.replace(tzinfo=None).isoformat(" "),
            (
                *(needle for form in texts for needle in needles_of_text(form, Edge.DIGITS)),
                *needles_of_bytes(zigzag(micros)),
            ),
        )

    return drawer


def _span(rng: random.Random, column: SourceColumn) -> Drawn | None:
    if column.scale < 6:
        return None
    micros = -rng.randrange(100 * 3600 * 10**6, 800 * 3600 * 10**6)
    text = format_span(micros)
    return Drawn(
        text,
        (
            *needles_of_text(text, Edge.DIGITS),
            *needles_of_text(str(micros), Edge.DIGITS),
            *needles_of_bytes(zigzag(micros)),
        ),
    )


def _shape(wkt: str) -> Draw:
    """A geometry of which one coordinate is marked."""

    def drawer(rng: random.Random, _: SourceColumn) -> Drawn:
        x = rng.randrange(10**9, 10**10) + rng.randrange(1, 10**6) / 10**6
        return Drawn(wkt.format(x=repr(x)), needles_of_float(x), "ST_GeomFromText(%s)")

    return drawer


def _vector(rng: random.Random, column: SourceColumn) -> Drawn | None:
    numbers = [np.float32(rng.randrange(10**6) / 10**6 + 1) for _ in range(column.precision)]
    if len(numbers) < 2:
        return None
    packed = struct.pack(f"<{len(numbers)}f", *numbers)
    text = f"[{','.join(map(str, numbers))}]"
    return Drawn(text, needles_of_bytes(packed[:12]), "STRING_TO_VECTOR(%s)")


_INT = _whole(1_100_000_000, 1_690_000_000)
_BIGINT = _whole(10**17, 9 * 10**17)

DRAWERS: Mapping[str, Draw] = {
    "INT": _INT,
    "INT UNSIGNED": _INT,
    "BIGINT": _BIGINT,
    "BIGINT UNSIGNED": _BIGINT,
    "FLOAT": _float,
    "DOUBLE": _double,
    "DECIMAL": _decimal,
    "BIT": _bits,
    "CHAR": _text,
    "VARCHAR": _text,
    "TINYTEXT": _text,
    "TEXT": _text,
    "MEDIUMTEXT": _text,
    "LONGTEXT": _text,
    "JSON": _json,
    "BINARY": _bytes,
    "VARBINARY": _bytes,
    "TINYBLOB": _bytes,
    "BLOB": _bytes,
    "MEDIUMBLOB": _bytes,
    "LONGBLOB": _bytes,
    "TIME": _span,
    "DATE": _date,
    "DATETIME": _moment(3000, 9000),
    "TIMESTAMP": _moment(2030, 2037),
    "GEOMETRY": _shape("POINT({x} 1)"),
    "POINT": _shape("POINT({x} 1)"),
    "LINESTRING": _shape("LINESTRING({x} 0, 1 1)"),
    "POLYGON": _shape("POLYGON(({x} 0, 1 0, 0 1, {x} 0))"),
    "MULTIPOINT": _shape("MULTIPOINT({x} 2)"),
    "MULTILINESTRING": _shape("MULTILINESTRING(({x} 0, 1 1))"),
    "MULTIPOLYGON": _shape("MULTIPOLYGON((({x} 0, 1 0, 0 1, {x} 0)))"),
    "GEOMCOLLECTION": _shape("GEOMETRYCOLLECTION(POINT({x} 2))"),
    "VECTOR": _vector,
}
"""Per MySQL type (upper case, with UNSIGNED) what draws a marked value."""

PLAIN: Mapping[str, Any] = {
    "BINARY": b"x",
    "BIT": 1,
    "CHAR": "x",
    "DECIMAL": 7,
    "ENUM": 1,
    "SET": 1,
    "TIME": "01:02:03",
    "VARBINARY": b"x",
    "VARCHAR": "x",
    "TINYINT": 7,
    "TINYINT(1)": 1,
    "TINYINT UNSIGNED": 7,
    "SMALLINT": 7,
    "SMALLINT UNSIGNED": 7,
    "MEDIUMINT": 7,
    "MEDIUMINT UNSIGNED": 7,
    "YEAR": 2001,
}
"""A value for columns that cannot carry a mark: too few values, or (ENUM, SET) those of the
declaration, of which the first is taken."""

LABELLED = frozenset({"ENUM", "SET"})
"""Types whose values are part of the table's declaration: the marks are in there."""
