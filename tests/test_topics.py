from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cdc.config import RelaySettings
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.memory import MemoryBroker, MemoryReader, MemoryTopics
from cdc.kafka.port import Record, TopicSpec
from cdc.topics import RecordDecoder, Tail, TailRequest, TopicRow, check_topic, kind_of, list_topics
from registry.avro import make_writer, parse_lenient
from registry.errors import NotFound, RegistryUnreachable
from registry.model import SchemaId

RELAY = RelaySettings(prefixes=["mysql"])
GOVERNED = "governed.shop.users.v1"
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Value",
        "fields": [
            {
                "name": "price",
                "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            },
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
            {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
            {"name": "day", "type": {"type": "int", "logicalType": "date"}},
            {"name": "blob", "type": "bytes"},
            {"name": "none", "type": ["null", "string"]},
        ],
    }
)
KEY = json.dumps({"type": "record", "name": "Key", "fields": [{"name": "id", "type": "long"}]})


def schema_text(schema_id: SchemaId) -> str:
    """A registry of two schemas."""
    if schema_id not in (1, 2):
        raise NotFound(f"Schema {schema_id} not found")
    return KEY if schema_id == 1 else SCHEMA


def avro(schema_id: int, value: object) -> bytes:
    """A datum with Confluent's prefix."""
    schema = parse_lenient(schema_text(SchemaId(schema_id)))
    return b"\0" + schema_id.to_bytes(4) + make_writer(schema)(value)


def row(blob: bytes = b"\xff") -> dict[str, object]:
    """One of each kind that JSON does not have."""
    return {
        "price": Decimal("12.50"),
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "local": 1_767_323_045_000_001,
        "day": date(2026, 1, 2),
        "blob": blob,
        "none": None,
    }


class Bench:
    """A broker with some topics."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.topics = MemoryTopics(self.broker)
        self.reader = MemoryReader(self.broker)
        self.tail = Tail(self.topics, self.reader, RecordDecoder(schema_text))
        for name in ("mysql.shop.users", GOVERNED, "governed.dlq", "_cdc.state", "mysql", "other"):
            self.topics.create([TopicSpec(name, 2 if name == GOVERNED else 1)])

    def lines(self, **request: object) -> list[dict[str, object]]:
        """What `cdc topics tail` prints of the governed topic."""
        lines = self.tail.lines(TailRequest(GOVERNED, **request))  # type: ignore[arg-type]
        return [json.loads(line) for line in lines]


@pytest.fixture
def bench() -> Bench:
    """A broker with some topics."""
    return Bench()


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("mysql.shop.users", "raw"),
        (GOVERNED, "governed"),
        ("governed.dlq", "dead letters"),
        ("mysql", ""),
        ("mysql.transaction", ""),
        ("mysqlx.shop.users", ""),
        ("_cdc.state", ""),
    ],
)
def test_topics_of_the_stream_have_a_kind(topic: str, kind: str) -> None:
    """All others have none and are not listed."""
    assert kind_of(topic, RELAY) == kind


def test_the_list_tells_size_and_format(bench: Bench) -> None:
    """In alphabetical order; format as the last values have it."""
    bench.broker.append("mysql.shop.users", b"{}", b'{"payload": 1}')
    bench.broker.append(GOVERNED, avro(1, {"id": 1}), avro(2, row()))
    bench.broker.append(GOVERNED, avro(1, {"id": 2}), None, 1)
    assert list_topics(bench.topics, bench.reader, RELAY) == [
        TopicRow("governed.dlq", "dead letters", 1, 0, ""),
        TopicRow(GOVERNED, "governed", 2, 2, "avro"),
        TopicRow("mysql.shop.users", "raw", 1, 1, "json"),
    ]


def test_avro_is_shown_as_plain_json(bench: Bench) -> None:
    """Decimals as strings, bytes as base64, times in ISO 8601 with microseconds."""
    bench.broker.append(GOVERNED, avro(1, {"id": 7}), avro(2, row()), 1)
    (line,) = bench.lines()
    assert (line["topic"], line["partition"], line["offset"]) == (GOVERNED, 1, 0)
    assert str(line["timestamp"]).startswith("1970-01-01T00:00:00.")
    assert line["key"] == {"id": 7}
    assert line["value"] == {
        "price": "12.50",
        "at": "2026-01-02T03:04:05.000000Z",
        "local": "2026-01-02T03:04:05.000001",
        "day": "2026-01-02",
        "blob": "/w==",
        "none": None,
    }


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (None, None),
        (b'{"a": 1}', {"a": 1}),
        (b'{"schema": {"type": "x"}, "payload": {"id": 1}}', {"id": 1}),
        (b"epoch/raw.shop.users", "epoch/raw.shop.users"),
        (b"\xfe\xff", "/v8="),
        (b"\0\0\0\0\x09rest", "\0\0\0\0\trest"),
    ],
)
def test_whatever_is_there_is_shown(data: bytes | None, shown: object) -> None:
    """Tombstones, JSON without its inline schema, text, bytes, an unknown schema."""
    assert RecordDecoder(schema_text).decode(data) == shown


def test_a_silent_registry_is_told() -> None:
    """Exit 4 with the setting; not a line of base64."""

    def nobody(_: SchemaId) -> str:
        raise RegistryUnreachable("no answer")

    with pytest.raises(Unreachable, match="schema 1 cannot be read") as caught:
        RecordDecoder(nobody).decode(avro(1, {"id": 1}))
    assert "registry.url" in caught.value.hint


def test_without_options_the_last_ten_are_shown(bench: Bench) -> None:
    """Oldest of them first; `-n` takes another number."""
    for number in range(30):
        bench.broker.append(GOVERNED, avro(1, {"id": number}), None)
    assert [line["offset"] for line in bench.lines()] == list(range(20, 30))
    assert [line["offset"] for line in bench.lines(limit=2)] == [28, 29]


def test_from_the_beginning_shows_all_or_the_first(bench: Bench) -> None:
    """`-n` ends it."""
    for number in range(30):
        bench.broker.append(GOVERNED, avro(1, {"id": number}), None)
    assert len(bench.lines(from_beginning=True)) == 30
    assert [line["offset"] for line in bench.lines(from_beginning=True, limit=2)] == [0, 1]


@pytest.mark.parametrize("key", ["3", '{"id":3}'])
def test_a_key_is_found_however_far_back(bench: Bench, key: str) -> None:
    """By its JSON, or by the value of its only column."""
    for number in [3, *range(10, 300), 3]:
        bench.broker.append(GOVERNED, avro(1, {"id": number}), None)
    assert [line["offset"] for line in bench.lines(key=key)] == [0, 291]


def test_follow_shows_new_records_as_they_come(bench: Bench) -> None:
    """Nothing that was there before, unless from the beginning."""
    bench.broker.append(GOVERNED, b"old", b"1")

    class Arriving(MemoryReader):
        """A record is written once the reading has begun."""

        def follow(self, topic: str, start: Mapping[int, int]) -> Iterator[Record | None]:
            """See the port."""
            bench.broker.append(GOVERNED, b"new", b"2")
            return super().follow(topic, start)

    tail = replace(bench.tail, reader=Arriving(bench.broker))
    lines = tail.lines(TailRequest(GOVERNED, follow=True, limit=1))
    assert [json.loads(line)["key"] for line in lines] == ["new"]


def test_an_unknown_topic_is_refused_with_near_names(bench: Bench) -> None:
    """One line, exit 2; the list where nothing is near."""
    with pytest.raises(
        ConfigError, match=r"topic governed\.shop\.user\.v1: does not exist"
    ) as near:
        check_topic(bench.topics, "governed.shop.user.v1")
    assert near.value.hint.startswith(f"near: {GOVERNED}")
    with pytest.raises(ConfigError) as far:
        check_topic(bench.topics, "zzz")
    assert far.value.hint == "cdc topics list"
