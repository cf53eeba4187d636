"""From raw bytes to columns: what is an envelope, what is not, what belongs together."""

import json

import pytest

from cdc.column import zigzag
from cdc.event import AvroShape, JsonShape
from cdc.stream.decode import json_decoder
from cdc.stream.normalize import normalize
from cdc.stream.shape import json_prefix, split_shapes
from registry.derive.from_debezium import table_from_connect
from tests.builders import PRODUCTS, USERS, Col, RawTopic, raw_batch, user
from tests.stream.programs import USERS_TOPIC, program_of, run_all

_BOOL = {"__debezium.source.column.length": "1"}
TOPIC = RawTopic("mysql.pizzashop.users", USERS)


def _runs(messages):
    return [(shape, len(part)) for shape, part in split_shapes(raw_batch("t", messages))]


def test_events_of_one_schema_are_one_run():
    """A batch is cut only where the schema changes, and order is kept."""
    other = RawTopic("mysql.pizzashop.products", PRODUCTS)
    row = {"id": 1, "name": "x"}
    shapes = _runs([TOPIC.json("c", user(1)), TOPIC.json("u", user(1)), other.json("c", row)])
    assert [length for _, length in shapes] == [2, 1]


def test_tombstone_and_truncate_belong_to_the_run_before():
    """Messages without a schema of their own do not split a run."""
    key, _ = TOPIC.json("d", user(1))
    messages = [TOPIC.json("d", user(1)), (key, None), TOPIC.json("t", None)]
    ((shape, length),) = _runs(messages)
    assert isinstance(shape, JsonShape)
    assert length == 3


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"junk",
        b"{}",
        b'{"schema":{},"load":1}',
        b'{"schema":{"a":1,"payload":{}}',
        b'{"schema":' + b"[" * 5000,
        b"\x00\x00",
        b"\xff\xfe",
    ],
)
def test_what_is_no_envelope_has_no_shape(value):
    """Bytes that are neither raw format are told apart, however hostile."""
    assert _runs([(b"k", value)]) == [(None, 1)]


def test_avro_shape_is_the_two_schema_ids():
    """Confluent's prefixes alone identify an Avro message's schemas."""
    message = TOPIC.avro("c", user(1), ids=(7, 300))
    assert _runs([message, message]) == [(AvroShape(7, 300), 2)]


def test_prefix_ends_where_the_payload_begins():
    """Non-ASCII schema text is measured in bytes, not characters."""
    message = '{"schema":{"doc":"ಕನ್ನಡ"},"payload":{"a":1}}'.encode()
    prefix = json_prefix(message)
    assert prefix is not None
    assert json.loads(message[len(prefix) : -1]) == {"a": 1}


def test_both_raw_formats_give_the_same_records():
    """Behind `decode` nothing knows which raw format an event came in."""
    events = [("c", user(1)), ("u", user(2, email=None, lat=None)), ("d", user(1))]
    from_json = run_all(TOPIC, [TOPIC.json(op, row) for op, row in events])
    ids = (101, 102)
    from_avro = run_all(TOPIC, [TOPIC.avro(op, row, ids=ids) for op, row in events], ids=ids)
    assert from_avro.keys == from_json.keys
    assert from_avro.values == from_json.values


@pytest.mark.parametrize(
    ("changes", "reason", "column"),
    [
        ({"id": "seven"}, "wrong_type", "id"),
        ({"id": True}, "wrong_type", "id"),
        ({"id": 2**64}, "wrong_type", "id"),
        ({"lat": "%%%"}, "wrong_type", "lat"),
        ({"email": 5}, "wrong_type", "email"),
        ({"id": None}, "missing_value", "id"),
        ({"id": -1}, "no_canonical_form", "id"),
        ({"created_at": "yesterday"}, "no_canonical_form", "created_at"),
    ],
)
def test_a_bad_value_rejects_its_event_alone(changes, reason, column):
    """The neighbours pass; the reject names reason and column and never the value."""
    good = TOPIC.json("c", user(1))
    bad = TOPIC.json("c", user(2, **changes))
    out = run_all(TOPIC, [good, bad, good])
    assert list(out.index) == [0, 2]
    (reject,) = out.rejects
    assert (reject.index, reject.error.reason, reject.error.column) == (1, reason, column)
    for value in ("seven", "yesterday", "%%%"):
        assert value not in str(reject.error)


def test_reject_keeps_its_key_where_the_key_is_sound():
    """A dead letter can be found by governed key unless the key itself is bad."""
    good = run_all(TOPIC, [TOPIC.json("c", user(2))])
    (sound,) = run_all(TOPIC, [TOPIC.json("c", user(2, created_at="x"))]).rejects
    (bad,) = run_all(TOPIC, [TOPIC.json("c", user(2, id=-1))]).rejects
    assert sound.key == good.keys[0]
    assert bad.key is None


def test_delete_passes_whatever_its_other_columns_hold():
    """A tombstone needs the key alone."""
    out = run_all(TOPIC, [TOPIC.json("d", user(2, created_at="x", lat="%%"))])
    assert (out.values, out.rejects) == ([None], [])


def test_envelope_without_its_row_image_is_rejected():
    """An update without `after` is no change anybody could apply."""
    key, value = TOPIC.json("u", user(1))
    envelope = json.loads(value)
    envelope["payload"]["after"] = None
    broken = json.dumps(envelope, separators=(",", ":")).encode()
    program = program_of(TOPIC)
    out = program.run(raw_batch("t", [(key, broken)]), 1)
    assert [r.error.reason for r in out.rejects] == ["no_row"]


def test_batch_stops_before_a_truncate():
    """Nothing behind a TRUNCATE is looked at until it has been carried out."""
    messages = [TOPIC.json("c", user(1)), TOPIC.json("t", None), TOPIC.json("c", user(2))]
    out = run_all(TOPIC, messages)
    assert (len(out.keys), out.truncate_at) == (1, 1)
    assert out.topic == USERS_TOPIC


def test_kafka_tombstones_are_counted_not_sent():
    """The delete before it has become the governed tombstone already."""
    key, _ = TOPIC.json("d", user(1))
    out = run_all(TOPIC, [TOPIC.json("d", user(1)), (key, None)])
    assert (out.values, out.skipped) == ([None], 1)


def test_repaired_values_are_canonical_and_counted():
    """Year 0000 arrives as 1900 and a BOOL as a small int; both are mended and counted."""
    topic = RawTopic(
        "mysql.shop.t",
        (
            Col("id", "int64", optional=False),
            Col("y", "int32", "io.debezium.time.Year", "YEAR"),
            Col("b", "int16", mysql="TINYINT", parameters=_BOOL),
        ),
    )
    raw = table_from_connect(
        topic.topic, {"fields": [{"field": "id"}]}, topic.json_envelope_schema()
    )
    message = topic.json("c", {"id": 1, "y": 1900, "b": 1})
    ((shape, batch),) = split_shapes(raw_batch("t", [message]))
    change = json_decoder(shape, raw.columns).decode(batch, frozenset({"id"}))
    out = normalize(change, raw.columns, {})
    assert out.row["y"].values() == [zigzag(0)]
    assert out.row["b"].values() == [b"\x01"]
    assert out.repaired == {"y": 1, "b": 1}
