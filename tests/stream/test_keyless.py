"""Tables without a primary key, from raw bytes to governed records, in both raw formats."""

import json

import pytest

from cdc.event import AvroShape, OutBatch
from cdc.stream.shape import split_shapes
from tests.builders import Col, Message, RawTopic, raw_batch
from tests.stream.programs import DictRegistry, decode_avro, governor

VISITS = RawTopic(
    "mysql.shop.visits",
    (
        Col("who", "string", mysql="VARCHAR"),
        Col("page", "int64", mysql="BIGINT", optional=False),
        Col("note", "string", mysql="TEXT"),
    ),
    key=("page",),  # of the builder's message, which is taken away again
)
COLUMNS = """\
columns:
  who: {class: identifier, rule: token, key: pii, type: user}
  page: {class: public, rule: keep}
  note: {class: public, rule: keep}
"""
KEYED = f"table: shop.visits\nkey: [who, page]\n{COLUMNS}"
APPENDED = f"table: shop.visits\nappend_only: true\n{COLUMNS}"
IDS = (0, 500)


def row(who: str | None, page: int = 1, note: str | None = None) -> dict[str, object]:
    """A row of `visits`."""
    return {"who": who, "page": page, "note": note}


class Visits:
    """The table's program under a policy, fed in one of the raw formats."""

    def __init__(self, folder, *, is_avro: bool) -> None:
        self.folder = folder
        self.is_avro = is_avro
        self.registry = DictRegistry()
        self.registry.schemas[IDS[1]] = VISITS.avro_schemas()[1]

    def event(self, op: str, after, before=None) -> Message:
        """A message as Debezium sends it of a table without a key."""
        make = VISITS.avro if self.is_avro else VISITS.json
        more = {"ids": IDS} if self.is_avro else {}
        return None, make(op, after, before=before, **more)[1]

    def run(self, policy: str, *messages: Message, offset: int = 0) -> OutBatch:
        """The records of these messages."""
        (self.folder / "shop.visits.yaml").write_text(policy)
        batch = raw_batch(VISITS.topic, messages, offset)
        ((shape, _),) = split_shapes(batch)
        assert isinstance(shape, AvroShape) is self.is_avro
        self.program = governor(self.registry, self.folder).program_for(VISITS.topic, shape)
        return self.program.run(batch, 1)

    def read(self, data: bytes) -> dict:
        """A governed record."""
        return decode_avro(self.registry, data)


@pytest.fixture(params=[False, True], ids=["json", "avro"])
def visits(request, tmp_path) -> Visits:
    """The table in either raw format."""
    return Visits(tmp_path, is_avro=request.param)


def test_named_key_is_in_record_and_tombstone(visits):
    """Insert, update and delete of a row have one key, made by its columns' rules."""
    out = visits.run(
        KEYED,
        visits.event("c", row("ann")),
        visits.event("u", row("ann", note="x"), row("ann")),
        visits.event("d", row("ann", note="x")),
    )
    assert len(set(out.keys)) == 1
    assert visits.read(out.keys[0])["page"] == 1
    assert visits.read(out.keys[0])["who"].startswith("v1.")
    assert out.values[2] is None
    assert (out.index.tolist(), list(out.rejects)) == ([0, 1, 2], [])


def test_an_update_of_the_key_removes_the_old_one(visits):
    """Debezium sends one update: a tombstone of the old key goes before the new record."""
    out = visits.run(
        KEYED,
        visits.event("c", row("ann", 1)),
        visits.event("u", row("ann", 2), row("ann", 1)),
        visits.event("c", row("bob", 7)),
        offset=40,
    )
    assert out.index.tolist() == [0, 1, 1, 2]
    assert [value is None for value in out.values] == [False, True, False, False]
    assert out.keys[1] == out.keys[0]
    assert visits.read(out.keys[2])["page"] == 2
    created, moved = (visits.read(out.values[place]) for place in (0, 2))
    assert moved["__version"] > created["__version"]
    assert moved["__op"] == "u"


def test_an_old_key_goes_even_where_the_new_row_cannot_pass(visits):
    """The row has no key any more: one dead letter at its own event, and the tombstone."""
    out = visits.run(
        KEYED,
        visits.event("c", row("ann")),
        visits.event("u", row(None), row("ann")),
        visits.event("u", row("eve"), row(None)),
    )
    assert out.index.tolist() == [0, 1, 2]
    assert out.values[1] is None
    assert out.keys[1] == out.keys[0]
    assert [(reject.index, reject.error.reason) for reject in out.rejects] == [(1, "null_key")]


@pytest.mark.parametrize("op", ["c", "u", "d"])
def test_a_null_in_the_key_is_a_dead_letter(visits, op):
    """The others pass."""
    before = row(None) if op == "u" else None
    out = visits.run(KEYED, visits.event("c", row("a")), visits.event(op, row(None), before))
    assert out.index.tolist() == [0]
    (reject,) = out.rejects
    assert (reject.index, reject.error.reason, reject.key) == (1, "null_key", None)


def test_truncate_ends_the_batch_behind_a_changed_key(visits):
    """Its place is that in the raw batch."""
    out = visits.run(
        KEYED,
        visits.event("u", row("ann", 2), row("ann", 1)),
        visits.event("t", None),
        visits.event("c", row("bob")),
    )
    assert out.truncate_at == 1
    assert out.index.tolist() == [0, 0]


def test_added_rows_are_records_without_a_key(visits):
    """The partition follows from the raw offset, the record's version too."""
    out = visits.run(
        APPENDED, visits.event("r", row(None)), visits.event("c", row("ann")), offset=41
    )
    assert list(out.keys) == [None, None]
    assert out.hashes.tolist() == [41, 42]
    first, second = map(visits.read, out.values)
    assert (first["who"], second["page"]) == (None, 1)
    assert (first["__version"], second["__version"]) == ((1 << 41) + 41, (1 << 41) + 42)
    assert visits.program.key_schema_id is None
    assert visits.program.append_only


def test_changes_of_added_rows_are_dead_letters(visits):
    """An update and a delete each; what was added stays, and the rest goes on."""
    out = visits.run(
        APPENDED,
        visits.event("c", row("ann")),
        visits.event("u", row("ann", note="x"), row("ann")),
        visits.event("d", row("ann", note="x")),
        visits.event("c", row("bob")),
    )
    assert out.index.tolist() == [0, 3]
    assert [(r.index, r.error.reason, r.key) for r in out.rejects] == [
        (1, "not_append_only", None),
        (2, "not_append_only", None),
    ]


def test_added_rows_as_json(visits):
    """The other governed format has no key either."""
    out = visits.run("format: json\n" + APPENDED, visits.event("c", row("ann", 3)))
    assert list(out.keys) == [None]
    assert json.loads(out.values[0])["page"] == 3


def test_lineage_names_the_policy(visits):
    """The program carries the version that its records' headers show; by default none."""
    visits.run(APPENDED, visits.event("c", row("ann")))
    assert visits.program.lineage == ""
    visits.run(APPENDED + "lineage: true\n", visits.event("c", row("ann")))
    assert len(visits.program.lineage) == 12
