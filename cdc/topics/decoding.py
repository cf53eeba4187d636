"""Bytes of records made readable.

A value is Confluent Avro (magic byte 0, schema id: read with the registry's schema) or JSON; the
schema that travels inline in raw JSON is left out. Decimals become strings, bytes base64, times
ISO 8601 with microseconds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from cdc.errors import Unreachable
from cdc.kafka.port import Record
from registry.avro import make_reader, parse_lenient
from registry.errors import DecodeError, InvalidSchemaError, NotFound, RegistryUnreachable
from registry.model import SchemaId

AVRO_MAGIC = 0
PREFIX_BYTES = 5


class RecordDecoder:
    """Makes plain values of record bytes; asks for each schema once."""

    def __init__(self, schema_text: Callable[[SchemaId], str]) -> None:
        self._schema_text = schema_text
        self._readers: dict[int, Callable[[bytes, int], object]] = {}

    def decode(self, data: bytes | None) -> Any:
        """Avro, JSON, text or, where it is none of them, base64.

        Raises:
            Unreachable: the registry does not answer.
        """
        if data is None:
            return None
        if len(data) > PREFIX_BYTES and data[0] == AVRO_MAGIC:
            return self._decode_avro(data)
        try:
            return _payload(json.loads(data))
        except ValueError:
            return _text(data)

    def show(self, record: Record) -> dict[str, Any]:
        """One line of `cdc topics tail`."""
        at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        return {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": _plain(at),
            "key": self.decode(record.key),
            "value": self.decode(record.value),
        }

    def _decode_avro(self, data: bytes) -> Any:
        schema_id = int.from_bytes(data[1:PREFIX_BYTES])
        try:
            return self._reader(schema_id)(data, PREFIX_BYTES)
        except RegistryUnreachable as error:
            raise Unreachable(
                f"the registry does not answer, schema {schema_id} cannot be read: {error}",
                hint="settings registry.url and serve.port; the local one: cdc stack up serve",
            ) from None
        except (NotFound, DecodeError, InvalidSchemaError):
            return _text(data)

    def _reader(self, schema_id: int) -> Callable[[bytes, int], object]:
        if schema_id not in self._readers:
            schema = parse_lenient(self._schema_text(SchemaId(schema_id)))
            self._readers[schema_id] = make_reader(schema, raw_logical=False)
        return self._readers[schema_id]


def to_json(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _payload(value: Any) -> Any:
    """Without the schema that Connect's JsonConverter puts beside it."""
    if isinstance(value, dict) and set(value) == {"schema", "payload"}:
        return value["payload"]
    return value


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return base64.b64encode(data).decode()


def _plain(value: object) -> str:
    """JSON's form of what JSON does not have."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, time):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")
