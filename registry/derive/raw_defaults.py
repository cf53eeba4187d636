"""A column's SQL default as Debezium puts it into the schema, quirks and all.

Measured with Debezium 3.6: escapes in a text stay as they are written, hex literals lose digits,
CURRENT_TIMESTAMP is the epoch, and what it cannot read it leaves out.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from registry.derive.ddl.facts import Default, MySqlColumn
from registry.derive.raw_form import RawForm
from registry.derive.raw_types import RawSchema

_WIDE = Context(prec=80)
"""MySQL has decimals of up to 65 digits."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- MySQL's DATETIME has no zone
_NOW = "1970-01-01 00:00:00"
_MAX_LONG = 2**63 - 1
_DAY_US = 86_400_000_000
_ZERO = re.compile(r"(\d{4}-\d\d-00|\d{4}-00-\d\d|0000-\d\d-\d\d)( 00:00:00(\.\d{1,6})?)?|0")
_TIME = re.compile(r"(?:\d+-\d+-\d+ )?(-?)(\d+):(\d+)(?::(\d+))?(?:\.(\d+))?")
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?")
_LOOSE_MOMENT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?: (\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d{1,9}))?)?)?"
)
_UNREADABLE = (ValueError, InvalidOperation, OverflowError)


@dataclass(frozen=True, slots=True)
class RawDefault:
    """A default as it stands in the schema: `connect` in `connect.default`, `avro` in `default`."""

    connect: Any
    avro: Any


def raw_default(column: MySqlColumn, schema: RawSchema, form: RawForm) -> RawDefault | None:
    """The default of a column; None: none, NULL, or one that Debezium leaves out."""
    write = _WRITERS.get(schema.kind)
    if column.default is None or write is None:
        return None
    try:
        value = write(_Asked(column, schema, form, _expression(column.default)))
    except _UNREADABLE:
        return None
    if value is None or isinstance(value, RawDefault):
        return value
    return RawDefault(value, value)


@dataclass(frozen=True, slots=True)
class _Asked:
    column: MySqlColumn
    schema: RawSchema
    form: RawForm
    text: str

    @property
    def trimmed(self) -> str:
        return self.text.strip()


def _expression(default: Default) -> str:
    if default.kind == "now":
        return _NOW
    if default.kind in {"bits", "hex"}:
        return default.text[2:-1]
    return default.text


def _number(asked: _Asked) -> Decimal:
    word = asked.trimmed.lower()
    return Decimal({"true": "1", "false": "0"}.get(word, asked.trimmed))


def _integer(asked: _Asked) -> int:
    return min(int(_number(asked).quantize(Decimal(1), ROUND_HALF_UP)), _MAX_LONG)


def _boolean(asked: _Asked) -> bool:
    text = asked.trimmed
    return int(text) != 0 if re.fullmatch(r"[+-]?\d+", text) else text.lower() == "true"


def _float(asked: _Asked) -> RawDefault:
    exact = struct.unpack("f", struct.pack("f", float(_number(asked))))[0]
    digits = (float(f"{exact:.{n}g}") for n in range(1, 10))
    short = next(x for x in digits if struct.unpack("f", struct.pack("f", x))[0] == exact)
    return RawDefault(short, exact)


def _double(asked: _Asked) -> float:
    return float(_number(asked))


def _scaled(asked: _Asked) -> Decimal:
    scale = int(asked.schema.parameters.get("scale", asked.column.type.scale or 0))
    return _number(asked).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE)


def _decimal(asked: _Asked) -> str:
    scaled = _scaled(asked)
    sign, digits, _ = scaled.as_tuple()
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    size = (unscaled if unscaled >= 0 else -unscaled - 1).bit_length() // 8 + 1
    return unscaled.to_bytes(size, "big", signed=True).decode("latin-1")


def _digits(asked: _Asked) -> str:
    return f"{_scaled(asked):f}"


def _decimal_double(asked: _Asked) -> float:
    return float(_scaled(asked))


def _bits(asked: _Asked) -> str:
    """Little-endian, as many bytes as the column has bits for."""
    text = asked.trimmed
    size = -(-max(len(text), asked.column.type.length or 1) // 8)
    return int(text, 2).to_bytes(size, "little").decode("latin-1")


def _text(asked: _Asked) -> str:
    return asked.text


def _bytes(asked: _Asked) -> str:
    return asked.text.encode().decode("latin-1")


def _base64(asked: _Asked) -> str:
    return base64.b64encode(asked.text.encode()).decode()


def _base64_url(asked: _Asked) -> str:
    return base64.urlsafe_b64encode(asked.text.encode()).decode()


def _hex(asked: _Asked) -> str:
    return asked.text.encode().hex()


def _year(asked: _Asked) -> int:
    year = int(asked.trimmed)
    return _full_year(year) if 0 <= year < 100 else year


def _full_year(year: int) -> int:
    return year + (2000 if year < 70 else 1900)


def _moment(asked: _Asked) -> datetime | None:
    """A date's or a datetime's default; a zero one is NULL, or the epoch where NULL is not."""
    text = asked.trimmed
    match = None if _ZERO.fullmatch(text) else _MOMENT.fullmatch(text)
    if match is not None:
        try:
            return _parsed(match, asked.form)
        except ValueError:
            match = None
    return None if asked.column.nullable else _EPOCH


def _parsed(match: re.Match[str], form: RawForm) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if form.adjusts_years and year < 100:
        year = _full_year(year)
    micros = int((match[7] or "").ljust(6, "0")[:6])
    return datetime(year, month, day, hour, minute, second, micros)  # noqa: DTZ001 -- idem


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _days(asked: _Asked) -> int | None:
    moment = _moment(asked)
    return None if moment is None else (moment.date() - date(1970, 1, 1)).days


def _iso_date(asked: _Asked) -> str | None:
    moment = _moment(asked)
    return None if moment is None else f"{moment.date().isoformat()}Z"


def _datetime(numerator: int, denominator: int) -> Callable[[_Asked], int | None]:
    def write(asked: _Asked) -> int | None:
        moment = _moment(asked)
        return None if moment is None else _micros(moment) * numerator // denominator

    return write


def _iso_datetime(asked: _Asked) -> str | None:
    moment = _moment(asked)
    return None if moment is None else f"{_shortened(moment.isoformat())}Z"


def _shortened(iso: str) -> str:
    return iso.rstrip("0") if "." in iso else iso


def _span(asked: _Asked) -> int:
    """Microseconds of a TIME."""
    match = _TIME.fullmatch(asked.trimmed)
    if match is None:
        raise ValueError(asked.column.name)
    sign, hours, minutes, seconds, fraction = match.groups()
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds or 0)
    span = whole * 1_000_000 + int((fraction or "").ljust(6, "0")[:6])
    return -span if sign else span


def _time(numerator: int, denominator: int) -> Callable[[_Asked], int]:
    return lambda asked: _span(asked) * numerator // denominator


def _clock_ms(asked: _Asked) -> int | None:
    """Connect's Time is a time of day; what is none is left out."""
    span = _span(asked)
    return span // 1000 if 0 <= span < _DAY_US else None


def _iso_time(asked: _Asked) -> str | None:
    span = _span(asked)
    if not 0 <= span < _DAY_US:
        return None
    return f"{_shortened((_EPOCH + timedelta(microseconds=span)).time().isoformat())}Z"


def _zoned(asked: _Asked) -> str | None:
    """A TIMESTAMP; its digits behind the point are those of the column."""
    text = asked.trimmed
    if _ZERO.fullmatch(text) or text == _NOW:
        return None if asked.column.nullable else "1970-01-01T00:00:00Z"
    match = _LOOSE_MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(asked.column.name)
    moment = _parsed(match, asked.form)
    digits = asked.column.type.length or 0
    fraction = f".{moment.microsecond:06}"[: digits + 1] if digits else ""
    return f"{moment.replace(microsecond=0).isoformat()}{fraction}Z"


_WRITERS: Mapping[str, Callable[[_Asked], Any]] = {
    "integer": _integer,
    "boolean": _boolean,
    "float": _float,
    "double": _double,
    "decimal": _decimal,
    "digits": _digits,
    "decimal_double": _decimal_double,
    "bits": _bits,
    "text": _text,
    "bytes": _bytes,
    "base64": _base64,
    "base64-url-safe": _base64_url,
    "hex": _hex,
    "year": _year,
    "days": _days,
    "iso_date": _iso_date,
    "time_ms": _time(1, 1000),
    "time_us": _time(1, 1),
    "time_ns": _time(1000, 1),
    "clock_ms": _clock_ms,
    "iso_time": _iso_time,
    "datetime_ms": _datetime(1, 1000),
    "datetime_us": _datetime(1, 1),
    "datetime_ns": _datetime(1000, 1),
    "iso_datetime": _iso_datetime,
    "zoned": _zoned,
}
"""How a default is written, by the kind of `RawSchema`; a kind without a row has none."""
