"""The one table of types: what each MySQL type is on the wire and what it becomes.

Three tables, walked by tests and docs:
- `KINDS`: the canonical forms and their Avro;
- `RAW_TYPES`: what Debezium sends (Connect type and semantic name) and how it is made canonical;
- `MYSQL_TYPES`: MySQL's own type names.

Sources: Debezium 3.6 MySQL connector, measured; Avro 1.12 specification, logical types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Framing(StrEnum):
    """How a value stands in Avro's binary encoding."""

    SELF = "self"  # varints, floats, booleans, arrays: their bytes say where they end
    LENGTH = "length"  # strings and bytes: a varint length goes before


@dataclass(frozen=True, slots=True)
class Kind:
    """A canonical form: its Avro type, logical type and the name that Connect sinks know it by.

    Sinks that read Avro through Connect's data mapping know neither `timestamp-micros` nor
    `local-timestamp-micros`; the Connect name beside the logical type serves both (measured with
    the JDBC sink).
    """

    name: str
    avro: str
    framing: Framing
    logical: str = ""
    connect_name: str = ""
    items: str = ""

    @property
    def bare(self) -> dict[str, object]:
        """Its Avro type alone; `items` is what an array is of."""
        schema: dict[str, object] = {"type": self.avro}
        return schema | ({"items": self.items} if self.items else {})


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("boolean", "boolean", Framing.SELF),
        Kind("long", "long", Framing.SELF),
        Kind("float", "float", Framing.SELF),
        Kind("double", "double", Framing.SELF),
        Kind("string", "string", Framing.LENGTH),
        Kind("bytes", "bytes", Framing.LENGTH),
        Kind(
            "decimal",
            "bytes",
            Framing.LENGTH,
            "decimal",
            "org.apache.kafka.connect.data.Decimal",
        ),
        Kind("date", "int", Framing.SELF, "date", "org.apache.kafka.connect.data.Date"),
        Kind(
            "timestamp", "long", Framing.SELF, "timestamp-micros", "io.debezium.time.MicroTimestamp"
        ),
        Kind(
            "local_timestamp",
            "long",
            Framing.SELF,
            "local-timestamp-micros",
            "io.debezium.time.MicroTimestamp",
        ),
        # No `time-micros`: that is a time of day, and MySQL's TIME goes to ±838:59:59.
        Kind("time", "long", Framing.SELF, connect_name="io.debezium.time.MicroTime"),
        Kind("json", "string", Framing.LENGTH, connect_name="io.debezium.data.Json"),
        Kind("set", "array", Framing.SELF, items="string"),
        Kind("geometry", "bytes", Framing.LENGTH),
        Kind(
            "vector",
            "array",
            Framing.SELF,
            connect_name="io.debezium.data.FloatVector",
            items="float",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical type; `precision` and `scale` are those of a decimal, else 0."""

    kind: str
    precision: int = 0
    scale: int = 0

    @property
    def framing(self) -> Framing:
        """How its values stand in Avro's binary encoding."""
        return KINDS[self.kind].framing

    def avro(self) -> object:
        """Its Avro schema, with the properties that Connect sinks read."""
        kind = KINDS[self.kind]
        if not kind.connect_name:
            return kind.bare if kind.items else kind.avro
        schema = kind.bare | ({"logicalType": kind.logical} if kind.logical else {})
        if self.kind == "decimal":
            schema |= {
                "precision": self.precision,
                "scale": self.scale,
                "connect.version": 1,
                "connect.parameters": {
                    "scale": str(self.scale),
                    "connect.decimal.precision": str(self.precision),
                },
            }
        else:
            schema["connect.version"] = 1
        return schema | {"connect.name": kind.connect_name}

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return self.kind


BOOLEAN = Canonical("boolean")
LONG = Canonical("long")
FLOAT = Canonical("float")
DOUBLE = Canonical("double")
STRING = Canonical("string")
BYTES = Canonical("bytes")
DATE = Canonical("date")
TIMESTAMP = Canonical("timestamp")
LOCAL_TIMESTAMP = Canonical("local_timestamp")
TIME = Canonical("time")
JSON = Canonical("json")
SET = Canonical("set")
GEOMETRY = Canonical("geometry")
VECTOR = Canonical("vector")


class Repair(StrEnum):
    """How a raw value becomes canonical; `cdc.stream.normalize` has one function for each."""

    SAME = "same"
    DECIMAL_TO_LONG = "decimal_to_long"  # BIGINT UNSIGNED under the `precise` mode
    UNSIGNED = "unsigned"  # a wrapped BIGINT UNSIGNED shows as a negative long
    TO_BOOLEAN = "to_boolean"
    YEAR = "year"  # MySQL's year 0000 arrives as 1900, which no YEAR can hold
    MILLIS_TO_MICROS = "millis_to_micros"
    NANOS_TO_MICROS = "nanos_to_micros"
    ISO_TO_MICROS = "iso_to_micros"
    ISO_TO_DAYS = "iso_to_days"
    ISO_TO_SPAN = "iso_to_span"
    DIGITS_TO_DECIMAL = "digits_to_decimal"  # DECIMAL under the `string` mode
    BITS = "bits"  # little-endian, zeros at the end cut
    LABEL = "label"  # up to 3.6 the stream sends the label `b,c` as `b\\,c`
    MEMBERS = "members"  # a SET is one text with commas
    JSON = "json"  # spaces, order of keys and forms of numbers differ


@dataclass(frozen=True, slots=True)
class RawType:
    """A field's type as Kafka Connect describes it: type, semantic name, parameters."""

    connect: str
    name: str = ""
    parameters: Mapping[str, str] | None = None

    def parameter(self, name: str, otherwise: str = "") -> str:
        """One parameter's text."""
        return (self.parameters or {}).get(name, otherwise)

    @property
    def mysql_type(self) -> str:
        """MySQL's name of the type, where `column.propagate.source.type` sends it."""
        return self.parameter("__debezium.source.column.type").upper()


def _decimal_of_raw(raw: RawType) -> Canonical:
    precision = int(raw.parameter("connect.decimal.precision", "65"))
    return Canonical("decimal", precision, int(raw.parameter("scale", "0")))


def _always(canonical: Canonical) -> Callable[[RawType], Canonical]:
    return lambda _: canonical


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of `RAW_TYPES`."""

    canonical: Callable[[RawType], Canonical]
    repair: Repair = Repair.SAME


RAW_TYPES: Mapping[tuple[str, str], RawRow] = {
    ("boolean", ""): RawRow(_always(BOOLEAN)),
    ("int8", ""): RawRow(_always(LONG)),
    ("int16", ""): RawRow(_always(LONG)),
    ("int32", ""): RawRow(_always(LONG)),
    ("int64", ""): RawRow(_always(LONG)),
    ("float", ""): RawRow(_always(FLOAT)),
    ("double", ""): RawRow(_always(DOUBLE)),
    ("string", ""): RawRow(_always(STRING)),
    ("bytes", ""): RawRow(_always(BYTES)),
    ("string", "io.debezium.data.Enum"): RawRow(_always(STRING), Repair.LABEL),
    ("string", "io.debezium.data.EnumSet"): RawRow(_always(SET), Repair.MEMBERS),
    ("string", "io.debezium.data.Json"): RawRow(_always(JSON), Repair.JSON),
    ("bytes", "io.debezium.data.Bits"): RawRow(_always(BYTES), Repair.BITS),
    ("array", "io.debezium.data.FloatVector"): RawRow(_always(VECTOR)),
    ("struct", "io.debezium.data.geometry.Geometry"): RawRow(_always(GEOMETRY)),
    ("struct", "io.debezium.data.geometry.Point"): RawRow(_always(GEOMETRY)),
    ("int32", "io.debezium.time.Year"): RawRow(_always(LONG), Repair.YEAR),
    ("int32", "io.debezium.time.Date"): RawRow(_always(DATE)),
    ("int32", "org.apache.kafka.connect.data.Date"): RawRow(_always(DATE)),
    ("string", "io.debezium.time.IsoDate"): RawRow(_always(DATE), Repair.ISO_TO_DAYS),
    ("int32", "io.debezium.time.Time"): RawRow(_always(TIME), Repair.MILLIS_TO_MICROS),
    ("int32", "org.apache.kafka.connect.data.Time"): RawRow(_always(TIME), Repair.MILLIS_TO_MICROS),
    ("int64", "io.debezium.time.MicroTime"): RawRow(_always(TIME)),
    ("int64", "io.debezium.time.NanoTime"): RawRow(_always(TIME), Repair.NANOS_TO_MICROS),
    ("string", "io.debezium.time.IsoTime"): RawRow(_always(TIME), Repair.ISO_TO_SPAN),
    ("int64", "io.debezium.time.Timestamp"): RawRow(
        _always(LOCAL_TIMESTAMP), Repair.MILLIS_TO_MICROS
    ),
    ("int64", "org.apache.kafka.connect.data.Timestamp"): RawRow(
        _always(LOCAL_TIMESTAMP), Repair.MILLIS_TO_MICROS
    ),
    ("int64", "io.debezium.time.MicroTimestamp"): RawRow(_always(LOCAL_TIMESTAMP)),
    ("int64", "io.debezium.time.NanoTimestamp"): RawRow(
        _always(LOCAL_TIMESTAMP), Repair.NANOS_TO_MICROS
    ),
    ("string", "io.debezium.time.IsoTimestamp"): RawRow(
        _always(LOCAL_TIMESTAMP), Repair.ISO_TO_MICROS
    ),
    ("string", "io.debezium.time.ZonedTimestamp"): RawRow(_always(TIMESTAMP), Repair.ISO_TO_MICROS),
    ("bytes", "org.apache.kafka.connect.data.Decimal"): RawRow(_decimal_of_raw),
}


@dataclass(frozen=True, slots=True)
class MySqlRow:
    """One row of `MYSQL_TYPES`: the canonical form, given length (or precision) and scale.

    `repairs` names the raw forms that need another repair than `RAW_TYPES` gives them; None: this
    form does not say, or no longer has, what the value was.
    """

    canonical: Callable[[int, int], Canonical]
    repairs: Mapping[tuple[str, str], Repair | None] | None = None


def _fixed(canonical: Canonical) -> Callable[[int, int], Canonical]:
    return lambda _length, _scale: canonical


def _decimal(precision: int, scale: int) -> Canonical:
    return Canonical("decimal", precision or 10, scale)


def _bit(length: int, _scale: int) -> Canonical:
    return BYTES if length > 1 else BOOLEAN


_LONG = MySqlRow(_fixed(LONG))
_STRING = MySqlRow(_fixed(STRING))
# Base64, its URL-safe form or hex: the schema does not tell which.
_BYTES = MySqlRow(_fixed(BYTES), {("string", ""): None})
_GEOMETRY = MySqlRow(_fixed(GEOMETRY))
_TO_BOOLEAN = {("int16", ""): Repair.TO_BOOLEAN, ("int8", ""): Repair.TO_BOOLEAN}

MYSQL_TYPES: Mapping[str, MySqlRow] = {
    "TINYINT(1)": MySqlRow(_fixed(BOOLEAN), _TO_BOOLEAN),
    "TINYINT": _LONG,
    "TINYINT UNSIGNED": _LONG,
    "SMALLINT": _LONG,
    "SMALLINT UNSIGNED": _LONG,
    "MEDIUMINT": _LONG,
    "MEDIUMINT UNSIGNED": _LONG,
    "INT": _LONG,
    "INT UNSIGNED": _LONG,
    "BIGINT": _LONG,
    "BIGINT UNSIGNED": MySqlRow(
        _fixed(LONG),
        {
            ("int64", ""): Repair.UNSIGNED,
            ("bytes", "org.apache.kafka.connect.data.Decimal"): Repair.DECIMAL_TO_LONG,
        },
    ),
    "FLOAT": MySqlRow(_fixed(FLOAT)),
    "DOUBLE": MySqlRow(_fixed(DOUBLE)),
    "DECIMAL": MySqlRow(_decimal, {("string", ""): Repair.DIGITS_TO_DECIMAL, ("double", ""): None}),
    "BIT": MySqlRow(_bit),
    "CHAR": _STRING,
    "VARCHAR": _STRING,
    "TINYTEXT": _STRING,
    "TEXT": _STRING,
    "MEDIUMTEXT": _STRING,
    "LONGTEXT": _STRING,
    "ENUM": _STRING,
    "SET": MySqlRow(_fixed(SET)),
    "JSON": MySqlRow(_fixed(JSON)),
    "BINARY": _BYTES,
    "VARBINARY": _BYTES,
    "TINYBLOB": _BYTES,
    "BLOB": _BYTES,
    "MEDIUMBLOB": _BYTES,
    "LONGBLOB": _BYTES,
    "YEAR": _LONG,
    "TIME": MySqlRow(_fixed(TIME)),
    "DATE": MySqlRow(_fixed(DATE)),
    "DATETIME": MySqlRow(_fixed(LOCAL_TIMESTAMP)),
    "TIMESTAMP": MySqlRow(_fixed(TIMESTAMP)),
    "GEOMETRY": _GEOMETRY,
    "POINT": _GEOMETRY,
    "LINESTRING": _GEOMETRY,
    "POLYGON": _GEOMETRY,
    "MULTIPOINT": _GEOMETRY,
    "MULTILINESTRING": _GEOMETRY,
    "MULTIPOLYGON": _GEOMETRY,
    "GEOMCOLLECTION": _GEOMETRY,
    "VECTOR": MySqlRow(_fixed(VECTOR)),
}


def canonical_of_raw(raw: RawType) -> tuple[Canonical | None, Repair]:
    """What a raw field becomes and how; None: no row names this type."""
    row = RAW_TYPES.get((raw.connect, raw.name))
    if row is None:
        return None, Repair.SAME
    length = int(raw.parameter("__debezium.source.column.length", "0"))
    scale = int(raw.parameter("__debezium.source.column.scale", "0"))
    source = mysql_row(raw.mysql_type, length)
    repairs = (source.repairs if source else None) or {}
    form = raw.connect, raw.name
    if source is None or form not in repairs:
        return row.canonical(raw), row.repair
    repair = repairs[form]
    return (None, Repair.SAME) if repair is None else (source.canonical(length, scale), repair)


def canonical_of_mysql(name: str, length: int = 0, scale: int = 0) -> Canonical | None:
    """What a MySQL type (upper case, with UNSIGNED) becomes; None: no row names it."""
    row = mysql_row(name, length)
    return row.canonical(length, scale) if row else None


def mysql_row(name: str, length: int) -> MySqlRow | None:
    """The row of a MySQL type; a display width of 1 makes a TINYINT a boolean, as MySQL's BOOL."""
    return MYSQL_TYPES.get("TINYINT(1)" if (name, length) == ("TINYINT", 1) else name)
