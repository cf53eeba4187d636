"""A short form of `make chaos`, and a relay that was asleep."""

import signal
import uuid

import pytest

from tests.chaos.doomed import Step
from tests.chaos.storm import Storm, differences
from tests.conftest import LiveStack
from tests.waiting import wait_until

pytestmark = pytest.mark.stack


@pytest.fixture
def storm(captured: LiveStack, tmp_path):
    """A table, a connector and relays of its own."""
    made = Storm(captured, tmp_path, f"storm_{uuid.uuid4().hex[:6]}", seed=11)
    made.prepare()
    yield made
    made.close()


def test_everything_is_killed_and_each_change_is_there_once(storm):
    """The relay at every step of its protocol, Connect and the broker: nothing lost or doubled."""
    with storm.workload() as workload:
        for step in Step:
            relay = storm.relay(step)
            storm.await_progress(workload)
            storm.kill_relay(relay)
        storm.relay()
        for victim in ("kafka", "connect"):
            storm.await_progress(workload)
            storm.kill_part(victim)
            storm.start_part(victim)
        storm.await_progress(workload)
    assert differences(workload.history, storm.seen) == {}
    assert storm.verify().returncode == 0
    assert storm.relay_exits == {}
    assert {f"relay {step.name.lower()}" for step in Step} <= storm.kills.keys()


def test_a_relay_that_was_asleep_writes_nothing(storm):
    """Stopped with records in its transaction, longer than its session; another has taken over."""
    sleeper = storm.relay(Step.PRODUCED, instance=1, number=signal.SIGSTOP)
    with storm.workload() as workload:
        storm.await_progress(workload)
        sleeper.light()
        wait_until(sleeper.sleeps, 30, "the relay's sleep")
        storm.relay(instance=2)
        storm.await_progress(workload)
        sleeper.process.send_signal(signal.SIGCONT)
        storm.await_progress(workload)
        wait_until(sleeper.has_noticed, 60, "the sleeper notices")
    assert int(sleeper.note.read_text().partition(" ")[2]) > 0
    assert differences(workload.history, storm.seen) == {}
