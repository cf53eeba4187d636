"""When an earlier major may be taken away, and that nothing else is."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from cdc.control.status import read_status
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.layout import NOTIFICATIONS, STATUS
from cdc.kafka.memory import MemorySink
from cdc.topics import Retirer, list_topics
from tests.evolution.world import FLOAT, JSON, TEXT, World, make_world, topic


class Subjects:
    """Remembers what was deleted."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def delete(self, subject: str) -> None:
        """See `SubjectRemover`."""
        self.deleted.append(subject)


@pytest.fixture
def world(tmp_path) -> World:
    """Two majors of a table, the first one served."""
    made = make_world(tmp_path)
    made.send([TEXT], id=1, note="7")
    made.send([JSON], id=2, note="8")
    return made


@pytest.fixture
def relay(world):
    """A relay that has opened the second."""
    relay = world.plant.relay()
    world.plant.turn(relay)
    return relay


@pytest.fixture
def retirer(world) -> Retirer:
    """On the world's broker."""
    plant = world.plant
    return Retirer(
        "governed",
        plant.topics,
        plant.reader,
        MemorySink(plant.broker, "person"),
        Subjects(),
        lambda: {
            name: _speaking(status) for name, status in read_status(plant.records(STATUS)).items()
        },
    )


def _speaking(status):
    """The world's clock is not the wall's: the relay has spoken just now."""
    return replace(status, at_ms=time.time_ns() // 1_000_000)


def _complete(world: World, name: str) -> None:
    note = {"id": name, "aggregate_type": "Incremental Snapshot", "type": "COMPLETED"}
    world.plant.broker.append(NOTIFICATIONS, None, json.dumps({"payload": note}).encode())


@pytest.mark.usefixtures("relay")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        (topic(2), "is the newest major"),
        (topic(3), "not there, or retired already; earlier majors: v1"),
        ("governed.shop.others.v1", "not a topic of a table's earlier major"),
        ("other.shop.items.v1", "not a topic of a table's earlier major"),
        ("mysql.shop.items", "not a topic of a table's earlier major"),
        (topic(1), "backfill of governed.shop.items.v2 is asked, not completed"),
    ],
)
def test_what_may_not_go_is_refused_in_one_line(retirer, name, why):
    """The newest, what is none, and an earlier one before the newest has every row."""
    with pytest.raises(ConfigError) as caught:
        retirer.find(name)
    assert why in caught.value.message


def test_topic_and_subjects_go_once_the_relay_has_let_go(world, relay, retirer):
    """The note is followed by the relay; only then is the topic deleted. v2 is untouched."""
    _complete(world, topic(2))
    found = retirer.find(topic(1))
    with pytest.raises(Unreachable, match="a relay still writes it"):
        retirer.carry_out(found, deadline_s=0)
    assert topic(1) in world.plant.topics.names()
    world.plant.turn(relay)
    retirer.carry_out(found, deadline_s=0)
    assert topic(1) not in world.plant.topics.names()
    assert retirer.subjects.deleted == [f"{topic(1)}-key", f"{topic(1)}-value"]
    assert world.column(2, "note") == ["8"]
    with pytest.raises(ConfigError, match="retired already"):
        retirer.find(topic(1))


def test_the_list_says_how_each_major_stands(world, relay):
    """Newest, served and frozen, as `_cdc.state` has it."""
    world.send([JSON, FLOAT], ("id", "price"), id=1, note="9", price=1.5)
    world.plant.turn(relay)
    rows = list_topics(world.plant.topics, world.plant.reader, world.plant.settings)
    standings = {row.name: row.standing for row in rows if row.kind == "governed"}
    assert standings == {topic(1): "frozen", topic(2): "frozen", topic(3): "newest"}
