"""Every raw form of every type, from both raw formats, gives the same canonical value."""

import json
import struct
from decimal import Decimal

import pytest

from cdc.canonical import from_slice
from cdc.event import AvroShape
from cdc.stream.decode import avro_decoder, json_decoder
from cdc.stream.normalize import normalize
from cdc.stream.shape import split_shapes
from registry.avro import make_reader, parse_lenient
from registry.derive.from_debezium import table_from_avro, table_from_connect
from registry.derive.types import RAW_TYPES
from tests.builders import Col, RawTopic, raw_batch

CONNECT = "org.apache.kafka.connect.data."
DATA = "io.debezium.data."
TIME = "io.debezium.time."

INSTANT = 1_709_210_096_789_100
SPAN = -45_296_000_000
WKB = struct.pack("<BI2d", 1, 1, 77.5, 13.0)
EWKB = struct.pack("<BII2d", 1, 0x20000001, 4326, 77.5, 13.0)


def _source(mysql, length=None, scale=None):
    """What `column.propagate.source.type` adds."""
    sizes = {"length": length, "scale": scale}
    return {"__debezium.source.column.type": mysql} | {
        f"__debezium.source.column.{name}": str(size)
        for name, size in sizes.items()
        if size is not None
    }


def _case(connect, semantic, values, parameters=None):
    """A raw form with one raw value and what becomes of it."""
    source = (parameters or {}).get("__debezium.source.column.type", "")
    topic = _topic(connect, semantic, parameters or {})
    return pytest.param(topic, *values, id=f"{connect}-{semantic}-{source}")


def _topic(connect, semantic, parameters):
    column = Col("v", connect, semantic, parameters=parameters)
    return RawTopic("mysql.shop.t", (Col("id", "int32", optional=False), column))


CASES = [
    _case("boolean", "", (True, True)),
    _case("int8", "", (-128, -128)),
    _case("int16", "", (-32768, -32768)),
    _case("int32", "", (2**31 - 1, 2**31 - 1)),
    _case("int64", "", (-(2**63), -(2**63))),
    _case("float", "", (335.1, struct.unpack("<f", struct.pack("<f", 335.1))[0])),
    _case("double", "", (335.1, 335.1)),
    _case("string", "", ("é😀", "é😀")),
    _case("bytes", "", (bytes(range(256)), bytes(range(256)))),
    _case("string", f"{DATA}Enum", ("b\\,c", "b,c"), {"allowed": "a,b\\,c,d"}),
    _case("string", f"{DATA}Enum", ("b,c", "b,c"), {"allowed": "a,b\\,c,d"}),
    _case("string", f"{DATA}Enum", ("", ""), {"allowed": "a,b"}),
    _case("string", f"{DATA}EnumSet", ("x,z", ("x", "z")), {"allowed": "x,y,z"}),
    _case("string", f"{DATA}EnumSet", ("", ()), {"allowed": "x,y,z"}),
    _case("string", f"{DATA}Json", ('{"b": 1.50, "a": [1e2]}', '{"a":[100],"b":1.5}')),
    _case("bytes", f"{DATA}Bits", (b"\x01\x02", b"\x02\x01"), {"length": "10"}),
    _case("bytes", f"{DATA}Bits", (b"\x01", b"\x00\x01"), {"length": "10"}),
    _case("bytes", f"{DATA}Bits", (b"", b"\x00" * 8), {"length": "64"}),
    _case("bytes", f"{DATA}Bits", (b"\xff" * 8 + b"\x00", b"\xff" * 8), {"length": "64"}),
    _case("array", f"{DATA}FloatVector", ([1.0, -2.5], (1.0, -2.5))),
    _case("array", f"{DATA}FloatVector", ([], ())),
    _case("struct", f"{DATA}geometry.Geometry", ({"wkb": WKB, "srid": None}, WKB)),
    _case("struct", f"{DATA}geometry.Geometry", ({"wkb": WKB, "srid": 4326}, EWKB)),
    _case("struct", f"{DATA}geometry.Point", ({"wkb": WKB, "srid": 0}, WKB)),
    _case("int32", f"{TIME}Year", (2024, 2024)),
    _case("int32", f"{TIME}Year", (1900, 0)),
    _case("int32", f"{TIME}Date", (-354285, -354285)),
    _case("int32", f"{CONNECT}Date", (19782, 19782)),
    _case("string", f"{TIME}IsoDate", ("2024-02-29Z", 19782)),
    _case("int32", f"{TIME}Time", (45_296_789, 45_296_789_000)),
    _case("int32", f"{CONNECT}Time", (45_296_789, 45_296_789_000)),
    _case("int64", f"{TIME}MicroTime", (SPAN, SPAN)),
    _case("int64", f"{TIME}NanoTime", (SPAN * 1000, SPAN)),
    _case("string", f"{TIME}IsoTime", ("12:34:56.7891Z", 45_296_789_100)),
    _case("string", f"{TIME}IsoTime", ("12:34Z", 45_240_000_000)),
    _case("int64", f"{TIME}Timestamp", (INSTANT // 1000, INSTANT // 1000 * 1000)),
    _case("int64", f"{CONNECT}Timestamp", (-1, -1000)),
    _case("int64", f"{TIME}MicroTimestamp", (INSTANT, INSTANT)),
    _case("int64", f"{TIME}NanoTimestamp", (INSTANT * 1000, INSTANT)),
    _case("string", f"{TIME}IsoTimestamp", ("2024-02-29T12:34:56.7891Z", INSTANT)),
    _case("string", f"{TIME}ZonedTimestamp", ("2024-02-29T12:34:56.78910Z", INSTANT)),
    _case(
        "bytes",
        f"{CONNECT}Decimal",
        (b"\x01\xe2:", Decimal("1234.50")),
        {"scale": "2", "connect.decimal.precision": "10"},
    ),
    _case("string", "", ("-1.5", Decimal("-1.5")), _source("DECIMAL", 65, 30)),
    _case("string", "", ("1234.50", Decimal("1234.50")), _source("DECIMAL", 10, 2)),
    _case("double", "", (335.1000061035156, 335.1000061035156), _source("FLOAT", 7, 4)),
    _case("int16", "", (1, True), _source("TINYINT", 1)),
    _case("int8", "", (0, False), _source("TINYINT", 1)),
    _case("int64", "", (2**63 - 1, 2**63 - 1), _source("BIGINT UNSIGNED")),
    _case("boolean", "", (True, True), _source("BIT", 1)),
]
IDS = (7, 8)


def _of_json(topic, row):
    """The normalized batch of one JSON message."""
    ((shape, batch),) = split_shapes(raw_batch(topic.topic, [topic.json("c", row)]))
    key = {"fields": [{"field": "id"}]}
    raw = table_from_connect(topic.topic, key, topic.json_envelope_schema())
    return raw, normalize(json_decoder(shape, raw.columns).decode(batch, {"id"}), raw.columns, {})


def _of_avro(topic, row):
    """The normalized batch of one Avro message."""
    key, value = topic.avro_schemas()
    raw = table_from_avro(topic.topic, json.loads(key), json.loads(value))
    readers = [make_reader(parse_lenient(text)) for text in (key, value)]
    batch = raw_batch(topic.topic, [topic.avro("c", row, ids=IDS)])
    decoder = avro_decoder(AvroShape(*IDS), raw.columns, *readers)
    return raw, normalize(decoder.decode(batch, {"id"}), raw.columns, {})


@pytest.mark.parametrize("read", [_of_json, _of_avro])
@pytest.mark.parametrize(("topic", "value", "expected"), CASES)
def test_raw_form_becomes_canonical(read, topic, value, expected):
    """One value of each raw form, extremes included; NULL stays NULL."""
    raw, out = read(topic, {"id": 1, "v": value})
    canonical = raw.table.column("v").type
    assert out.failed == {}
    (data,) = out.row["v"].values()
    assert from_slice(data, canonical) == expected
    _, nothing = read(topic, {"id": 1, "v": None})
    assert nothing.row["v"].values() == [None]


def test_every_raw_form_has_a_case():
    """A row that is added to the table must be shown to work."""
    columns = [case.values[0].columns[1] for case in CASES]
    assert {(column.connect, column.semantic) for column in columns} == set(RAW_TYPES)


@pytest.mark.parametrize("read", [_of_json, _of_avro])
@pytest.mark.parametrize(
    ("topic", "value"),
    [
        (_topic("string", f"{DATA}Json", {}), '{"secret": '),
        (_topic("string", f"{DATA}Json", {}), "[NaN]"),
        (_topic("string", f"{DATA}Json", {}), "[" * 100_000),
        (_topic("string", f"{DATA}Json", {}), "1e999"),
        (_topic("bytes", f"{DATA}Bits", {"length": "10"}), b"secret"),
        (_topic("struct", f"{DATA}geometry.Geometry", {}), {"wkb": b"secr", "srid": 1}),
        (_topic("struct", f"{DATA}geometry.Geometry", {}), {"wkb": WKB, "srid": -1}),
        (_topic("int64", f"{TIME}NanoTime", {}), 1),
        (_topic("int64", f"{TIME}Timestamp", {}), 2**62),
        (_topic("string", f"{TIME}IsoDate", {}), "secret"),
        (_topic("string", f"{TIME}IsoTime", {}), "secret"),
        (_topic("string", "", _source("DECIMAL", 4, 2)), "secret"),
        (_topic("string", "", _source("DECIMAL", 4, 2)), "1.001"),
        (_topic("string", "", _source("DECIMAL", 4, 2)), "NaN"),
    ],
)
def test_what_has_no_canonical_form_is_refused(read, topic, value):
    """The event fails with its column's name; the message never quotes the value."""
    _, out = read(topic, {"id": 1, "v": value})
    error = out.failed[0]
    assert error.column == "v"
    assert "secret" not in str(error)


def test_mended_label_is_counted():
    """A label that the stream escaped shows in the counts, one that came right does not."""
    topic = _topic("string", f"{DATA}Enum", {"allowed": "a,b\\,c"})
    assert _of_json(topic, {"id": 1, "v": "b\\,c"})[1].repaired == {"v": 1}
    assert _of_json(topic, {"id": 1, "v": "b,c"})[1].repaired == {}


def test_second_geometry_column_refers_to_the_first():
    """In Avro a record is declared once; the column that names it is a geometry all the same."""
    topic = _topic("struct", f"{DATA}geometry.Geometry", {})
    key, value = map(json.loads, topic.avro_schemas())
    name = "io.debezium.data.geometry.Geometry"
    value["fields"][0]["type"][1]["fields"].append(
        {"name": "w", "type": ["null", name], "connect.parameters": _source("LINESTRING")}
    )
    column = table_from_avro(topic.topic, key, value).table.column("w")
    assert (str(column.type), column.mysql_type) == ("geometry", "LINESTRING")
