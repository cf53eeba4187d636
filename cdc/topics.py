"""What is in the topics, for a person: listed with sizes, read with values decoded.

A value is Confluent Avro (magic byte 0, schema id: read with the registry's schema) or JSON; the
schema that travels inline in raw JSON is left out. Decimals become strings, bytes base64, times
ISO 8601 with microseconds. This shows what the topic holds, raw topics' personal data included.
"""

from __future__ import annotations

import base64
import difflib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from cdc.config import RelaySettings
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.layout import dead_letter_topic
from cdc.kafka.port import Reader, Record, TopicAdmin, TopicPartition
from registry.avro import make_reader, parse_lenient
from registry.errors import DecodeError, InvalidSchemaError, NotFound, RegistryUnreachable
from registry.model import SchemaId

AVRO_MAGIC = 0
PREFIX_BYTES = 5
SAMPLE_RECORDS = 20
"""How many of the last offsets are looked at to tell a topic's format."""
DEFAULT_LAST = 10


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic of the stream; `records` counts offsets, transaction markers included.

    `format` is avro, json, or empty where no value is among the last records.
    """

    name: str
    kind: str
    partitions: int
    records: int
    format: str


def list_topics(admin: TopicAdmin, reader: Reader, relay: RelaySettings) -> list[TopicRow]:
    """Raw, governed and dead-letter topics, in alphabetical order."""
    kinds = {name: kind for name in admin.names() if (kind := kind_of(name, relay))}
    ranges = admin.ranges(sorted(kinds))
    rows = []
    for name, kind in sorted(kinds.items()):
        mine = {at: bounds for at, bounds in ranges.items() if at.topic == name}
        records = sum(end - first for first, end in mine.values())
        rows.append(TopicRow(name, kind, len(mine), records, _sniff(reader, mine)))
    return rows


def kind_of(topic: str, relay: RelaySettings) -> str:
    """`raw`, `governed`, `dead letters`, or nothing for what is not part of the stream."""
    if topic == dead_letter_topic(relay.namespace):
        return "dead letters"
    if topic.startswith(f"{relay.namespace}."):
        return "governed"
    for prefix in relay.prefixes:
        parts = topic.removeprefix(f"{prefix}.")
        if parts != topic and parts.count(".") == 1:
            return "raw"
    return ""


def _sniff(reader: Reader, ranges: dict[TopicPartition, tuple[int, int]]) -> str:
    topics = {at.topic for at in ranges}
    start = {at.partition: max(first, end - SAMPLE_RECORDS) for at, (first, end) in ranges.items()}
    for topic in topics:
        for record in reader.read_to_end(topic, start):
            if record.value:
                return "avro" if record.value[0] == AVRO_MAGIC else "json"
    return ""


def check_topic(admin: TopicAdmin, name: str) -> None:
    """Nothing where the topic exists.

    Raises:
        ConfigError: it does not; near names are the hint.
    """
    names = admin.names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f"near: {', '.join(near)}" if near else "cdc topics list"
        raise ConfigError(f"topic {name}: does not exist", hint=hint)


@dataclass(frozen=True, slots=True)
class TailRequest:
    """What to show: the last `limit` records, or all from the beginning, or new ones as they come.

    `key` keeps only records of that key: its JSON, or the bare value of a key of one column.
    """

    topic: str
    key: str | None = None
    limit: int | None = None
    from_beginning: bool = False
    follow: bool = False


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


@dataclass(frozen=True, slots=True)
class Tail:
    """Carries out a request."""

    admin: TopicAdmin
    reader: Reader
    decoder: RecordDecoder

    def lines(self, request: TailRequest) -> Iterator[str]:
        """One JSON object a record; endless where the request follows.

        Raises:
            ConfigError: there is no such topic.
            Unreachable: Kafka or the registry does not answer.
        """
        check_topic(self.admin, request.topic)
        if request.follow or request.from_beginning:
            shown: Iterable[dict[str, Any]] = islice(
                self._matching(self._forward(request), request.key), request.limit
            )
        else:
            shown = self._last(request)
        for line in shown:
            yield to_json(line)

    def _forward(self, request: TailRequest) -> Iterator[Record]:
        start = {} if request.from_beginning else self._starts(request.topic, 0)
        if not request.follow:
            return iter(self.reader.read_to_end(request.topic, start))
        following = self.reader.follow(request.topic, start)
        return (record for record in following if record is not None)

    def _last(self, request: TailRequest) -> Iterable[dict[str, Any]]:
        """Look back further and further until there are enough."""
        limit = request.limit if request.limit is not None else DEFAULT_LAST
        back = max(1, limit)
        while True:
            start = self._starts(request.topic, back)
            records = self.reader.read_to_end(request.topic, start)
            found = deque(self._matching(records, request.key), limit)
            if len(found) >= limit or start == self._starts(request.topic, None):
                return found
            back *= 8

    def _starts(self, topic: str, back: int | None) -> dict[int, int]:
        """Per partition `back` offsets before the end (None: the first)."""
        ranges = self.admin.ranges([topic])
        return {
            at.partition: first if back is None else max(first, end - back)
            for at, (first, end) in ranges.items()
        }

    def _matching(self, records: Iterable[Record], key: str | None) -> Iterator[dict[str, Any]]:
        for record in records:
            if key is None or _is_key(self.decoder.decode(record.key), key):
                yield self.decoder.show(record)


def to_json(value: Any) -> str:
    """One line of JSON."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _is_key(key: Any, wanted: str) -> bool:
    candidates = [key, *(key.values() if isinstance(key, dict) and len(key) == 1 else ())]
    return any(wanted in (candidate, to_json(candidate)) for candidate in candidates)


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
