"""What docs/fast-path.md lists goes event by event, gives the same, and holds up no neighbour."""

import json
import struct

import pytest

from cdc.event import AvroShape
from tests.builders import PRODUCTS, Col, RawTopic, raw_batch
from tests.stream.twins import IDS, Twins, told

TOPIC = RawTopic(
    "mysql.a.b",
    (
        Col("id", "int64", optional=False),
        Col("text", "string"),
        Col("real", "float"),
        Col("vector", "array", "io.debezium.data.FloatVector"),
    ),
)
ROW = {"id": 1, "text": "abc", "real": 1.5, "vector": [1.0, 2.0]}
SOUND = TOPIC.avro("c", ROW, ids=IDS)


@pytest.fixture
def twins(tmp_path) -> Twins:
    """A policy that keeps all."""
    return Twins.of(tmp_path, TOPIC, {})


def _changed(old: bytes, new: bytes) -> bytes:
    value = SOUND[1] or b""
    assert value.count(old) == 1
    return value.replace(old, new)


EVENTS = {
    "cut": (SOUND[1] or b"")[:-1],
    "bytes behind its end": (SOUND[1] or b"") + b"\0",
    "a number not in its shortest form": _changed(b"\x06abc", b"\x86\x00abc"),
    "no UTF-8": _changed(b"abc", b"a\xffc"),
    "another operation": _changed(b"\x02c", b"\x02m"),
    "not a number": _changed(struct.pack("<f", 1.5), struct.pack("<I", 0x7FC00001)),
    "a vector in more than one block": _changed(
        b"\x04" + struct.pack("<2f", 1, 2),
        b"\x02" + struct.pack("<f", 1) + b"\x02" + struct.pack("<f", 2),
    ),
}


@pytest.mark.parametrize("value", EVENTS.values(), ids=EVENTS)
def test_declined_events_are_taken_one_by_one(twins, value):
    """The event takes the slow path, with its answer; those around it stay fast."""
    messages = [SOUND, (SOUND[0], value), SOUND]
    fast, slow = twins.run(TOPIC.topic, AvroShape(*IDS), raw_batch(TOPIC.topic, messages))
    assert told(fast) == told(slow)
    assert fast.slow == len(fast.keys) - 2


def test_a_delete_without_an_image_takes_its_key(twins):
    """Its row is the key of the message."""
    key, _ = SOUND
    _, value = TOPIC.avro("d", None, ids=IDS)
    out = twins.equal(TOPIC.topic, [SOUND, (key, value), SOUND])
    assert (out.slow, list(out.values)[1], out.keys[1]) == (1, None, out.keys[0])


def test_a_json_value_of_another_type_is_named_by_the_slow_path(twins):
    """The neighbours stay fast."""
    messages = [TOPIC.json("c", ROW), TOPIC.json("c", ROW | {"text": 5}), TOPIC.json("c", ROW)]
    out = twins.equal(TOPIC.topic, messages)
    assert (out.slow, [r.error.reason for r in out.rejects]) == (0, ["wrong_type"])


def test_governed_json_is_written_event_by_event():
    """All of its records count as slow, and are the same."""
    twins = Twins()
    topic = RawTopic("mysql.pizzashop.products", PRODUCTS)
    twins.know(topic)
    rows = [{"id": n, "name": "Pizza", "price": 1.5} for n in range(3)]
    assert twins.equal(topic.topic, [topic.avro("c", row, ids=IDS) for row in rows]).slow == 3


def _with_field(field: dict) -> str:
    """The envelope's schema with one field more in front."""
    schema = json.loads(TOPIC.avro_schemas()[1])
    schema["fields"] = [field, *schema["fields"]]
    return json.dumps(schema)


def _nested(depth: int) -> object:
    return {"type": "array", "items": _nested(depth - 1)} if depth else "long"


_CHAIN = {
    "type": "record",
    "name": "Chain",
    "fields": [{"name": "next", "type": ["null", "Chain"]}],
}


@pytest.mark.parametrize(
    ("schema", "front"),
    [
        (_with_field({"name": "x", "type": _nested(17)}), b"\0"),
        (_with_field({"name": "x", "type": _CHAIN}), b"\0"),
        (
            TOPIC.avro_schemas()[1].replace(
                '"name": "op", "type": "string"', '"name": "op", "type": "bytes"'
            ),
            b"",
        ),
    ],
    ids=["nested too deeply", "contains itself", "op is no string"],
)
def test_declined_schemas_go_event_by_event(twins, schema, front):
    """A table whose schema the kernels do not read is as right as any other, only slower."""
    twins.registry.schemas[IDS[1]] = schema
    value = SOUND[1] or b""
    message = (SOUND[0], value[:5] + front + value[5:])
    out = twins.equal(TOPIC.topic, [message, message])
    assert out.slow == len(out.keys)


def test_what_can_be_nested_is_read(twins):
    """Arrays within arrays, of several blocks, sized or not, in front of the row."""
    twins.registry.schemas[IDS[1]] = _with_field({"name": "x", "type": _nested(3)})
    value = SOUND[1] or b""
    item = b"\x02\x06\x00"  # one long, 3
    inner = b"\x02" + item + b"\x01\x06" + item + b"\x00"  # a block of one, a sized block of one
    message = (SOUND[0], value[:5] + b"\x02" + inner + b"\x00" + value[5:])
    assert twins.equal(TOPIC.topic, [message]).slow == 0
