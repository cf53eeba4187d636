"""A breaking shape opens the next major, at its event, exactly once."""

from __future__ import annotations

import pytest

from cdc.control.state import retired_record
from cdc.errors import TransientError
from cdc.kafka.layout import STATE
from cdc.majors import Majors, OldMajor, Standing
from tests.builders import RawTopic
from tests.evolution.world import DOUBLE, FLOAT, ID, JSON, RAW, TEXT, Col, World, make_world, topic
from tests.relay_stack.plant import Crash, Fault


@pytest.fixture
def world(tmp_path) -> World:
    """One table under `on_breaking: new_major`."""
    return make_world(tmp_path)


def _majors(world: World) -> Majors:
    return world.plant.state().majors[RAW]


def test_a_first_major_is_recorded_and_nothing_is_asked(world):
    """The table's first topic needs no backfill."""
    world.send([FLOAT], id=1, price=1.5)
    world.plant.turn(world.plant.relay())
    assert _majors(world) == Majors(1)
    assert world.signals() == []


def test_a_breaking_shape_goes_to_the_next_major(world):
    """What came before stays in v1, what comes after is in v2 alone; its rows are asked for."""
    relay = world.plant.relay()
    world.send([FLOAT], id=1, price=1.5)
    world.plant.turn(relay)
    world.send([DOUBLE], id=1, price=0.1)
    world.send([DOUBLE], id=2, price=0.2)
    world.plant.turn(relay)
    assert (world.column(1, "price"), world.column(2, "price")) == ([1.5], [0.1, 0.2])
    (old,) = _majors(world).old
    assert (_majors(world).newest, old.major, old.standing) == (2, 1, Standing.FROZEN)
    assert "price is double now" in old.why
    (signal,) = world.signals()
    assert signal["id"] == topic(2)
    assert signal["data"] == {"data-collections": [r"shop\.items"], "type": "incremental"}
    (status,) = (it for it in world.plant.status().tables if it.raw_topic == RAW)
    assert (status.majors, status.governed_topic) == (_majors(world), topic(2))


def test_stop_is_what_happens_where_the_policy_does_not_say_more(tmp_path):
    """The table waits at the event; once the policy says `new_major` it goes on there."""
    world = make_world(tmp_path, on_breaking="stop")
    relay = world.plant.relay()
    world.send([FLOAT], id=1, price=1.5)
    world.send([DOUBLE], id=1, price=0.1)
    world.plant.turn(relay)
    assert world.plant.state().stops[RAW].code == "breaking_schema"
    assert topic(2) not in world.plant.topics.names()
    world.write_policy()
    world.plant.turn(relay)
    assert world.column(2, "price") == [0.1]
    assert world.plant.state().stops == {}


ALTERS = (([FLOAT], 1.5), ([DOUBLE], 0.1), ([DOUBLE, TEXT], 0.2), ([FLOAT], 2.5))
"""A break, a compatible change, and the break back."""


def _send_all(world: World) -> None:
    for number, (shape, price) in enumerate(ALTERS):
        world.send(shape, id=number, price=price)


def _prices(world: World) -> list[list[float]]:
    return [world.column(major, "price") for major in (1, 2, 3)]


def test_alters_while_the_relay_was_down_happen_in_order(world):
    """Three majors out of one backlog, even out of one transaction; only the last asks for rows.

    v2 goes on: each float has a form as double.
    """
    _send_all(world)
    world.plant.turn(world.plant.relay())
    assert _prices(world) == [[1.5], [0.1, 0.2, 2.5], [2.5]]
    majors = _majors(world)
    assert majors.newest == 3
    assert [(it.major, it.standing) for it in majors.old] == [
        (1, Standing.FROZEN),
        (2, Standing.SERVED),
    ]
    assert [signal["id"] for signal in world.signals()] == [topic(3)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(step, nth, error, after)
        for step, most in (("produce", 9), ("commit", 2))
        for nth in range(1, most + 1)
        for after in (False, True)
        for error in (Crash(), TransientError("away"))
    ],
    ids=lambda fault: f"{type(fault.error).__name__}-{fault.after}-{fault.step}{fault.nth}",
)
def test_majors_open_once_whatever_fails_when(world, fault):
    """A crash or an aborted transaction at any step: the same majors, each event once."""
    _send_all(world)
    try:
        world.plant.turn(world.plant.relay(fault))
    except Crash:
        world.plant.turn(world.plant.relay())
    assert _prices(world) == [[1.5], [0.1, 0.2, 2.5], [2.5]]
    assert _majors(world).newest == 3
    assert [signal["id"] for signal in world.signals()] == [topic(3)]


def test_a_restart_goes_on_under_the_recorded_major(world):
    """The state's major wins over the policy's lower one; nothing is asked again."""
    _send_all(world)
    first = world.plant.relay()
    world.plant.turn(first)
    first.close()
    world.send([FLOAT], id=9, price=9.5)
    world.plant.turn(world.plant.relay())
    assert _prices(world) == [[1.5], [0.1, 0.2, 2.5, 9.5], [2.5, 9.5]]
    assert len(world.signals()) == 1


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ([FLOAT, Col("region", "string", mysql="VARCHAR", optional=False)], ("id", "region")),
        ([FLOAT, Col("region", "string", mysql="VARCHAR", optional=False)], ("region",)),
    ],
    ids=["column added", "another column"],
)
def test_another_key_freezes_the_old_topic(world, shape, key):
    """Rows under another key are other rows: v1 could never delete what it has."""
    relay = world.plant.relay()
    world.send([FLOAT], id=1, price=1.5)
    world.send(shape, key, id=1, price=2.5, region="eu")
    world.plant.turn(relay)
    assert (world.column(1, "price"), world.column(2, "price")) == ([1.5], [2.5])
    assert _majors(world).old == (OldMajor(1, Standing.FROZEN, "the governed key is another one"),)


def test_a_wider_integer_key_is_the_same_key(world):
    """INT to BIGINT: every integer is a long, so nothing changes."""
    narrow = Col("id", "int32", mysql="INT", optional=False)
    assert narrow.name == ID.name
    relay = world.plant.relay()
    world.plant.broker.append(RAW, *_message(narrow, 1))
    world.send([], id=2)
    world.plant.turn(relay)
    assert world.column(1, "id") == [1, 2]
    assert _majors(world) == Majors(1)


def _message(key: Col, number: int):
    return RawTopic(RAW, (key,)).json("c", {"id": number})


def _serve_two(world: World):
    relay = world.plant.relay()
    world.send([TEXT], id=1, note="7")
    world.send([JSON], id=2, note='{"a": 1}')
    world.plant.turn(relay)
    return relay


def test_a_served_major_gets_every_row_in_its_own_form(world):
    """JSON is text to the readers of v1: both topics go on; a TRUNCATE empties both."""
    relay = _serve_two(world)
    assert _majors(world).served == (1,)
    assert (world.column(1, "note"), world.column(2, "note")) == (["7", '{"a":1}'], ['{"a":1}'])
    world.truncate([JSON])
    world.send([JSON], id=3, note="3")
    world.plant.turn(relay)
    assert [len(world.plant.table(topic(major))) for major in (1, 2)] == [1, 1]


def test_a_served_major_is_frozen_by_the_first_shape_without_a_form(world):
    """A second break that v1 cannot take leaves v1 where it is; v2 is judged by itself."""
    relay = _serve_two(world)
    world.send([Col("note", "int64", mysql="BIGINT")], id=3, note=3)
    world.plant.turn(relay)
    standings = {it.major: it.standing for it in _majors(world).old}
    assert standings == {1: Standing.SERVED, 2: Standing.FROZEN}
    assert world.column(1, "note") == ["7", '{"a":1}', "3"]
    world.send([Col("note", "double", mysql="DOUBLE")], id=4, note=0.5)
    world.plant.turn(relay)
    standings = {it.major: it.standing for it in _majors(world).old}
    assert standings == {1: Standing.FROZEN, 2: Standing.FROZEN, 3: Standing.FROZEN}


def test_a_retired_major_is_written_no_more(world):
    """A person's note in the state is followed by the running relay, and by the next one."""
    relay = _serve_two(world)
    world.plant.broker.append(STATE, *retired_record(RAW, 1, 0))
    world.plant.turn(relay)
    (status,) = (it for it in world.plant.status().tables if it.raw_topic == RAW)
    assert status.majors.served == ()
    world.plant.topics.delete([topic(1)])
    world.send([JSON], id=5, note="5")
    world.plant.turn(relay)
    relay.close()
    world.send([JSON], id=6, note="6")
    world.plant.turn(world.plant.relay())
    assert topic(1) not in world.plant.topics.names()
    assert world.column(2, "note") == ['{"a":1}', "5", "6"]


def test_a_raised_policy_is_a_clean_cut(world):
    """A person who raises `major` gets a new topic with all rows; the old one is frozen."""
    relay = world.plant.relay()
    world.send([FLOAT], id=1, price=1.5)
    world.plant.turn(relay)
    world.write_policy(major=2)
    world.plant.turn(relay, 20)
    world.send([FLOAT], id=2, price=2.5)
    world.plant.turn(relay)
    assert (world.column(1, "price"), world.column(2, "price")) == ([1.5], [2.5])
    assert _majors(world).old == (OldMajor(1, Standing.FROZEN, "the policy's `major` was raised"),)
    assert [signal["id"] for signal in world.signals()] == [topic(2)]
