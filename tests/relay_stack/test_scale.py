"""Relay processes that come and go while many tables flow."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cdc.kafka.port import TopicSpec
from tests.relay_stack.river import River
from tests.waiting import wait_until

pytestmark = pytest.mark.stack
TABLES = 8
TURN_EVENTS = 500
CHUNK = 100
MEMBERS = 3
KILLS = 4
SEED = 23


class Crew:
    """Relay processes of one group; each change kills one of them, or brings one."""

    def __init__(self, river: River) -> None:
        self.kills = 0
        self._river = river
        self._members: dict[int, subprocess.Popen[bytes]] = {}
        self._random = random.Random(SEED)

    def change(self) -> None:
        """The new one's name may be that of one killed before: then it takes its tables back."""
        if len(self._members) == MEMBERS:
            victim = self._members.pop(self._random.choice([*self._members]))
            victim.kill()
            victim.wait()
            self.kills += 1
        name = self._random.choice([it for it in range(MEMBERS + 1) if it not in self._members])
        self._members[name] = self._river.relay(name)

    def assert_alive(self) -> None:
        """Nobody has ended but those that were killed."""
        for member in self._members.values():
            assert member.poll() is None, self._river.log(member)[-2000:]


@contextmanager
def flowing(rivers: list[River], start: int) -> Iterator[None]:
    """A turn's events into all tables, a few at a time, while something else goes on."""

    def send() -> None:
        for at in range(start, start + TURN_EVENTS, CHUNK):
            for river in rivers:
                river.send(at, at + CHUNK)

    thread = threading.Thread(target=send)
    thread.start()
    yield
    thread.join()


def test_members_come_and_are_killed_while_eight_tables_flow(river: River) -> None:
    """Three relays share the tables; any may go at any time: each event once, per key in order."""
    rivers = [river.branch(f"t{number}") for number in range(TABLES)]
    river.topics.create([TopicSpec(it.raw, 1) for it in rivers])
    crew = Crew(river)
    for turn in range(MEMBERS + KILLS):
        before = sum(river.positions().values())
        with flowing(rivers, turn * TURN_EVENTS):
            crew.change()
            wait_until(lambda before=before: sum(river.positions().values()) > before, 60)
    total = TURN_EVENTS * (MEMBERS + KILLS)
    wait_until(lambda: river.positions() == dict.fromkeys((it.raw for it in rivers), total), 60)

    assert crew.kills == KILLS
    crew.assert_alive()
    for it in rivers:
        it.assert_each_once_in_order(total)
