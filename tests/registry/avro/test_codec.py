import datetime as dt
import traceback
from decimal import Decimal

import pytest

from registry.avro import make_reader, make_writer, parse_lenient, parse_strict
from registry.errors import DecodeError, EncodeError
from tests.registry.cases import make_record

TIMED = parse_strict(
    make_record(
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {
            "name": "price",
            "type": [
                "null",
                {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
            ],
            "default": None,
        },
        {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["A", "B"]}},
        {"name": "other", "type": "K"},
    )
)
ROW = {"at": 1, "price": b"\x01\x02", "kind": "A", "other": "B"}
SECRET = "4111-1111"


def test_what_is_written_is_read_at_its_offset():
    """A reader starts at the offset and gives back what the writer was given, raw."""
    data = make_writer(TIMED)(ROW)
    assert make_reader(TIMED)(b"prefix" + data, 6) == ROW


def test_logical_types_become_objects_only_on_request():
    """Without raw_logical fastavro's dates and decimals come out, and they can be written too."""
    data = make_writer(TIMED)(ROW)
    row = make_reader(TIMED, raw_logical=False)(data, 0)
    at = dt.datetime(1970, 1, 1, microsecond=1, tzinfo=dt.UTC)
    assert row == {**ROW, "at": at, "price": Decimal("2.58")}
    assert make_writer(TIMED)(row) == data


def test_a_reader_schema_fills_in_defaults_as_decoded_values():
    """Defaults of missing fields come as a decoder would have given them: bytes, floats, null."""
    wanted = parse_strict(
        make_record(
            {"name": "at", "type": "long"},
            {"name": "raw", "type": "bytes", "default": "\u00ff"},
            {"name": "maybe", "type": ["int", "null"], "default": None},
            {"name": "ratio", "type": "float", "default": 1},
        )
    )
    row = make_reader(TIMED, wanted)(make_writer(TIMED)(ROW), 0)
    assert row == {"at": 1, "raw": b"\xff", "maybe": None, "ratio": 1.0}
    assert isinstance(row["ratio"], float)


def test_a_bad_default_in_a_stored_schema_does_not_stop_decoding():
    """A default of the wrong type matters to nobody who reads with the writer's schema."""
    schema = parse_lenient(make_record({"name": "x", "type": "int", "default": "bad"}))
    assert make_reader(schema)(b"\x02", 0) == {"x": 1}


@pytest.mark.parametrize(
    "value",
    [
        {"at": SECRET},
        {**ROW, "price": SECRET},
        {**ROW, "kind": SECRET},
        {**ROW, "at": 2**70},
        {"at": 1},
        SECRET,
        None,
    ],
)
def test_an_encode_error_quotes_no_value(value):
    """Fastavro's messages carry the value; ours do not, not even in the printed traceback."""
    with pytest.raises(EncodeError) as failed:
        make_writer(TIMED)(value)
    assert SECRET not in "".join(traceback.format_exception(failed.value))


@pytest.mark.parametrize("data", [b"", b"\x02", b"\xff" * 40, b"\x02\x00\x10", b"\x02\x08"])
def test_bytes_that_do_not_fit_are_a_decode_error(data):
    """Short, overlong and senseless bytes end as DecodeError."""
    with pytest.raises(DecodeError):
        make_reader(TIMED)(data, 0)


def test_a_deep_datum_does_not_end_the_process():
    """Fastavro would overflow the C stack at some thousand levels; the guard refuses before."""
    node = parse_strict('{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}')
    read = make_reader(node)
    assert read(b"\x02" * 10 + b"\x00", 0)
    with pytest.raises(DecodeError, match="deeper"):
        read(b"\x02" * 100_000 + b"\x00", 0)


def test_a_block_of_nothing_cannot_claim_the_world():
    """Nine bytes that announce 2^62 nulls are refused instead of allocated."""
    read = make_reader(parse_strict('{"type":"array","items":"null"}'))
    assert read(b"\x06\x00", 0) == [None, None, None]
    with pytest.raises(DecodeError, match="claims"):
        read(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\x00", 0)


def test_the_guard_walks_every_type():
    """A recursive type with all kinds of members is guarded and read right."""
    schema = parse_strict(
        make_record(
            {"name": "b", "type": "boolean"},
            {"name": "d", "type": "double"},
            {"name": "s", "type": "string"},
            {"name": "f", "type": {"type": "fixed", "name": "F", "size": 2}},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["P", "Q"]}},
            {"name": "m", "type": {"type": "map", "values": "long"}},
            {"name": "a", "type": {"type": "array", "items": "A"}},
        )
    )
    leaf = {"b": True, "d": 1.5, "s": "x", "f": b"ab", "e": "Q", "m": {"k": 7}, "a": []}
    tree = {**leaf, "a": [leaf, leaf]}
    assert make_reader(schema)(make_writer(schema)(tree), 0) == tree
