"""Raw messages as Debezium's converters write them, made for a test."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cdc.event import RawBatch
from cdc.keys import Key, KeyRing
from registry.avro import make_writer, parse_lenient

KEYS: KeyRing = {"pii": Key("pii", 1, {1: bytes(range(32))})}

_AVRO = {
    "int8": {"type": "int", "connect.type": "int8"},
    "int16": {"type": "int", "connect.type": "int16"},
    "int32": "int",
    "int64": "long",
    "float": "float",
    "double": "double",
    "string": "string",
    "bytes": "bytes",
    "boolean": "boolean",
    "array": {"type": "array", "items": "float"},
    "struct": {
        "type": "record",
        "name": "Geometry",
        "namespace": "io.debezium.data.geometry",
        "fields": [
            {"name": "wkb", "type": "bytes"},
            {"name": "srid", "type": ["null", "int"], "default": None},
        ],
    },
}
_CONNECT = "org.apache.kafka.connect.data."
_LOGICAL = {
    f"{_CONNECT}Date": "date",
    f"{_CONNECT}Time": "time-millis",
    f"{_CONNECT}Timestamp": "timestamp-millis",
}


@dataclass(frozen=True)
class Col:
    """One column as a connector sends it."""

    name: str
    connect: str
    semantic: str = ""
    mysql: str = ""
    optional: bool = True
    parameters: Mapping[str, str] = field(default_factory=dict)

    def all_parameters(self) -> dict[str, str]:
        source = {"__debezium.source.column.type": self.mysql} if self.mysql else {}
        return {**source, **self.parameters}

    def connect_schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": self.connect, "optional": self.optional}
        if self.semantic:
            schema |= {"name": self.semantic, "version": 1}
        if self.all_parameters():
            schema["parameters"] = self.all_parameters()
        return {**schema, "field": self.name}

    def avro_field(self) -> dict[str, Any]:
        plain = _AVRO[self.connect]
        schema = dict(plain) if isinstance(plain, dict) else {"type": plain}
        if self.connect == "struct":
            schema["name"] = self.semantic.rpartition(".")[2]
        if self.semantic:
            schema |= {"connect.name": self.semantic, "connect.version": 1}
        if self.semantic in _LOGICAL:
            schema["logicalType"] = _LOGICAL[self.semantic]
        if self.semantic.endswith("Decimal"):
            schema |= {
                "logicalType": "decimal",
                "precision": int(self.parameters["connect.decimal.precision"]),
                "scale": int(self.parameters["scale"]),
            }
        if self.all_parameters():
            schema["connect.parameters"] = self.all_parameters()
        if self.optional:
            return {"name": self.name, "type": ["null", schema], "default": None}
        return {"name": self.name, "type": schema}


USERS = (
    Col("id", "int64", mysql="BIGINT UNSIGNED", optional=False),
    Col("first_name", "string", mysql="VARCHAR"),
    Col("last_name", "string", mysql="VARCHAR"),
    Col("email", "string", mysql="VARCHAR"),
    Col("residence", "string", mysql="VARCHAR"),
    Col(
        "lat",
        "bytes",
        "org.apache.kafka.connect.data.Decimal",
        "DECIMAL",
        parameters={"scale": "8", "connect.decimal.precision": "10"},
    ),
    Col(
        "lon",
        "bytes",
        "org.apache.kafka.connect.data.Decimal",
        "DECIMAL",
        parameters={"scale": "8", "connect.decimal.precision": "10"},
    ),
    Col("created_at", "string", "io.debezium.time.ZonedTimestamp", "TIMESTAMP"),
    Col("updated_at", "int64", "io.debezium.time.MicroTimestamp", "DATETIME"),
)

PRODUCTS = (
    Col("id", "int64", mysql="BIGINT UNSIGNED", optional=False),
    Col("name", "string", mysql="VARCHAR"),
    Col("description", "string", mysql="VARCHAR"),
    Col("category", "string", mysql="VARCHAR"),
    Col("price", "float", mysql="FLOAT"),
    Col("image", "string", mysql="VARCHAR"),
    Col("created_at", "string", "io.debezium.time.ZonedTimestamp", "TIMESTAMP"),
    Col("updated_at", "int64", "io.debezium.time.MicroTimestamp", "DATETIME"),
)

Message = tuple[bytes | None, bytes | None]


@dataclass(frozen=True)
class RawTopic:
    """Writes messages of one raw topic in either raw format."""

    topic: str
    columns: Sequence[Col]
    key: Sequence[str] = ("id",)

    def json(
        self,
        op: str,
        row: Mapping[str, Any] | None,
        *,
        before: Mapping[str, Any] | None = None,
        ts_us: int = 1_700_000_000_000_000,
    ) -> Message:
        """One event; `row` is `after`, of a delete `before`."""
        before, after = (row, None) if op == "d" else (before, row)
        envelope = {
            "before": self._json_row(before),
            "after": self._json_row(after),
            "source": {"ts_ms": ts_us // 1000, "ts_us": ts_us, "snapshot": "false"},
            "transaction": None,
            "op": op,
            "ts_ms": ts_us // 1000,
        }
        value = _json_message(self.json_envelope_schema(), envelope)
        return (self._json_key(row) if row is not None else None), value

    def _json_key(self, row: Mapping[str, Any]) -> bytes:
        fields = [c.connect_schema() for c in self.columns if c.name in self.key]
        schema = {"type": "struct", "fields": fields, "optional": False, "name": "Key"}
        converted = self._json_row(row) or {}
        return _json_message(schema, {name: converted[name] for name in self.key})

    def json_envelope_schema(self) -> dict[str, Any]:
        """The value's inline schema."""
        row = [column.connect_schema() for column in self.columns]
        return {
            "type": "struct",
            "fields": [
                {"type": "struct", "fields": row, "optional": True, "field": "before"},
                {"type": "struct", "fields": row, "optional": True, "field": "after"},
                {"type": "struct", "fields": [], "optional": False, "field": "source"},
                {"type": "string", "optional": False, "field": "op"},
            ],
            "optional": False,
            "name": f"{self.topic}.Envelope",
        }

    def _json_row(self, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if row is None:
            return None
        return {column.name: _json_form(row.get(column.name)) for column in self.columns}

    def avro_schemas(self) -> tuple[str, str]:
        """Key and value schema as Confluent's converter registers them."""
        key = {
            "type": "record",
            "name": "Key",
            "namespace": self.topic,
            "fields": [c.avro_field() for c in self.columns if c.name in self.key],
        }
        row = {
            "type": "record",
            "name": "Value",
            "fields": _declared_once([column.avro_field() for column in self.columns]),
        }
        source = {
            "type": "record",
            "name": "Source",
            "fields": [
                {"name": "ts_ms", "type": "long"},
                {"name": "ts_us", "type": ["null", "long"], "default": None},
            ],
        }
        value = {
            "type": "record",
            "name": "Envelope",
            "namespace": self.topic,
            "fields": [
                {"name": "before", "type": ["null", row], "default": None},
                {"name": "after", "type": ["null", "Value"], "default": None},
                {"name": "source", "type": source},
                {"name": "op", "type": "string"},
            ],
        }
        return json.dumps(key), json.dumps(value)

    def avro(
        self,
        op: str,
        row: Mapping[str, Any] | None,
        *,
        ids: tuple[int, int],
        before: Mapping[str, Any] | None = None,
        ts_us: int = 1_700_000_000_000_000,
    ) -> Message:
        """The same event in Confluent Avro, under the schema ids given."""
        key_schema, value_schema = map(parse_lenient, self.avro_schemas())
        before, after = (row, None) if op == "d" else (before, row)
        source = {"ts_ms": ts_us // 1000, "ts_us": ts_us}
        envelope = {"before": before, "after": after, "source": source, "op": op}
        value = _framed(ids[1], make_writer(value_schema)(envelope))
        if row is None:
            return None, value
        key = {name: row[name] for name in self.key}
        return _framed(ids[0], make_writer(key_schema)(key)), value


def _declared_once(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A record that was declared before is only named, as Avro wants it."""
    known: set[str] = set()
    for described in fields:
        kind = described["type"]
        branches = kind if isinstance(kind, list) else [kind]
        schema = branches[-1]
        if "name" in schema:
            full = f"{schema['namespace']}.{schema['name']}"
            branches[-1] = full if full in known else schema
            known.add(full)
    return fields


def _json_form(value: Any) -> Any:
    """A value as Connect's JSON converter writes it: bytes are base64."""
    if isinstance(value, dict):
        return {name: _json_form(inner) for name, inner in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _json_message(schema: object, payload: object) -> bytes:
    return json.dumps(
        {"schema": schema, "payload": payload}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def _framed(schema_id: int, data: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + data


def raw_batch(topic: str, messages: Sequence[Message], first_offset: int = 0) -> RawBatch:
    """A batch of messages at successive offsets."""
    offsets = np.arange(first_offset, first_offset + len(messages), dtype=np.int64)
    return RawBatch(topic, 0, offsets, [m[0] for m in messages], [m[1] for m in messages])


def user(number: int, **changes: Any) -> dict[str, Any]:
    """A row of `users`, decimals as unscaled bytes."""
    row: dict[str, Any] = {
        "id": number,
        "first_name": f"First{number}",
        "last_name": f"Last{number}",
        "email": f"user{number}@example.com",
        "residence": f"{number}, MG Road, Bangalore 560001",
        "lat": (1_297_160_000 + number).to_bytes(4, "big"),
        "lon": (7_759_460_000 + number).to_bytes(5, "big"),
        "created_at": "2024-02-29T12:34:56.7891Z",
        "updated_at": 1_709_210_096_789_100,
    }
    return {**row, **changes}
