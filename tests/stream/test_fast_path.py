"""Kernels and the slow path: the same bytes, whatever comes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.event import AvroShape
from tests.builders import PRODUCTS, USERS, Col, RawTopic, raw_batch, user
from tests.stream.tables import ALL_TYPES, GOOD, all_types_rows, canonical
from tests.stream.test_fixtures import _Replay
from tests.stream.twins import IDS, Twins, told

USERS_RAW = RawTopic("mysql.pizzashop.users", USERS)
PRODUCTS_RAW = RawTopic("mysql.pizzashop.products", PRODUCTS)
TOKEN = {"class": "identifier", "rule": "token", "key": "pii", "type": "x"}


@pytest.fixture(scope="module")
def users() -> Twins:
    """Both paths of the committed policies."""
    twins = Twins()
    twins.know(USERS_RAW)
    return twins


@pytest.fixture(scope="module")
def all_types(tmp_path_factory) -> Twins:
    """Both paths of a policy that keeps every type."""
    return Twins.of(tmp_path_factory.mktemp("policies"), ALL_TYPES, {})


_rows = st.fixed_dictionaries(
    {},
    optional={
        "email": st.none() | st.text(max_size=140) | st.emails(),
        "first_name": st.none() | st.text(max_size=9),
        "residence": st.none()
        | st.text(max_size=30)
        | st.lists(
            st.sampled_from(
                ["Mumbai", "xMumbai", "mysore", "MYSURU", "é", ",", "_", "1", "BANGALORE"]
            ),
            max_size=6,
        ).map(" ".join),
        "lat": st.none() | st.binary(max_size=12),
        "lon": st.none()
        | st.integers(-(10**10), 10**10).map(lambda n: n.to_bytes(6, "big", signed=True)),
        "created_at": st.none()
        | st.datetimes().map(lambda d: d.isoformat() + "Z")
        | st.text("0123456789-:TZ.+ ", max_size=30),
        "updated_at": st.none() | st.integers(-(2**63), 2**63 - 1),
    },
)
_events = st.lists(
    st.tuples(st.sampled_from("rcudt"), st.integers(-5, 2**63 - 1), _rows, st.booleans()),
    max_size=6,
)


@settings(deadline=None)
@given(_events, st.booleans(), st.integers(0, 2**62))
def test_any_users_events_give_the_same_records(users, events, is_avro, ts_us):
    """Every operation, NULLs, odd texts, wide decimals, Kafka tombstones, both raw formats."""
    messages = []
    for op, number, changes, tombstone in [("c", 1, {}, False), *events]:
        row = None if op == "t" else user(1, **changes) | {"id": number}
        made = (
            USERS_RAW.avro(op, row, ids=IDS, ts_us=ts_us)
            if is_avro
            else USERS_RAW.json(op, row, ts_us=ts_us)
        )
        messages += [made, (made[0], None)] if tombstone else [made]
    users.equal(USERS_RAW.topic, messages)


@settings(deadline=None)
@given(st.lists(all_types_rows(), min_size=1, max_size=3), st.sampled_from("cud"), st.booleans())
def test_any_row_of_the_all_types_table_gives_the_same_record(all_types, rows, op, is_avro):
    """What has a canonical form is written alike, what has none is refused with the same words."""
    messages = [
        ALL_TYPES.avro(op, row, ids=IDS) if is_avro else ALL_TYPES.json(op, row) for row in rows
    ]
    all_types.equal(ALL_TYPES.topic, messages)


def test_all_types_go_fast(all_types):
    """Every raw form of the type table, in both raw formats, by kernels."""
    rows = [{"id": number, **GOOD} for number in range(50)]
    avro = all_types.equal(ALL_TYPES.topic, [ALL_TYPES.avro("c", row, ids=IDS) for row in rows])
    from_json = all_types.equal(ALL_TYPES.topic, [ALL_TYPES.json("c", row) for row in rows])
    assert [(out.slow, len(out.values)) for out in (avro, from_json)] == [(0, 50), (0, 50)]


@pytest.mark.parametrize("op", "cud")
def test_every_type_can_be_tokenized_alike(tmp_path, op):
    """Texts of every kind that has one, the key's included, long ones beyond a hash block."""
    kinds = {"float", "double", "json", "set", "geometry", "vector", "time"}
    rules = {c.name: TOKEN for c in ALL_TYPES.columns if canonical(c)[0].kind not in kinds}
    twins = Twins.of(tmp_path, ALL_TYPES, rules)
    rows = [{"id": number, **GOOD} for number in (0, -1, 2**63 - 1, -(2**63))]
    assert twins.equal(ALL_TYPES.topic, [ALL_TYPES.avro(op, r, ids=IDS) for r in rows]).slow == 0


@pytest.mark.parametrize("letter", ["a", "Z", "é", "ß", "İ", "\N{GRINNING FACE}"])
def test_tokens_of_texts_around_every_block_boundary(tmp_path, letter):
    """Up to four blocks of SHA-256, folded and not, ASCII and not."""
    columns = (
        Col("id", "string", optional=False),
        Col("folded", "string"),
        Col("data", "bytes"),
    )
    topic = RawTopic("mysql.a.b", columns)
    rules = {"id": TOKEN, "folded": {**TOKEN, "fold": True}, "data": TOKEN}
    twins = Twins.of(tmp_path, topic, rules)
    rows = [
        {"id": letter * n, "folded": letter * n, "data": (letter * n).encode()} for n in range(260)
    ]
    out = twins.equal(topic.topic, [topic.avro("c", row, ids=IDS) for row in rows])
    assert (out.slow, len(set(out.keys))) == (0, 260)


@pytest.mark.parametrize(
    ("name", "topic", "drop"),
    [
        ("alltypes_recommended", "mysql.tt.t1", "big_u"),
        ("alltypes_default_snapshot_and_stream", "mysql.tt.t1", ""),
        *[
            ("ops_pkchange_tombstone_tx_heartbeat_masks", f"mysql.ops.{table}", "")
            for table in ("u", "par", "chi", "ek")
        ],
        *[
            ("defaults_nulls_zerodates_bool_nopk", f"mysql.td.{table}", "")
            for table in ("d", "s", "z", "uk")
        ],
    ],
)
def test_captured_events_go_fast_and_alike(tmp_path, name, topic, drop):
    """At least 99 of 100 events of every captured table with a key, transaction blocks and all."""
    replay = _Replay(tmp_path, name, topic, drop)
    policy = next(tmp_path.glob("*.yaml"))
    policy.write_text(json.dumps(json.loads(policy.read_text()) | {"format": "avro"}))
    twins = Twins(tmp_path)
    twins.registry.schemas = replay.registry.schemas
    slow = total = 0
    for event in replay.events:
        if event["key_schema"] is None or event["value_schema"] is None:
            continue
        shape = AvroShape(replay._id(event["key_schema"]), replay._id(event["value_schema"]))
        out, oracle = twins.run(topic, shape, raw_batch(topic, [replay.message(event)]))
        assert told(out) == told(oracle)
        slow, total = slow + out.slow, total + len(out.keys)
    assert total
    assert slow <= total / 100


def _mutations(data: bytes):
    """A message with one thing wrong with it, or none."""
    places = st.integers(5, len(data) - 1)
    return st.one_of(
        st.tuples(places, st.integers(0, 255)).map(
            lambda m: data[: m[0]] + bytes([m[1]]) + data[m[0] + 1 :]
        ),
        places.map(lambda at: data[:at]),
        st.binary(min_size=1, max_size=5).map(lambda more: data + more),
        places.map(lambda at: data[:at] + bytes([data[at] | 0x80, 0]) + data[at + 1 :]),
        st.tuples(
            places, st.sampled_from([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80"])
        ).map(lambda m: data[: m[0]] + m[1] + data[m[0] + len(m[1]) :]),
        st.tuples(places, st.binary(max_size=4)).map(lambda m: data[: m[0]] + m[1] + data[m[0] :]),
    )


_SOUND = {
    "users": [USERS_RAW.avro(op, user(3), ids=IDS)[1] or b"" for op in "cd"],
    "all_types": [ALL_TYPES.avro("c", {"id": 3, **GOOD}, ids=IDS)[1] or b""],
}


def _assert_no_other_answer(fast, slow) -> None:
    """Where both let an event pass, they made the same of it; the kernels never lose one."""
    answers = [
        dict(zip(out.index.tolist(), zip(out.keys, out.values, strict=True), strict=True))
        for out in (fast, slow)
    ]
    assert set(answers[1]) <= set(answers[0])
    assert all(answers[0][place] == answer for place, answer in answers[1].items())
    assert fast.truncate_at == slow.truncate_at


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(_SOUND["users"]).flatmap(
        lambda d: st.lists(_mutations(d), min_size=1, max_size=20)
    )
)
def test_mutated_users_events_never_give_another_answer(users, values):
    """Flipped, cut, extended, overlong, no UTF-8: refused, or exactly what the slow path gives."""
    _assert_no_other_answer(*users.avro(USERS_RAW, values))


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(_SOUND["all_types"]).flatmap(
        lambda d: st.lists(_mutations(d), min_size=1, max_size=10)
    )
)
def test_mutated_events_of_all_types_never_give_another_answer(all_types, values):
    """The same for every type's bytes."""
    _assert_no_other_answer(*all_types.avro(ALL_TYPES, values))


def test_every_byte_of_an_event_flipped(users):
    """Each bit of a whole message, one at a time."""
    (data, _) = _SOUND["users"]
    values = [
        data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        for at in range(5, len(data))
        for bit in range(8)
    ]
    _assert_no_other_answer(*users.avro(USERS_RAW, values))
