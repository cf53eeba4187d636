"""Both ends of a change: the raw event that Debezium wrote, the governed record that left."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cdc.canonical import scaled
from cdc.errors import StackError
from cdc.kafka.port import Reader, Record, TopicAdmin
from cdc.stream.shape import PREFIX_BYTES, schema_id
from registry.avro import make_reader, parse_lenient
from registry.client import RegistryClient
from registry.model import SchemaId

DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class Change:
    """One change at both ends; `governed` None: a tombstone. `took_ms`: until it was readable."""

    raw: Mapping[str, object]
    key: Mapping[str, object]
    governed: Mapping[str, object] | None
    schema_id: int | None
    took_ms: float


class Watch:
    """Sees a table's changes from now on."""

    def __init__(
        self,
        reader: Reader,
        topics: TopicAdmin,
        registry: RegistryClient,
        raw_topic: str,
        governed_topic: str,
    ) -> None:
        self._registry = registry
        self._raw = _follow(reader, topics, raw_topic)
        self._governed = _follow(reader, topics, governed_topic)

    def next_change(self, begin: float) -> Change:
        """The next change at both ends; `begin` is the monotonic time of its commit.

        Raises:
            StackError: nothing arrives in time.
        """
        raw = _next(self._raw, lambda record: record.value is not None)
        governed = _next(self._governed, lambda _: True)
        took_ms = (time.monotonic() - begin) * 1000
        return Change(
            _open_raw(raw.value or b""),
            self._decode(governed.key or b""),
            self._decode(governed.value) if governed.value else None,
            schema_id(governed.value) if governed.value else None,
            took_ms,
        )

    def _decode(self, data: bytes) -> Mapping[str, Any]:
        schema = parse_lenient(self._registry.schema_by_id(SchemaId(schema_id(data))))
        record: Any = make_reader(schema, raw_logical=False)(data, PREFIX_BYTES)
        return dict(record)


def _follow(reader: Reader, topics: TopicAdmin, topic: str) -> Iterator[Record | None]:
    ends = {at.partition: end for at, (_, end) in topics.ranges([topic]).items()}
    records = reader.follow(topic, ends)
    next(records)  # connects, so that the first change does not pay for it
    return records


def _next(records: Iterator[Record | None], wanted: Any) -> Record:
    end = time.monotonic() + DEADLINE_S
    for record in records:
        if record is not None and wanted(record):
            return record
        if time.monotonic() > end:
            break
    raise StackError(
        f"demo: no change arrived within {DEADLINE_S:g} s",
        hint="cdc relay status; cdc connectors status",
    )


def _open_raw(message: bytes) -> dict[str, object]:
    event = orjson.loads(message)
    side = "before" if event["payload"]["op"] == "d" else "after"
    fields = next(f for f in event["schema"]["fields"] if f["field"] == side)["fields"]
    row = event["payload"][side]
    return {f["field"]: _readable(f, row[f["field"]]) for f in fields}


def _readable(field: Mapping[str, Any], value: Any) -> object:
    """A raw value; Connect's decimals, which are base64 of unscaled bytes, as numbers."""
    if value is None or not str(field.get("name", "")).endswith(".Decimal"):
        return value
    whole = int.from_bytes(base64.b64decode(value), "big", signed=True)
    return scaled(whole, int(field["parameters"]["scale"]))
