"""Governed records as a consumer would read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from registry.avro import make_reader, parse_lenient
from registry.client import RegistryClient
from registry.model import SchemaId
from tests.end_to_end.conftest import Governed

USERS_RAW = "mysql.pizzashop.users"
USERS = "governed.pizzashop.users.v1"
PRODUCTS = "governed.pizzashop.products.v1"


@dataclass(frozen=True)
class Change:
    """One record, decoded; `value` None is a tombstone."""

    partition: int
    offset: int
    key: dict[str, Any]
    value: dict[str, Any] | None


class Governance:
    """Reads governed topics of a stack, from where the last reading ended."""

    def __init__(self, stack: Governed) -> None:
        self._reader = stack.kafka.reader()
        self._registry = RegistryClient(stack.settings.registry_url)
        self._offsets: dict[str, dict[int, int]] = {}

    def read(self, topic: str = USERS) -> list[Change]:
        """What is new in a topic."""
        reading = self._reader.read_to_end(topic, self._offsets.get(topic))
        found = [
            Change(
                record.partition,
                record.offset,
                self._decode(record.key),
                self._decode(record.value) if record.value else None,
            )
            for record in reading
        ]
        self._offsets[topic] = dict(reading.offsets)
        return found

    def _decode(self, data: bytes | None) -> dict[str, Any]:
        if not data:
            return {}
        if data[:1] == b"{":
            parsed: dict[str, Any] = orjson.loads(data)
            return parsed
        schema_id = SchemaId(int.from_bytes(data[1:5], "big"))
        record: Any = make_reader(parse_lenient(self._registry.schema_by_id(schema_id)))(data, 5)
        return dict(record)
