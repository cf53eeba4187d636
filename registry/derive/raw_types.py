"""What Avro a MySQL column becomes on its way through Debezium and Confluent's Avro converter.

Measured with Debezium 3.6's own classes, type by type and mode by mode.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.derive.ddl.facts import DataType
from registry.derive.ddl.names import TYPES
from registry.derive.raw_form import RawForm

_DECIMAL = "org.apache.kafka.connect.data.Decimal"
_FLOAT_DIGITS = 24
_MILLIS_DIGITS = 3
_UNSIGNED_DIGITS = 20


@dataclass(frozen=True, slots=True)
class RawSchema:
    """A column's Avro type before it is nullable or has a default.

    `kind` says how a default is written for it (`raw_defaults`); `extra` are the attributes of the
    type itself, before Connect's own; `last` those behind them.
    """

    avro: str
    kind: str
    name: str = ""
    doc: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    last: Mapping[str, Any] = field(default_factory=dict)


def raw_schema(kind: DataType, form: RawForm) -> RawSchema:
    """The Avro type of a column's values."""
    return _FAMILIES[TYPES[kind.base].family](kind, form)


def _plain(avro: str, kind: str) -> Callable[[DataType, RawForm], RawSchema]:
    schema = RawSchema(avro, kind)
    return lambda _kind, _form: schema


def _named(avro: str, kind: str, name: str) -> Callable[[DataType, RawForm], RawSchema]:
    schema = RawSchema(avro, kind, name)
    return lambda _kind, _form: schema


def _int16(kind: DataType, _form: RawForm) -> RawSchema:
    if kind.base in {"SMALLINT", "INT2"} and "UNSIGNED" in kind.name:
        return RawSchema("int", "integer")
    return RawSchema("int", "integer", last={"connect.type": "int16"})


def _int32(kind: DataType, _form: RawForm) -> RawSchema:
    is_wide = kind.base in {"INT", "INTEGER", "INT4"} and "UNSIGNED" in kind.name
    return RawSchema("long" if is_wide else "int", "integer")


def _int64(kind: DataType, form: RawForm) -> RawSchema:
    if "UNSIGNED" in kind.name and form.unsigned_bigints == "precise":
        return _precise(_UNSIGNED_DIGITS, 0)
    return RawSchema("long", "integer")


def _float(kind: DataType, _form: RawForm) -> RawSchema:
    """FLOAT4, and FLOAT with more digits than a float has, arrive as doubles."""
    is_float = kind.base == "FLOAT" and kind.scale is None and (kind.length or 0) <= _FLOAT_DIGITS
    return RawSchema("float", "float") if is_float else RawSchema("double", "double")


def _decimal(kind: DataType, form: RawForm) -> RawSchema:
    if form.decimals == "precise":
        return _precise(kind.length or 10, kind.scale or 0)
    if form.decimals == "string":
        return RawSchema("string", "digits")
    return RawSchema("double", "decimal_double")


def _precise(precision: int, scale: int) -> RawSchema:
    return RawSchema(
        "bytes",
        "decimal",
        _DECIMAL,
        parameters={"scale": str(scale), "connect.decimal.precision": str(precision)},
        extra={"scale": scale, "precision": precision},
        last={"logicalType": "decimal"},
    )


def _bit(kind: DataType, _form: RawForm) -> RawSchema:
    if (kind.length or 1) == 1:
        return RawSchema("boolean", "boolean")
    parameters = {"length": str(kind.length)}
    return RawSchema("bytes", "bits", "io.debezium.data.Bits", parameters=parameters)


def _bytes(_kind: DataType, form: RawForm) -> RawSchema:
    return RawSchema("bytes" if form.binaries == "bytes" else "string", form.binaries)


def _labels(name: str) -> Callable[[DataType, RawForm], RawSchema]:
    def schema(kind: DataType, _form: RawForm) -> RawSchema:
        allowed = ",".join(map(_allowed, kind.labels))
        return RawSchema("string", "text", name, parameters={"allowed": allowed})

    return schema


def _allowed(label: str) -> str:
    """As Debezium writes a label: commas escaped, quotes plain, other escapes as they are."""
    return label.replace(",", "\\,").replace("\\'", "'").replace("''", "'")


_DATES = {
    "connect": RawSchema(
        "int", "days", "org.apache.kafka.connect.data.Date", last={"logicalType": "date"}
    ),
    "isostring": RawSchema("string", "iso_date", "io.debezium.time.IsoDate"),
}
_DATE = RawSchema("int", "days", "io.debezium.time.Date")
_TIMES = {
    "adaptive": RawSchema("int", "time_ms", "io.debezium.time.Time"),
    "connect": RawSchema(
        "int",
        "clock_ms",
        "org.apache.kafka.connect.data.Time",
        last={"logicalType": "time-millis"},
    ),
    "nanoseconds": RawSchema("long", "time_ns", "io.debezium.time.NanoTime"),
    "isostring": RawSchema("string", "iso_time", "io.debezium.time.IsoTime"),
}
_TIME = RawSchema("long", "time_us", "io.debezium.time.MicroTime")
_MILLIS = RawSchema("long", "datetime_ms", "io.debezium.time.Timestamp")
_MICROS = RawSchema("long", "datetime_us", "io.debezium.time.MicroTimestamp")
_DATETIMES = {
    "microseconds": _MICROS,
    "connect": RawSchema(
        "long",
        "datetime_ms",
        "org.apache.kafka.connect.data.Timestamp",
        last={"logicalType": "timestamp-millis"},
    ),
    "nanoseconds": RawSchema("long", "datetime_ns", "io.debezium.time.NanoTimestamp"),
    "isostring": RawSchema("string", "iso_datetime", "io.debezium.time.IsoTimestamp"),
}


def _datetime(kind: DataType, form: RawForm) -> RawSchema:
    adaptive = _MILLIS if (kind.length or 0) <= _MILLIS_DIGITS else _MICROS
    return _DATETIMES.get(form.times, adaptive)


_WKB = {"name": "wkb", "type": "bytes"}
_SRID = {"name": "srid", "type": ["null", "int"], "default": None}
_POINT_FIELDS = [
    {"name": "x", "type": "double"},
    {"name": "y", "type": "double"},
    {"name": "wkb", "type": ["null", "bytes"], "default": None},
    _SRID,
]


def _record(name: str, doc: str, fields: list[Any]) -> Callable[[DataType, RawForm], RawSchema]:
    full = f"io.debezium.data.geometry.{name}"
    extra = {"name": name, "namespace": "io.debezium.data.geometry", "fields": fields}
    schema = RawSchema("record", "none", full, doc, extra=extra)
    return lambda _kind, _form: schema


def _vector(_kind: DataType, _form: RawForm) -> RawSchema:
    return RawSchema("array", "none", "io.debezium.data.FloatVector", extra={"items": "float"})


_FAMILIES: Mapping[str, Callable[[DataType, RawForm], RawSchema]] = {
    "int16": _int16,
    "int32": _int32,
    "int64": _int64,
    "boolean": _plain("boolean", "boolean"),
    "float": _float,
    "real": _plain("float", "float"),
    "double": _plain("double", "double"),
    "decimal": _decimal,
    "bit": _bit,
    "text": _plain("string", "text"),
    "bytes": _bytes,
    "enum": _labels("io.debezium.data.Enum"),
    "set": _labels("io.debezium.data.EnumSet"),
    "json": _named("string", "none", "io.debezium.data.Json"),
    "year": _named("int", "year", "io.debezium.time.Year"),
    "date": lambda _kind, form: _DATES.get(form.times, _DATE),
    "time": lambda _kind, form: _TIMES.get(form.times, _TIME),
    "datetime": _datetime,
    "timestamp": _named("string", "zoned", "io.debezium.time.ZonedTimestamp"),
    "point": _record("Point", "Geometry (POINT)", _POINT_FIELDS),
    "geometry": _record("Geometry", "Geometry", [_WKB, _SRID]),
    "vector": _vector,
}
