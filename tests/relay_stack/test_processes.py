from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.relay_stack.fakes import governed
from tests.relay_stack.river import River
from tests.waiting import wait_until

pytestmark = pytest.mark.stack
EVENTS = 6000


def test_kill_9_at_any_moment_loses_and_doubles_nothing(river: River) -> None:
    """A relay that is killed in the middle of its work, five times over: each event once."""
    river.send(0, EVENTS)
    for passed in range(1, 6):
        process = river.relay()
        river.await_relayed(passed * EVENTS // 8)
        process.kill()
        process.wait()
    river.relay()
    river.await_position(EVENTS)

    river.assert_each_once_in_order(EVENTS)
    assert river.state().epochs[river.raw].epoch == 1


def test_a_second_relay_of_the_same_name_takes_over(river: River) -> None:
    """From another machine (another lock): the older one exits 4 with one line that says so."""
    river.send(0, 1000)
    older = river.relay()
    river.await_position(1000)
    river.relay(home="elsewhere")
    older.wait(30)
    river.send(1000, 2000)
    river.await_position(2000)

    assert older.returncode == 4
    (line,) = [line for line in river.log(older).splitlines() if line.startswith("error: ")]
    assert "fenced" in line.lower()
    assert "Traceback" not in river.log(older)
    river.assert_each_once_in_order(2000)


def test_a_second_process_on_the_same_machine_is_refused(river: River) -> None:
    """Exit 2, one line, and the first one goes on."""
    river.send(0, 10)
    first = river.relay()
    river.await_position(10)
    second = river.relay()

    assert second.wait(30) == 2
    assert river.log(second).startswith("error: relay instance 0 of group ")
    assert first.poll() is None


def test_sigterm_ends_it_orderly(river: River) -> None:
    """Exit 0 within seconds, status taken back; the next one goes on at once, without a gap."""
    river.send(0, 1000)
    process = river.relay()
    river.await_position(1000)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert time.monotonic() - began < 8
    assert river.status() is None

    river.send(1000, 2000)
    began = time.monotonic()
    river.relay()
    river.await_position(2000)
    assert time.monotonic() - began < 8
    river.assert_each_once_in_order(2000)


def test_two_instances_share_and_survive_each_other(river: River) -> None:
    """When the owner of a table is killed for good, the other takes it over within seconds."""
    river.send(0, 1000)
    first = river.relay(0)
    river.await_position(1000)
    river.relay(1)
    first.kill()
    first.wait()
    river.send(1000, 2000)
    river.await_relayed(2000)
    wait_until(lambda: len(river.out()) >= 2000)

    river.assert_each_once_in_order(2000)


def test_a_topic_made_while_the_relay_was_away_is_found(river: River) -> None:
    """Back within its session it gets its old assignment; the new topic becomes its own too."""
    river.send(0, 10)
    first = river.relay()
    river.await_position(10)
    first.kill()
    first.wait()
    river.raw, river.governed = f"{river.name}.{river.name}.late", governed(f"{river.name}.late")
    river.send(0, 10)
    river.relay()

    river.await_position(10)


def test_kafka_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """Exit 4 within seconds; the address and the setting, nothing of the client's own."""
    river = River("127.0.0.1:1", tmp_path)
    began = time.monotonic()
    process = river.relay()
    try:
        assert process.wait(30) == 4
    finally:
        river.close()

    assert time.monotonic() - began < 15
    lines = [line for line in river.log(process).splitlines() if not line.startswith("{")]
    assert lines == ["error: Kafka at 127.0.0.1:1 does not answer (create topic _cdc.state)"]
