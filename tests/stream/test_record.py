"""The governed record: what it holds, byte for byte where that matters."""

import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import CODECS, from_json, from_slice, to_slice
from cdc.column import Column, unzigzag, zigzag
from cdc.errors import EncodeError
from cdc.event import Op, SafeBatch
from cdc.stream.encode import avro_encoder, json_encoder
from cdc.stream.murmur2 import murmur2
from registry.avro import make_reader, make_writer, parse_strict
from registry.derive.record import GovernedColumn, derive_key, derive_value
from registry.derive.types import DATE, KINDS, LONG, STRING, Canonical
from tests.builders import PRODUCTS, USERS, RawTopic, raw_batch, user
from tests.strategies import canonical_types, values_of
from tests.stream.programs import DictRegistry, decode_avro, program_of, run_all

USERS_RAW = RawTopic("mysql.pizzashop.users", USERS)
PRODUCTS_RAW = RawTopic("mysql.pizzashop.products", PRODUCTS)


def test_users_record_holds_what_the_policy_lets_through_and_no_more():
    """Names, e-mail, residence, coordinates and the id itself do not leave; fields are in order."""
    registry = DictRegistry()
    program = program_of(USERS_RAW, registry=registry)
    message = USERS_RAW.json("c", user(7, email="USER7@Example.com"), ts_us=1_700_000_000_123_456)
    out = program.run(raw_batch("t", [message], first_offset=41), 1)
    value = decode_avro(registry, out.values[0])
    key = decode_avro(registry, out.keys[0])
    assert list(value) == [
        "id",
        "email",
        "city",
        "lat",
        "lon",
        "created_at",
        "updated_at",
        "__op",
        "__source_ts_us",
        "__version",
        "__deleted",
    ]
    assert key == {"id": value["id"]}
    assert value["city"] == "Bangalore"
    assert int.from_bytes(value["lat"], "big", signed=True) == 1295
    assert value["created_at"] == 1_709_210_096_789_100
    assert (value["__op"], value["__source_ts_us"]) == ("c", 1_700_000_000_123_456)
    assert value["__deleted"] is False
    for secret in (b"First7", b"Last7", b"ser7", b"MG Road", b"5600"):
        assert secret not in out.values[0] + out.keys[0]


def test_version_is_epoch_offset_and_a_constant_per_key():
    """For one key versions differ exactly as offsets do; an epoch outweighs every offset."""
    registry = DictRegistry()
    program = program_of(USERS_RAW, registry=registry)
    messages = [USERS_RAW.json("u", user(7)), USERS_RAW.json("u", user(7))]
    first = program.run(raw_batch("t", messages, first_offset=10), 1)
    late = program.run(raw_batch("t", messages[:1], first_offset=0), 2)
    one, two, three = (
        decode_avro(registry, value)["__version"] for value in [*first.values, *late.values]
    )
    assert two - one == 1
    assert three - one == 2**41 - 10


def test_version_does_not_tell_the_order_of_blinded_keys():
    """With a tokenized key the versions of a snapshot in id order correlate with nothing."""
    registry = DictRegistry()
    program = program_of(USERS_RAW, registry=registry)
    messages = [USERS_RAW.json("r", user(number)) for number in range(2000)]
    out = program.run(raw_batch("t", messages), 1)
    versions = np.array([decode_avro(registry, v)["__version"] for v in out.values])
    ranks = versions.argsort().argsort()
    assert abs(np.corrcoef(ranks, np.arange(2000))[0, 1]) < 0.1


def test_products_are_plain_json_with_a_clear_version():
    """`format: json` gives what `kcat … | jq` reads, key included; a kept key blinds nothing."""
    row = {
        "id": 3,
        "name": "Pizza ಕನ್ನಡ",
        "price": 335.1,
        "created_at": "2024-02-29T12:34:56Z",
        "updated_at": 1_709_210_096_000_005,
    }
    out = run_all(PRODUCTS_RAW, [PRODUCTS_RAW.json("c", row)], first_offset=9)
    assert json.loads(out.keys[0]) == {"id": 3}
    assert json.loads(out.values[0]) == {
        "id": 3,
        "name": "Pizza ಕನ್ನಡ",
        "description": None,
        "category": None,
        "price": 335.1,
        "image": None,
        "created_at": "2024-02-29T12:34:56.000000Z",
        "updated_at": "2024-02-29T12:34:56.000005",
        "__op": "c",
        "__source_ts_us": 1_700_000_000_000_000,
        "__version": 2**41 + 9,
        "__deleted": False,
    }


def test_key_change_is_a_tombstone_of_the_old_and_a_record_of_the_new():
    """Debezium's delete and create around a changed key keep their order."""
    old, new = user(1), user(2)
    out = run_all(USERS_RAW, [USERS_RAW.json("d", old), USERS_RAW.json("c", new)])
    (created,) = run_all(USERS_RAW, [USERS_RAW.json("c", new)], first_offset=1).keys
    (read,) = run_all(USERS_RAW, [USERS_RAW.json("r", old)]).keys
    assert out.keys == [read, created]
    assert [value is None for value in out.values] == [True, False]


@st.composite
def _governed_rows(draw):
    types = draw(st.lists(canonical_types(), min_size=1, max_size=5))
    key = GovernedColumn("k", STRING, is_key=True, source_nullable=False)
    columns = (
        key,
        *(
            GovernedColumn(f"c{i}", kind, is_key=False, source_nullable=True)
            for i, kind in enumerate(types)
        ),
    )
    row = [draw(st.text(max_size=5))] + [draw(st.none() | values_of(kind)) for kind in types]
    return columns, row


def _safe_batch(columns, row) -> SafeBatch:
    one = np.array([0], np.int64)
    slices = {c.name: Column.of([to_slice(v, c.type)]) for c, v in zip(columns, row, strict=True)}
    return SafeBatch(one, one, np.array([ord(Op.CREATE)], np.uint8), one, slices, one, {})


@given(_governed_rows())
def test_avro_by_concatenation_is_what_fastavro_writes(generated):
    """For every type of the table our bytes equal the reference writer's under the same schema."""
    columns, row = generated
    out = avro_encoder(columns, 1, 2).encode(_safe_batch(columns, row), "t", 0)
    fields = {c.name: _avro_plain(v, c.type) for c, v in zip(columns, row, strict=True)}
    lineage = {"__op": "c", "__source_ts_us": 0, "__version": 0, "__deleted": False}
    schema = parse_strict(derive_value("t.u.v1", columns))
    key_schema = parse_strict(derive_key("t.u.v1", columns))
    assert out.values[0][5:] == make_writer(schema)({**fields, **lineage})
    assert out.keys[0][5:] == make_writer(key_schema)({"k": row[0]})
    assert make_reader(schema)(out.values[0], 5) == {**fields, **lineage}


def _avro_plain(value, canonical: Canonical):
    if value is not None and canonical.kind == "decimal":
        return to_slice(value, canonical)
    return list(value) if isinstance(value, tuple) else value


@given(_governed_rows())
def test_json_form_gives_the_value_back(generated):
    """What a JSON reader gets is the canonical value, exactly."""
    columns, row = generated
    out = json_encoder(columns).encode(_safe_batch(columns, row), "t", 0)
    read = json.loads(out.values[0])
    again = [from_json(read[c.name], c.type) for c in columns]
    assert again == row


def test_null_key_is_rejected():
    """A governed key is never NULL: the broker would refuse the tombstone for ever."""
    columns = (GovernedColumn("k", LONG, is_key=True, source_nullable=False),)
    out = avro_encoder(columns, 1, 2).encode(_safe_batch(columns, [None]), "t", 0)
    assert [r.error.reason for r in out.rejects] == ["null_key"]


def test_oversize_record_is_rejected_before_the_broker_sees_it():
    """A record that no topic takes becomes a dead letter and does not block its table."""
    columns = (GovernedColumn("k", STRING, is_key=True, source_nullable=False),)
    out = avro_encoder(columns, 1, 2).encode(_safe_batch(columns, ["x" * 2**24]), "t", 0)
    assert isinstance(out.rejects[0].error, EncodeError)
    assert out.rejects[0].error.reason == "oversize"


@pytest.mark.parametrize("is_key", [True, False])
def test_a_date_outside_of_time_is_rejected_where_json_cannot_say_it(is_key):
    """Its event becomes a dead letter that does not quote it; the event beside it passes."""
    columns = (
        GovernedColumn("k", LONG, is_key=True, source_nullable=False),
        GovernedColumn("d", DATE, is_key=is_key, source_nullable=True),
    )
    batch = replace(
        _safe_batch(columns[:1], [1]),
        offsets=np.arange(2),
        index=np.arange(2),
        op=np.array([ord(Op.CREATE)] * 2, np.uint8),
        source_ts_us=np.zeros(2, np.int64),
        blind=np.zeros(2, np.int64),
        columns={
            "k": Column.of([zigzag(1), zigzag(2)]),
            "d": Column.of([zigzag(1_234_567_891), zigzag(0)]),
        },
    )
    out = json_encoder(columns).encode(batch, "t", 0)
    (reject,) = out.rejects
    assert (reject.index, reject.error.reason, reject.error.column) == (0, "no_json_form", "d")
    assert "1234567891" not in str(reject.error)
    assert "3382" not in str(reject.error)
    assert [json.loads(key)["k"] for key in out.keys] == [2]


@given(st.integers(-(2**63), 2**63 - 1))
def test_zigzag_round_trips(value):
    """Every 64-bit integer survives its varint."""
    assert unzigzag(zigzag(value)) == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\x00", b"\xff" * 11, b"\x00\x00"])
def test_unzigzag_takes_canonical_varints_only(data):
    """Cut, overlong and trailing bytes are refused: equal values have equal bytes."""
    with pytest.raises((ValueError, OverflowError)):
        unzigzag(data)


@given(canonical_types().flatmap(lambda t: st.tuples(st.just(t), values_of(t))))
def test_slices_round_trip(typed):
    """Every canonical value survives its slice."""
    canonical, value = typed
    assert from_slice(to_slice(value, canonical), canonical) == value


def test_decimal_that_does_not_fit_is_refused():
    """No digit is ever dropped."""
    small = Canonical("decimal", 4, 2)
    for text in ("100.00", "1.001", "-100.00"):
        with pytest.raises(ValueError, match=r"decimal|digits"):
            to_slice(Decimal(text), small)


def test_every_kind_has_a_codec():
    """The type table and the codec table name the same kinds."""
    assert set(CODECS) == set(KINDS)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_known_answers(key, expected):
    """Partitions are those that Kafka's own clients choose (vectors of Kafka's UtilsTest)."""
    assert murmur2([key, b"other", key]).tolist()[0] == expected & 0x7FFFFFFF
    assert murmur2([b"x", key])[1] == expected & 0x7FFFFFFF
