"""`deletes: record_then_tombstone`: a delete says that it is one, and then removes the key."""

import json
from pathlib import Path

import pytest

from cdc.stream.shape import split_shapes
from tests.builders import PRODUCTS, USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, decode_avro, governor, run_all

USERS_RAW = RawTopic("mysql.pizzashop.users", USERS)
PRODUCTS_RAW = RawTopic("mysql.pizzashop.products", PRODUCTS)
PIZZA = {"id": 3, "name": "Margherita", "price": 1.5}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The committed policies with the other style of deletes."""
    for path in Path("schemas/policies").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text() + "deletes: record_then_tombstone\n")
    return tmp_path


def _program(policies: Path, topic: RawTopic, message, registry: DictRegistry):
    ((shape, _),) = split_shapes(raw_batch(topic.topic, [message]))
    return governor(registry, policies).program_for(topic.topic, shape)


def test_an_avro_delete_is_a_record_of_its_key_and_a_tombstone(policies):
    """Key columns and lineage, all else null; both of one event, in order, in one partition."""
    registry = DictRegistry()
    messages = [USERS_RAW.json("c", user(7)), USERS_RAW.json("d", user(7))]
    program = _program(policies, USERS_RAW, messages[0], registry)
    out = program.run(raw_batch("t", messages, first_offset=5), 1)
    assert out.index.tolist() == [0, 1, 1]
    assert len(set(out.keys)) == len(set(out.hashes.tolist())) == 1
    assert out.values[2] is None
    created, deleted = (decode_avro(registry, value) for value in out.values[:2])
    assert (created["__deleted"], deleted["__deleted"]) == (False, True)
    assert {name for name, value in deleted.items() if value is not None} == {
        "id",
        "__op",
        "__source_ts_us",
        "__version",
        "__deleted",
    }
    assert (deleted["id"], deleted["__op"]) == (created["id"], "d")
    assert deleted["__version"] == created["__version"] + 1
    assert program.delete_records


def test_a_json_delete_says_the_same(policies):
    """What plain readers see."""
    message = PRODUCTS_RAW.json("d", PIZZA)
    program = _program(policies, PRODUCTS_RAW, message, DictRegistry())
    out = program.run(raw_batch("t", [message]), 1)
    assert len(out.values) == 2
    assert out.values[1] is None
    record = json.loads(out.values[0])
    assert (record["id"], record["__deleted"], record["__op"]) == (3, True, "d")
    assert (record["name"], record["price"]) == (None, None)


def test_the_default_is_a_tombstone_alone():
    """Nothing changes for policies that do not ask."""
    out = run_all(PRODUCTS_RAW, [PRODUCTS_RAW.json("d", PIZZA)])
    assert list(out.values) == [None]
