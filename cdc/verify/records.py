"""Governed bytes to slices, by the reference Avro reader or the JSON parser.

A row is the tuple of its governed columns' slices in plan order, its key the tuple of those of the
key columns. A column that a record does not have is NULL; one that the plan does not have is passed
over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import orjson

from cdc.canonical import from_json, from_slice, to_json, to_slice
from cdc.privacy.plan import Plan, PlannedColumn
from registry.avro import make_reader, parse_lenient
from registry.derive.record import DELETED, avro_name
from registry.derive.types import Canonical
from registry.errors import DecodeError, InvalidSchemaError, NotFound
from registry.model import SchemaId

Slices = tuple[bytes | None, ...]
Key = Slices
SchemaText = Callable[[SchemaId], str]

GONE: Final[Slices] = ()
"""Of a record that says that its row has been deleted: it has no state."""

_MAGIC = 0
_PREFIX_BYTES = 5
# What foreign bytes set off in the readers and in the codecs of `cdc.canonical`.
_MISFITS = (
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
    DecodeError,
    InvalidSchemaError,
    NotFound,
)


class RecordDecoder:
    """Reads the keys and values of one governed topic."""

    def __init__(self, plan: Plan, schema_text: SchemaText) -> None:
        self._key_columns = plan.key
        self._columns = plan.columns
        self._schema_text = schema_text
        self._readers: dict[int, Callable[[bytes, int], object]] = {}
        self._fields = _json_fields if plan.is_json else self._avro_fields
        self._to_slice = _slice_of_json if plan.is_json else _slice_of_avro

    def key(self, data: bytes) -> Key | None:
        """The key's slices; None where the bytes are no key of this table."""
        slices = self._read(data, partial(self._slices, self._key_columns))
        return None if slices is None or None in slices else slices

    def row(self, data: bytes) -> Slices | None:
        """The value's slices; None where the bytes are no value of this table.

        `GONE` where the record says that the row has been deleted.
        """
        return self._read(data, self._row)

    def _row(self, fields: Mapping[str, Any]) -> Slices:
        is_gone = fields.get(DELETED.name) is True
        return GONE if is_gone else self._slices(self._columns, fields)

    def _slices(self, columns: tuple[PlannedColumn, ...], fields: Mapping[str, Any]) -> Slices:
        return tuple(
            self._to_slice(fields.get(avro_name(c.governed.name)), c.governed.type) for c in columns
        )

    def _read(self, data: bytes, make: Callable[[Mapping[str, Any]], Slices]) -> Slices | None:
        try:
            return make(self._fields(data))
        except _MISFITS:
            return None

    def _avro_fields(self, data: bytes) -> Mapping[str, Any]:
        if data[:1] != bytes([_MAGIC]):
            raise ValueError("not Confluent Avro")
        schema_id = int.from_bytes(data[1:_PREFIX_BYTES], "big")
        if schema_id not in self._readers:
            schema = parse_lenient(self._schema_text(SchemaId(schema_id)))
            self._readers[schema_id] = make_reader(schema)
        return _require_mapping(self._readers[schema_id](data, _PREFIX_BYTES))


def _json_fields(data: bytes) -> Mapping[str, Any]:
    return _require_mapping(orjson.loads(data))


def _require_mapping(fields: Any) -> Mapping[str, Any]:
    if not isinstance(fields, dict):
        raise TypeError
    return fields


def _slice_of_json(value: Any, canonical: Canonical) -> bytes | None:
    return to_slice(from_json(value, canonical), canonical)


def _slice_of_avro(value: Any, canonical: Canonical) -> bytes | None:
    return value if canonical.kind == "decimal" else to_slice(value, canonical)


def name_key(plan: Plan, key: Key) -> str:
    """The governed key as JSON: what anybody may see of a row."""
    fields = {
        column.governed.name: to_json(from_slice(data, column.governed.type), column.governed.type)
        for column, data in zip(plan.key, key, strict=True)
    }
    return orjson.dumps(fields).decode()
