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

    SELF = "self"  # varints, floats, booleans: their bytes say where they end
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
        if not kind.logical:
            return kind.avro
        schema: dict[str, object] = {"type": kind.avro, "logicalType": kind.logical}
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


class Repair(StrEnum):
    """How a raw value becomes canonical; `cdc.stream.normalize` has one function for each."""

    SAME = "same"
    DECIMAL_TO_LONG = "decimal_to_long"  # BIGINT UNSIGNED under the `precise` mode
    UNSIGNED = "unsigned"  # a wrapped BIGINT UNSIGNED shows as a negative long
    TO_BOOLEAN = "to_boolean"
    YEAR = "year"  # MySQL's year 0000 arrives as 1900, which no YEAR can hold
    MILLIS_TO_MICROS = "millis_to_micros"
    ISO_TO_MICROS = "iso_to_micros"


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
    ("string", "io.debezium.data.Enum"): RawRow(_always(STRING)),
    ("int32", "io.debezium.time.Year"): RawRow(_always(LONG), Repair.YEAR),
    ("int32", "io.debezium.time.Date"): RawRow(_always(DATE)),
    ("int64", "io.debezium.time.Timestamp"): RawRow(
        _always(LOCAL_TIMESTAMP), Repair.MILLIS_TO_MICROS
    ),
    ("int64", "io.debezium.time.MicroTimestamp"): RawRow(_always(LOCAL_TIMESTAMP)),
    ("string", "io.debezium.time.ZonedTimestamp"): RawRow(_always(TIMESTAMP), Repair.ISO_TO_MICROS),
    ("bytes", "org.apache.kafka.connect.data.Decimal"): RawRow(_decimal_of_raw),
}


@dataclass(frozen=True, slots=True)
class MySqlRow:
    """One row of `MYSQL_TYPES`: the canonical form, given length (or precision) and scale.

    `repairs` names the raw forms that need another repair than `RAW_TYPES` gives them.
    """

    canonical: Callable[[int, int], Canonical]
    repairs: Mapping[tuple[str, str], Repair] | None = None


def _fixed(canonical: Canonical) -> Callable[[int, int], Canonical]:
    return lambda _length, _scale: canonical


def _decimal(precision: int, scale: int) -> Canonical:
    return Canonical("decimal", precision or 10, scale)


_LONG = MySqlRow(_fixed(LONG))
_STRING = MySqlRow(_fixed(STRING))
_BYTES = MySqlRow(_fixed(BYTES))
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
    "DECIMAL": MySqlRow(_decimal),
    "CHAR": _STRING,
    "VARCHAR": _STRING,
    "TINYTEXT": _STRING,
    "TEXT": _STRING,
    "MEDIUMTEXT": _STRING,
    "LONGTEXT": _STRING,
    "ENUM": _STRING,
    "BINARY": _BYTES,
    "VARBINARY": _BYTES,
    "TINYBLOB": _BYTES,
    "BLOB": _BYTES,
    "MEDIUMBLOB": _BYTES,
    "LONGBLOB": _BYTES,
    "YEAR": _LONG,
    "DATE": MySqlRow(_fixed(DATE)),
    "DATETIME": MySqlRow(_fixed(LOCAL_TIMESTAMP)),
    "TIMESTAMP": MySqlRow(_fixed(TIMESTAMP)),
}


def canonical_of_raw(raw: RawType) -> tuple[Canonical | None, Repair]:
    """What a raw field becomes and how; None: no row names this type."""
    row = RAW_TYPES.get((raw.connect, raw.name))
    if row is None:
        return None, Repair.SAME
    length = int(raw.parameter("__debezium.source.column.length", "0"))
    source = mysql_row(raw.mysql_type, length)
    repair = (source.repairs or {}).get((raw.connect, raw.name)) if source else None
    if source is None or repair is None:
        return row.canonical(raw), row.repair
    return source.canonical(length, 0), repair


def canonical_of_mysql(name: str, length: int = 0, scale: int = 0) -> Canonical | None:
    """What a MySQL type (upper case, with UNSIGNED) becomes; None: no row names it."""
    row = mysql_row(name, length)
    return row.canonical(length, scale) if row else None


def mysql_row(name: str, length: int) -> MySqlRow | None:
    """The row of a MySQL type; a display width of 1 makes a TINYINT a boolean, as MySQL's BOOL."""
    return MYSQL_TYPES.get("TINYINT(1)" if (name, length) == ("TINYINT", 1) else name)
