"""A privacy key is rotated: the whole record path on the broker in memory and a real registry."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cdc.app import build_registry
from cdc.config import RelaySettings
from cdc.govern import Governor, PolicyFolder
from cdc.kafka.port import TopicSpec
from cdc.keys import Key
from cdc.stream.shape import split_shapes
from registry.avro import make_reader, parse_lenient
from registry.client import RegistryClient
from registry.model import SchemaId, Subject
from tests.builders import USERS, RawTopic, user
from tests.registry.servers import serve
from tests.relay_stack.plant import Plant
from tests.stream.programs import fail

RAW = RawTopic("mysql.pizzashop.users", USERS)
V1, V2 = bytes(range(32)), bytes(range(32, 64))
BEFORE = Key("pii", 1, {1: V1})
OPEN = Key("pii", 2, {1: V1, 2: V2}, previous=1)
CLOSED = replace(OPEN, previous=None)
ID = "  id: {class: identifier, rule: token, key: pii, type: user_id}\n"
CLEAR_ID = "  id: {class: public, rule: keep}\n"
EMAIL = "  email: {class: identifier, rule: token, key: pii, type: email}\n"
TOPIC = "governed.pizzashop.users.v1"


def token(secret: bytes, version: int, text: str, semantic: str = "email") -> str:
    """The documented computation."""
    info = f"headworks|v{version}|{semantic}|governed".encode()
    key = hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info + b"\1", "sha256")
    mac = hmac.digest(key, text.encode(), "sha256")
    return f"v{version}." + base64.b32encode(mac[:20]).decode().lower()


@dataclass
class World:
    """A broker and a registry that outlive relays, each of which has keys of its own."""

    plant: Plant
    registry: RegistryClient
    policies: Path

    def write_policy(self, columns: str, major: int = 1) -> None:
        """The users' policy."""
        text = f"table: pizzashop.users\nmajor: {major}\ncolumns:\n{columns}"
        (self.policies / "pizzashop.users.yaml").write_text(text)

    def relay(self, key: Key, *numbers: int) -> None:
        """Users change; a relay that was started with this key relays them and stops."""
        for number in numbers:
            self.plant.broker.append(RAW.topic, *RAW.json("u", user(number)))
        folder = PolicyFolder(self.policies, fail)
        keys = {"pii": key}
        self.plant.programs = Governor(folder, keys, self.registry, "governed")
        relay = self.plant.relay()
        self.plant.turn(relay, 5)
        relay.close()

    def records(self, topic: str = TOPIC) -> list[dict[str, Any]]:
        """The topic's values, decoded."""
        return [self.decode(r.value) for r in self.plant.records(topic) if r.value]

    def decode(self, data: bytes) -> dict[str, Any]:
        """A value under the schema that it names."""
        text = self.registry.schema_by_id(SchemaId(int.from_bytes(data[1:5], "big")))
        record: Any = make_reader(parse_lenient(text))(data, 5)
        return dict(record)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One partition each way, so that records stand in order."""
    settings = RelaySettings(prefixes=["mysql"], governed_partitions=1)
    plant = Plant(settings=settings, split=split_shapes)
    plant.topics.create([TopicSpec(RAW.topic, 1)])
    with serve(build_registry(f"sqlite:///{tmp_path}/registry.db")) as url:
        yield World(plant, RegistryClient(url), tmp_path)


def test_a_token_in_a_value_stands_beside_the_one_before(world: World) -> None:
    """Opened: both tokens in each record; closed: the new one alone; one topic all the way."""
    world.write_policy(CLEAR_ID + EMAIL)
    mail = "user7@example.com"
    world.relay(BEFORE, 7)
    world.relay(OPEN, 7)
    world.relay(CLOSED, 7)

    before, opened, closed = world.records()
    assert (before["email"], "email__prev" in before) == (token(V1, 1, mail), False)
    assert opened["email"] == token(V2, 2, mail)
    assert opened["email__prev"] == before["email"]
    assert (closed["email"], "email__prev" in closed) == (opened["email"], False)
    assert world.plant.state().stops == {}


def test_both_schemas_are_one_subject_fully_compatible(world: World) -> None:
    """The registry takes opening and closing at FULL_TRANSITIVE; closing is the schema before."""
    world.write_policy(CLEAR_ID + EMAIL)
    for key in (BEFORE, OPEN, CLOSED):
        world.relay(key, 7)

    value = Subject(f"{TOPIC}-value")
    assert len(world.registry.versions(value)) == 2
    ids = [record.value[1:5] for record in world.plant.records(TOPIC) if record.value]
    assert ids[0] == ids[2] != ids[1]


def test_a_null_stays_null_in_both(world: World) -> None:
    """There is no token of nothing."""
    world.write_policy(CLEAR_ID + EMAIL)
    world.plant.broker.append(RAW.topic, *RAW.json("c", user(7, email=None)))
    world.relay(OPEN)

    (record,) = world.records()
    assert (record["email"], record["email__prev"]) == (None, None)


@pytest.mark.parametrize("key", [OPEN, CLOSED])
def test_a_rotated_record_key_stops_its_table(world: World, key: Key) -> None:
    """Not one record of the new version reaches the topic; also after a restart."""
    world.write_policy(ID + EMAIL)
    world.relay(BEFORE, 7)
    before = world.plant.records(TOPIC)
    world.relay(key, 7, 8)
    world.relay(key)

    assert world.plant.records(TOPIC) == before
    assert world.plant.offset(RAW.topic) == 1
    stop = world.plant.state().stops[RAW.topic]
    assert stop.code == "key_rotated"
    assert "raise its `major`" in stop.hint


def test_the_new_major_goes_on_where_the_old_one_stopped(world: World) -> None:
    """Nothing is missing in between, and the record's key has no field for the version before."""
    world.write_policy(ID + EMAIL)
    world.relay(BEFORE, 7)
    world.relay(OPEN, 8)
    world.write_policy(ID + EMAIL, major=2)
    world.relay(OPEN)

    (record,) = world.records("governed.pizzashop.users.v2")
    assert record["id"] == token(V2, 2, "8", "user_id")
    assert record["email__prev"] == token(V1, 1, "user8@example.com")
    assert "id__prev" not in record
    assert world.plant.state().stops == {}


def test_a_rotation_taken_back_goes_on_in_the_old_major(world: World) -> None:
    """With the version of then as the current one the key is the same again."""
    world.write_policy(ID + EMAIL)
    world.relay(BEFORE, 7)
    world.relay(OPEN, 8)
    world.relay(replace(OPEN, current=1, previous=None))

    assert [record["id"] for record in world.records()] == [
        token(V1, 1, text, "user_id") for text in ("7", "8")
    ]


@pytest.mark.parametrize(
    "change",
    [("key: pii", "key: crm"), ("type: user_id", "type: person"), ("rule: token", "rule: encrypt")],
)
def test_another_making_of_the_key_stops_the_table(world: World, change: tuple[str, str]) -> None:
    """The schema's types are the same, the keys would not be."""
    crm = Key("crm", 1, {1: V2})
    world.write_policy(ID)
    world.relay(BEFORE, 7)
    world.write_policy(ID.replace(*change))
    folder = PolicyFolder(world.policies, fail)
    governor = Governor(folder, {"pii": BEFORE, "crm": crm}, world.registry, "governed")
    world.plant.programs = governor
    world.plant.broker.append(RAW.topic, *RAW.json("u", user(7)))
    world.plant.turn(world.plant.relay(), 5)

    assert world.plant.state().stops[RAW.topic].code == "key_changed"
    assert len(world.plant.records(TOPIC)) == 1
