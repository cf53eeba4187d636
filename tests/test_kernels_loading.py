"""Kernels come while the relay runs; without them it runs all the same."""

from pathlib import Path

import pytest

from cdc.govern import Governor, PolicyFolder
from cdc.relay import kernels as loading
from cdc.relay.kernels import Kernels
from cdc.stream import warm
from cdc.stream.shape import split_shapes
from tests.builders import KEYS, USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, fail
from tests.waiting import wait_until

TOPIC = RawTopic("mysql.pizzashop.users", USERS)


@pytest.fixture
def said(monkeypatch):
    """What goes into the log."""
    events: list[str] = []

    class Log:
        def info(self, event, **_):
            events.append(event)

        warning = info

    monkeypatch.setattr(loading, "_LOG", Log())
    return events


def test_kernels_become_ready_beside_the_relay(tmp_path, said):
    """Asking never waits; once they are there, they stay."""
    kernels = Kernels(tmp_path)
    assert not kernels()
    kernels.load()
    wait_until(kernels, 120)
    wait_until(lambda: said, 10)
    assert said == ["kernels_ready"]


def test_without_numba_all_goes_event_by_event(tmp_path, said, monkeypatch):
    """The log says so, once."""
    monkeypatch.setattr(loading, "is_available", lambda: False)
    kernels = Kernels(tmp_path)
    kernels.load()
    assert (kernels(), said) == (False, ["no_kernels"])


def test_a_compiler_that_fails_stops_nothing(tmp_path, said, monkeypatch):
    """Whatever numba raises, the slow path goes on."""

    def broken():
        raise RuntimeError("LLVM")

    monkeypatch.setattr(warm, "warm_up", broken)
    kernels = Kernels(tmp_path)
    kernels.load()
    wait_until(lambda: said, 10)
    assert (kernels(), said) == (False, ["no_kernels"])


def test_programs_are_made_anew_when_kernels_come():
    """Event by event until then, by kernels from then on, the same records."""
    ready = [False]
    folder = PolicyFolder(Path("schemas/policies"), fail)
    governor = Governor(folder, KEYS, DictRegistry(), "governed", kernels=lambda: ready[0])
    ((shape, batch),) = split_shapes(raw_batch(TOPIC.topic, [TOPIC.json("c", user(1))]))
    before = governor.program_for(TOPIC.topic, shape).run(batch, 1)
    assert (governor.refresh(), before.slow) == (False, 1)
    ready[0] = True
    assert governor.refresh()
    after = governor.program_for(TOPIC.topic, shape).run(batch, 1)
    assert (after.slow, after.values) == (0, before.values)
    assert not governor.refresh()
