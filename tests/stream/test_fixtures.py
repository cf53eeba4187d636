"""The record path on events captured from Debezium 3.6 and MySQL 9.7."""

import base64
import io
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import fastavro
import pytest

from cdc.event import AvroShape
from cdc.govern import Governor, PolicyFolder
from registry.derive.from_debezium import RawTable, table_from_avro
from tests.builders import KEYS, Message, raw_batch
from tests.stream.programs import DictRegistry, fail

FIXTURES = Path("tests/fixtures")


def _events(name: str, topic: str) -> Iterator[dict]:
    for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines():
        event = json.loads(line)
        if event["topic"] == topic:
            yield event


def _binary(schema: dict, avro_json: object) -> bytes:
    """Avro's JSON encoding as its binary one, by the reference implementation."""
    (datum,) = fastavro.json_reader(io.StringIO(json.dumps(avro_json)), schema)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), datum)
    return out.getvalue()


def _wkb(kind: int, *numbers: float, srid: int | None = None) -> bytes:
    """A little-endian point or line; `srid` makes it EWKB."""
    head = struct.pack("<BI", 1, kind) + (b"" if srid is None else struct.pack("<I", srid))
    count = struct.pack("<I", len(numbers) // 2) if kind == 2 else b""
    return head + count + struct.pack(f"<{len(numbers)}d", *numbers)


class _Replay:
    """Captured events of one topic through the programs of a policy that keeps all it can."""

    def __init__(self, folder: Path, name: str, topic: str, *drop: str, **options: object) -> None:
        self.registry = DictRegistry()
        self._ids: dict[str, int] = {}
        self.topic = topic
        self.events = list(_events(name, topic))
        self._options = options
        sample = next((e for e in self.events if e["key_schema"]), self.events[0])
        self.raw = table_from_avro(topic, sample["key_schema"], sample["value_schema"])
        self._write_policy(folder, self.raw, drop)
        policies = PolicyFolder(folder, fail)
        self.governor = Governor(policies, KEYS, self.registry, "governed")

    def _write_policy(self, folder: Path, raw: RawTable, drop: tuple[str, ...]) -> None:
        rules = {
            c.name: {
                "class": "public",
                "rule": "drop" if c.type is None or c.name in drop else "keep",
            }
            for c in raw.table.columns
        }
        policy = {"table": raw.table.qualified, "format": "json", "columns": rules}
        policy |= self._options
        (folder / f"{raw.table.qualified}.yaml").write_text(json.dumps(policy))

    def _id(self, schema: dict) -> int:
        text = json.dumps(schema)
        self._ids.setdefault(text, 1000 + len(self._ids))
        self.registry.schemas[self._ids[text]] = text
        return self._ids[text]

    def _part(self, schema: dict | None, value: object) -> bytes | None:
        if schema is None or value is None:
            return None
        return b"\0" + self._id(schema).to_bytes(4, "big") + _binary(schema, value)

    def message(self, event: dict) -> Message:
        return (
            self._part(event["key_schema"], event["key"]),
            self._part(event["value_schema"], event["value"]),
        )

    def rows(self) -> list[tuple[dict, dict | None]]:
        """Governed (key, value) of all events with a key; under options, of all."""
        found = []
        for event in self.events:
            key, value = self.message(event)
            if value is None or not (key or self._options):
                continue
            key_id = self._id(event["key_schema"]) if key else None
            shape = AvroShape(key_id, self._id(event["value_schema"]))
            out = self.governor.program_for(self.topic, shape).run(
                raw_batch(self.topic, [(key, value)]), 1
            )
            assert out.rejects == []
            found += [
                (json.loads(k or "null"), json.loads(v) if v else None)
                for k, v in zip(out.keys, out.values, strict=True)
            ]
        return found


PLAIN = {
    "big": -9223372036854775808,
    "int_u": 4294967295,
    "i": -1,
    "med_u": 16777215,
    "small_u": 65535,
    "small": -32768,
    "tiny": -128,
    "tiny_u": 255,
    "bit1": True,
    "bit10": base64.b64encode(b"\x02\x01").decode(),
    "yr": 2024,
    "d": "2024-02-29",
    "t0": "-12:34:56.000000",
    "t6": "838:59:58.123456",
    "dt0": "2024-02-29T12:34:56.000000",
    "dt3": "2024-02-29T12:34:56.789000",
    "dt4": "2024-02-29T12:34:56.789100",
    "dt6": "2024-02-29T12:34:56.789123",
    "ts0": "2024-02-29T12:34:56.000000Z",
    "ts3": "2024-02-29T12:34:56.789000Z",
    "ts6": "2024-02-29T12:34:56.789120Z",
    "dec_def": "12345",
    "dec10_2": "1234.50",
    "dec65_30": "1.500000000000000000000000000000",
    "fl": 335.1,
    "fl53": 335.1,
    "fl7_4": 335.1000061035156,
    "db": 335.1,
    "re": 335.1,
    "ch": "ab",
    "vc": "héllo",
    "tx": "text",
    "ltx": "ltext",
    "en": "b,c",
    "se": ["x", "z"],
    "js": '{"a":1,"b":[true,null,1.5]}',
    "pt": base64.b64encode(_wkb(1, 77.6, 13.0)).decode(),
    "ge": base64.b64encode(_wkb(1 | 0x20000000, 2.0, 1.0, srid=4326)).decode(),
    "ls": base64.b64encode(_wkb(2, 0.0, 0.0, 1.0, 1.0)).decode(),
    "vec": [1.0, 2.0, 3.0],
}
"""The row of the all-types table that every setting can express."""

RECOMMENDED = PLAIN | {"tiny1": True, "boo": True}
DEFAULT = PLAIN | {"big_u": -1, "tiny1": 1, "boo": 1, "bi": "AQIAAA==", "vb": "Cgs=", "bl": "AP8="}
"""Without the source's type nothing tells a BOOL from a small number, nor a wrapped value."""


def test_every_type_of_the_table_arrives_canonical(tmp_path):
    """The all-types row under the recommended settings gives these values, whatever the wire.

    What is not there was sent in a form that tells no longer what it was.
    """
    replay = _Replay(tmp_path, "alltypes_recommended", "mysql.tt.t1", "big_u")
    assert [_columns(value) for _, value in replay.rows()] == [
        {"id": 1, **RECOMMENDED},
        {"id": 2, **RECOMMENDED},
    ]
    refused = {c.name for c in replay.raw.table.columns if c.type is None}
    assert refused == {"bi", "vb", "bl"}


def test_snapshot_and_stream_give_the_same_values(tmp_path):
    """Under the default settings the row that was read equals the row that was inserted."""
    replay = _Replay(tmp_path, "alltypes_default_snapshot_and_stream", "mysql.tt.t1")
    (_, read), (_, inserted) = replay.rows()
    assert (read["__op"], inserted["__op"]) == ("r", "c")
    assert [_columns(read), _columns(inserted)] == [{"id": 1, **DEFAULT}, {"id": 2, **DEFAULT}]


def _columns(value: dict) -> dict:
    return {name: held for name, held in value.items() if not name.startswith("__")}


def test_operations_in_order(tmp_path):
    """Snapshot, insert, update, key change, update, delete of one table, as they were captured."""
    replay = _Replay(tmp_path, "ops_pkchange_tombstone_tx_heartbeat_masks", "mysql.ops.u")
    told = [(key["id"], value and value["__op"]) for key, value in replay.rows()]
    assert told == [
        (1, "r"),
        (2, "c"),
        (1, "u"),
        (1, None),
        (10, "c"),
        (2, "u"),
        (2, "u"),
        (2, None),
    ]


def test_unsigned_beyond_a_long_is_a_reject_that_names_its_column(tmp_path):
    """2^64-1 under the `precise` mode is refused, not wrapped."""
    replay = _Replay(tmp_path, "alltypes_recommended", "mysql.tt.t1")
    with pytest.raises(AssertionError, match="column big_u: a BIGINT UNSIGNED above"):
        replay.rows()


def test_truncate_is_seen_without_a_key(tmp_path):
    """TRUNCATE has no key and no row: the program stops before it."""
    replay = _Replay(tmp_path, "ops_pkchange_tombstone_tx_heartbeat_masks", "mysql.ops.u")
    event = next(e for e in replay.events if e["value"] and e["value"]["op"] == "t")
    shape = AvroShape(None, replay._id(event["value_schema"]))
    program = replay.governor.program_for(replay.topic, shape)
    out = program.run(raw_batch(replay.topic, [replay.message(event)]), 1)
    assert (out.truncate_at, out.topic) == (0, "governed.ops.u.v1")


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        ("alltypes_default_snapshot_and_stream", "mysql.tt.t1"),
        ("ops_pkchange_tombstone_tx_heartbeat_masks", "mysql.ops.par"),
        ("ops_pkchange_tombstone_tx_heartbeat_masks", "mysql.ops.ek"),
    ],
)
def test_other_captures_pass_whole(tmp_path, name, topic):
    """No captured event of a table with a key is rejected, and the table's name is its topic's."""
    replay = _Replay(tmp_path, name, topic)
    assert replay.raw.table.qualified == topic.removeprefix("mysql.")
    assert replay.rows()


NO_KEY = ("defaults_nulls_zerodates_bool_nopk", "mysql.td.nopk")


def test_a_table_without_key_under_a_named_one(tmp_path):
    """Debezium sends no keys and an update for a changed row: the row of before is taken away."""
    inserted, gone, updated = _Replay(tmp_path, *NO_KEY, key=["a", "b"]).rows()
    assert inserted[0] == {"a": 1, "b": "x"}
    assert gone == (inserted[0], None)
    assert updated[0] == {"a": 1, "b": "y"}
    assert updated[1]["__op"] == "u"


def test_a_table_without_key_under_another_named_one(tmp_path):
    """Where the update leaves the key as it is, it is one record."""
    inserted, updated = _Replay(tmp_path, *NO_KEY, key=["a"]).rows()
    assert inserted[0] == updated[0] == {"a": 1}
    assert (inserted[1]["b"], updated[1]["b"]) == ("x", "y")
