"""Looks go on beside the loop: late ones, failed ones, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdc.control.commands import Kind
from cdc.errors import TransientError
from cdc.kafka.port import TopicInfo, TopicSpec
from cdc.relay import Relay
from cdc.telemetry.metrics import TRANSACTIONS
from tests.relay_stack.fakes import governed, raw
from tests.relay_stack.plant import USERS, AtOnce, Plant

OUT = governed(USERS)


@dataclass
class Later(Executor):
    """Keeps what it is given until it is told to do it."""

    held: list[tuple[Future[Any], Callable[[], Any]]] = field(default_factory=list)

    def submit(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See Executor."""
        self.held.append((Future(), lambda: do(*args, **kwargs)))
        return self.held[-1][0]

    def do(self) -> None:
        """All that is held."""
        for future, do in self.held:
            future.set_result(do())
        self.held.clear()


@pytest.fixture
def later() -> Later:
    """Looks that end when the test says so."""
    return Later()


@pytest.fixture
def plant(later: Later) -> Plant:
    """A broker whose relays look through `later`."""
    return Plant(beside=later)


def pass_events(plant: Plant, relay: Relay, *payloads: str) -> None:
    """Send and turn."""
    for payload in payloads:
        plant.broker.append(USERS, payload.encode(), raw(payload))
    plant.turn(relay)


def test_events_do_not_wait_for_a_look(plant: Plant, later: Later) -> None:
    """A broker that leaves a look unanswered holds nothing up, and is not asked again meanwhile."""
    relay = plant.relay()
    pass_events(plant, relay, "a", "b")
    pass_events(plant, relay, "c")

    assert sorted(plant.values(OUT), key=str) == [b"1:a", b"1:b", b"1:c"]
    assert len(later.held) == 1


def test_a_command_that_a_late_look_finds_is_carried_out(plant: Plant, later: Later) -> None:
    """What was found counts when the loop comes round, once; the next look goes on behind it."""
    relay = plant.relay()
    pass_events(plant, relay, "a")
    plant.ask(Kind.PAUSE, USERS)
    later.do()
    pass_events(plant, relay, "b")
    assert plant.values(OUT) == [b"1:a"]
    later.do()
    plant.ask(Kind.RESUME, USERS)
    plant.turn(relay)
    later.do()
    plant.turn(relay)

    assert sorted(plant.values(OUT), key=str) == [b"1:a", b"1:b"]
    assert [ack.outcome for ack in plant.state().acks.values()] == ["done", "done"]


def test_a_topic_made_anew_while_a_look_was_under_way(plant: Plant, later: Later) -> None:
    """The look still saw the old topic: the table is opened once more, nothing doubles."""
    relay = plant.relay()
    pass_events(plant, relay, "a")
    later.do()
    plant.topics.delete([USERS])
    plant.topics.create([TopicSpec(USERS, 1)])
    for _ in range(3):
        pass_events(plant, relay)
        later.do()
    pass_events(plant, relay, "b")

    assert sorted(plant.values(OUT), key=str) == [b"1:a", b"2:b"]


def test_a_look_that_fails_aborts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events go on in the round that learns of it, and the next look finds what there is."""
    plant = Plant(beside=AtOnce())
    relay = plant.relay()
    pass_events(plant, relay, "a")
    asked: list[Sequence[str]] = []
    describe = plant.topics.describe

    def fail_once(names: Sequence[str]) -> dict[str, TopicInfo]:
        asked.append(names)
        if len(asked) == 1:
            raise TransientError("not now")
        return describe(names)

    monkeypatch.setattr(plant.topics, "describe", fail_once)
    plant.ask(Kind.PAUSE, USERS)
    pass_events(plant, relay, "b")

    assert len(asked) > 1
    assert relay.ports.metrics.value(TRANSACTIONS, outcome="aborted") == 0
    assert USERS in plant.state().pauses
