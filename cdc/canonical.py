"""Canonical values in their three forms: Python value, slice (Avro binary) and JSON.

| kind | Python | JSON |
|---|---|---|
| boolean | bool | true, false |
| long | int | number |
| float, double | float | number (a float with the digits that it needs) |
| string | str | string |
| bytes | bytes | base64 |
| decimal | Decimal of the type's scale | string |
| date | int, days since 1970-01-01 | `2024-02-29` |
| timestamp | int, µs since 1970-01-01 UTC | `2024-02-29T12:34:56.000000Z` |
| local_timestamp | int, µs since 1970-01-01 on the wall | the same without `Z` |
| time | int, µs, signed | `-838:59:59.000000` |
| json | str, the text that `cdc.forms.canonical_json` gives | string, that text |
| set | tuple of str | array of strings |
| geometry | bytes, EWKB | base64 |
| vector | tuple of float | array of numbers |

A slice has no length prefix; `cdc.stream.encode` adds it where the framing wants one.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

import numpy as np
import orjson

from cdc.arrays import decode_floats, decode_strings, encode_floats, encode_strings
from cdc.column import unzigzag, zigzag
from cdc.forms import format_span, parse_span
from registry.derive.types import Canonical

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# MySQL's DECIMAL has up to 65 digits; Python's default context would round at 28.
_WIDE = Context(prec=140)


@dataclass(frozen=True, slots=True)
class Codec:
    """Python value to slice and back, Python value to JSON and back, of one kind."""

    encode: Callable[[Any, Canonical], bytes]
    decode: Callable[[bytes, Canonical], Any]
    to_json: Callable[[Any, Canonical], Any]
    from_json: Callable[[Any, Canonical], Any]


def _plain(value: Any, _: Canonical) -> Any:
    return value


def unscaled(value: Decimal, scale: int) -> int:
    """The integer that `value` is at `scale` digits behind the point.

    Raises:
        ValueError: the value has more digits behind the point than that.
    """
    exact = _WIDE.scaleb(value, scale)
    whole = int(exact)
    if whole != exact:
        raise ValueError(f"more than {scale} digits behind the point")
    return whole


def scaled(whole: int, scale: int) -> Decimal:
    """The Decimal of an integer at `scale` digits behind the point, trailing zeros kept."""
    return Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -scale))


def _encode_decimal(value: Decimal, canonical: Canonical) -> bytes:
    whole = unscaled(value, canonical.scale)
    if abs(whole) >= 10**canonical.precision:
        raise ValueError(f"does not fit {canonical}")
    bits = (whole if whole >= 0 else ~whole).bit_length()
    return whole.to_bytes(bits // 8 + 1, "big", signed=True)


def _decode_decimal(data: bytes, canonical: Canonical) -> Decimal:
    return scaled(int.from_bytes(data, "big", signed=True), canonical.scale)


def _instant_json(value: int, suffix: str) -> str:
    text = (_EPOCH + timedelta(microseconds=value)).replace(tzinfo=None)
    return text.isoformat(timespec="microseconds") + suffix


def parse_instant(text: str) -> int:
    """µs since 1970 of an ISO 8601 instant with `Z`, an offset or neither (then UTC)."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def parse_day(text: str) -> int:
    """Days since 1970 of an ISO 8601 date."""
    return date.fromisoformat(text).toordinal() - _EPOCH_DAY


def _float_json(value: float) -> float:
    return float(str(np.float32(value)))


def _float_of_json(value: float) -> float:
    read: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return read


_STRING = Codec(lambda v, _: v.encode(), lambda data, _: data.decode(), _plain, _plain)
_BYTES = Codec(
    _plain,
    _plain,
    lambda value, _: base64.b64encode(value).decode(),
    lambda text, _: base64.b64decode(text, validate=True),
)

CODECS: Mapping[str, Codec] = {
    "boolean": Codec(
        lambda value, _: b"\x01" if value else b"\x00",
        lambda data, _: data == b"\x01",
        _plain,
        _plain,
    ),
    "long": Codec(lambda v, _: zigzag(v), lambda data, _: unzigzag(data), _plain, _plain),
    "float": Codec(
        lambda value, _: struct.pack("<f", value),
        lambda data, _: struct.unpack("<f", data)[0],
        lambda value, _: _float_json(value),
        lambda value, _: _float_of_json(value),
    ),
    "double": Codec(
        lambda value, _: struct.pack("<d", value),
        lambda data, _: struct.unpack("<d", data)[0],
        _plain,
        lambda value, _: float(value),
    ),
    "string": _STRING,
    "json": _STRING,
    "bytes": _BYTES,
    "geometry": _BYTES,
    "decimal": Codec(
        _encode_decimal,
        _decode_decimal,
        lambda value, _: f"{value:f}",
        lambda text, _: Decimal(text),
    ),
    "date": Codec(
        lambda value, _: zigzag(value),
        lambda data, _: unzigzag(data),
        lambda value, _: date.fromordinal(value + _EPOCH_DAY).isoformat(),
        lambda text, _: parse_day(text),
    ),
    "timestamp": Codec(
        lambda value, _: zigzag(value),
        lambda data, _: unzigzag(data),
        lambda value, _: _instant_json(value, "Z"),
        lambda text, _: parse_instant(text),
    ),
    "local_timestamp": Codec(
        lambda value, _: zigzag(value),
        lambda data, _: unzigzag(data),
        lambda value, _: _instant_json(value, ""),
        lambda text, _: parse_instant(text),
    ),
    "time": Codec(
        lambda value, _: zigzag(value),
        lambda data, _: unzigzag(data),
        lambda value, _: format_span(value),
        lambda text, _: parse_span(text),
    ),
    "set": Codec(
        lambda value, _: encode_strings(value),
        lambda data, _: decode_strings(data),
        lambda value, _: list(value),
        lambda value, _: tuple(value),
    ),
    "vector": Codec(
        lambda value, _: encode_floats(value),
        lambda data, _: decode_floats(data),
        lambda value, _: list(map(_float_json, value)),
        lambda value, _: tuple(map(_float_of_json, value)),
    ),
}


def to_slice(value: Any, canonical: Canonical) -> bytes | None:
    """A Python value as a slice; None stays None.

    Raises:
        ValueError, OverflowError: the value does not fit the type.
    """
    return None if value is None else CODECS[canonical.kind].encode(value, canonical)


def from_slice(data: bytes | None, canonical: Canonical) -> Any:
    """The Python value of a slice; None stays None."""
    return None if data is None else CODECS[canonical.kind].decode(data, canonical)


def to_json(value: Any, canonical: Canonical) -> Any:
    """The JSON form of a Python value; None stays None."""
    return None if value is None else CODECS[canonical.kind].to_json(value, canonical)


def from_json(value: Any, canonical: Canonical) -> Any:
    """The Python value of a JSON form; None stays None."""
    return None if value is None else CODECS[canonical.kind].from_json(value, canonical)


def to_text(value: Any, canonical: Canonical) -> bytes:
    """The text that a token is computed from: the same for every width of integer or string type.

    Bytes are taken as they are; all else is the UTF-8 of its JSON form (of a number, its digits; of
    a text, what stands between the quotes).
    """
    if canonical.kind in {"bytes", "geometry"}:
        return bytes(value)
    form = to_json(value, canonical)
    return form.encode() if isinstance(form, str) else orjson.dumps(form)
