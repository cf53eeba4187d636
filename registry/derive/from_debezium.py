"""A raw event's own schema, JSON or Avro, read as a `Table`.

Enters: the key's and the value's schema as Kafka Connect's JSON converter writes them inline, or
the Avro schemas that Confluent's converter registers. Leaves: `RawTable`, the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.derive.table import Column, Table
from registry.derive.types import Canonical, RawType, Repair, canonical_of_raw
from registry.errors import InvalidSchemaError

_CONNECT_OF_AVRO = {
    "boolean": "boolean",
    "int": "int32",
    "long": "int64",
    "float": "float",
    "double": "double",
    "string": "string",
    "bytes": "bytes",
    "array": "array",
    "map": "map",
    "record": "struct",
}


@dataclass(frozen=True, slots=True)
class RawColumn:
    """How one column arrives and what makes it canonical; `type` None: it cannot be."""

    name: str
    raw: RawType
    optional: bool
    repair: Repair
    type: Canonical | None


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as its raw topic shows it: the `Table`, and per column how it arrives."""

    table: Table
    columns: tuple[RawColumn, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    raw: RawType
    optional: bool


def table_from_connect(
    topic: str, key: Mapping[str, Any] | None, value: Mapping[str, Any]
) -> RawTable:
    """Read Connect's inline schemas of a key (None: a table without key) and an envelope.

    Raises:
        InvalidSchemaError: not a Debezium envelope.
    """
    return _read(topic, _connect_fields, key, value)


def table_from_avro(
    topic: str, key: Mapping[str, Any] | None, value: Mapping[str, Any]
) -> RawTable:
    """Read the Avro schemas of a key (None: a table without key) and an envelope.

    Raises:
        InvalidSchemaError: not a Debezium envelope.
    """
    return _read(topic, _avro_fields, key, value)


def _read(
    topic: str,
    fields_of: Callable[[Any, Any], tuple[list[str], list[_Field]]],
    key: Mapping[str, Any] | None,
    value: Mapping[str, Any],
) -> RawTable:
    """Schemas come from outside: whatever breaks in them means that they are no envelope's."""
    try:
        return _table(topic, *fields_of(key, value))
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
        raise InvalidSchemaError(
            "not a Debezium envelope: no row image `before`/`after` in its schema"
        ) from None


def _connect_fields(key: Any, value: Any) -> tuple[list[str], list[_Field]]:
    row = next(f for f in value["fields"] if f["field"] == "after")
    keys = [str(f["field"]) for f in key["fields"]] if key else []
    return keys, [_connect_field(f) for f in row["fields"]]


def _avro_fields(key: Any, value: Any) -> tuple[list[str], list[_Field]]:
    before = next(f for f in value["fields"] if f["name"] == "before")
    row = next(b for b in before["type"] if isinstance(b, dict) and b["type"] == "record")
    keys = [str(f["name"]) for f in key["fields"]] if key else []
    return keys, [_avro_field(f) for f in row["fields"]]


def _connect_field(field: Mapping[str, Any]) -> _Field:
    raw = RawType(str(field["type"]), field.get("name") or "", field.get("parameters"))
    return _Field(str(field["field"]), raw, bool(field.get("optional")))


def _avro_field(field: Mapping[str, Any]) -> _Field:
    branches = field["type"] if isinstance(field["type"], list) else [field["type"]]
    optional = "null" in branches
    schema = next(b for b in branches if b != "null")
    if isinstance(schema, str):
        schema = _named(field, schema)
    connect = schema.get("connect.type") or _CONNECT_OF_AVRO.get(schema["type"], schema["type"])
    parameters = dict(schema.get("connect.parameters", {}))
    if schema.get("logicalType") == "decimal":
        parameters |= {
            "scale": str(schema.get("scale", 0)),
            "connect.decimal.precision": str(schema["precision"]),
        }
    return _Field(
        str(field["name"]), RawType(connect, schema.get("connect.name") or "", parameters), optional
    )


def _named(field: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A schema that is a name alone: a primitive type, or a record that an earlier field declared.

    Of such a record the field itself carries the parameters.
    """
    if name in _CONNECT_OF_AVRO:
        return {"type": name}
    parameters = field.get("connect.parameters", {})
    return {"type": "record", "connect.name": name, "connect.parameters": parameters}


def _table(topic: str, keys: list[str], fields: list[_Field]) -> RawTable:
    parts = topic.rsplit(".", 2)
    if len(parts) != 3:
        raise InvalidSchemaError(f"topic {topic}: not of the form <prefix>.<database>.<table>")
    columns, raws = [], []
    for field in fields:
        canonical, repair = canonical_of_raw(field.raw)
        raws.append(RawColumn(field.name, field.raw, field.optional, repair, canonical))
        columns.append(
            Column(
                field.name,
                canonical,
                field.optional,
                field.raw.mysql_type or field.raw.name or field.raw.connect,
                field.raw.parameter("__debezium.source.column.comment"),
            )
        )
    return RawTable(Table(parts[1], parts[2], tuple(columns), tuple(keys)), tuple(raws))
