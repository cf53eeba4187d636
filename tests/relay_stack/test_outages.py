"""The broker goes: one line with a next step, nothing lost, and on by itself."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from cdc.stack.processes import find_process
from tests.conftest import LiveStack
from tests.relay_stack.river import River
from tests.waiting import wait_until

pytestmark = pytest.mark.stack
OUTAGE_S = 12.0
"""Longer than the session (10 s) and a transaction (8 s)."""
STOP_S = 10.0
DEADLINE_S = 120.0


@pytest.fixture
def broker(stack: LiveStack) -> Iterator[LiveStack]:
    """A stack whose broker a test may kill: it runs again afterwards."""
    yield stack
    stack.run("stack", "up", "kafka")


def test_the_broker_is_full_ends_itself_and_stays_away(broker: LiveStack, river: River) -> None:
    """For longer than any time-out. Who asks gets one line; who is told to stop, stops."""
    river.send(0, 1000)
    relay, leaver = river.relay(0), river.relay(1)
    wait_until(lambda: river.positions().get(river.raw) == 1000, DEADLINE_S)
    _kafka(broker).rlimit(psutil.RLIMIT_FSIZE, (0, 0))  # no file may grow: as on a full disk
    wait_until(lambda: find_process(broker.site.record("kafka")) is None, DEADLINE_S)
    began = time.monotonic()

    status = river.cdc("relay", "status")
    assert status.returncode == 4
    error, hint = status.stderr.splitlines()
    assert error.startswith(f"error: Kafka at {river.bootstrap} does not answer")
    assert hint.startswith("hint: ")
    told = time.monotonic()
    leaver.send_signal(signal.SIGTERM)
    assert leaver.wait(30) == 0
    assert time.monotonic() - told < STOP_S
    wait_until(lambda: time.monotonic() - began > OUTAGE_S)

    broker.run("stack", "up", "kafka")
    river.send(1000, 2000)
    wait_until(lambda: river.positions().get(river.raw) == 2000, DEADLINE_S)
    assert relay.poll() is None
    river.assert_each_once_in_order(2000)
    _assert_said_once(river, relay)


def _kafka(stack: LiveStack) -> psutil.Process:
    process = find_process(stack.site.record("kafka"))
    assert process is not None
    return process


def _assert_said_once(river: River, relay: subprocess.Popen[bytes]) -> None:
    """One warning with a next step, reminders half a minute apart, and the end."""
    lines = [json.loads(line) for line in river.log(relay).splitlines()]
    warnings = [line for line in lines if line["level"] in ("warning", "error")]
    assert warnings, river.log(relay)
    assert {line["event"] for line in warnings} == {"round_aborted"}
    assert "Kafka at" in warnings[0]["message"]
    assert warnings[0]["hint"]
    assert len(warnings) <= 1 + warnings[-1]["for_s"] / 30
    assert lines[-1]["event"] in ("relay_goes_on", "table_opened")
