from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.telemetry.logs import configure_logs, get_log
from cdc.telemetry.trouble import REMIND_S, Pace, Trouble


class Time:
    """A clock that is moved by hand."""

    seconds = 0.0

    def now(self) -> float:
        """See `Clock`."""
        return self.seconds


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """What is logged."""
    out = io.StringIO()
    configure_logs(out)
    yield out
    configure_logs(level=logging.WARNING)


def _lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_hour_of_failed_tries_is_few_lines_whatever_each_says(out: io.StringIO) -> None:
    """One at once, one each half minute, and the end of it; each with a next step."""
    time = Time()
    trouble = Trouble(get_log("room"), "look at the broker", time.now)
    for number in range(720):
        trouble.say("aborted", f"does not answer ({number % 7})", "hint" if number else "")
        time.seconds += 5
    trouble.over("goes_on")
    trouble.over("goes_on")

    first, *reminders, last = _lines(out)
    assert (first["message"], first["hint"]) == ("does not answer (0)", "look at the broker")
    assert len(reminders) == 3600 / REMIND_S - 1
    assert {line["hint"] for line in reminders} == {"hint"}
    assert reminders[-1]["tries"] == 715
    assert (last["event"], last["after_s"], last["tries"]) == ("goes_on", 3600, 720)


def test_a_trouble_that_comes_and_goes_is_said_once(out: io.StringIO) -> None:
    """The same words again within half a minute are not news, others are."""
    trouble = Trouble(get_log("room"), "", Time().now)
    for message in ("full", "full", "away", "full"):
        trouble.say("aborted", message)
        trouble.over("goes_on")

    said = [(line["event"], line.get("message")) for line in _lines(out)]
    assert said == [("aborted", "full"), ("goes_on", None), ("aborted", "away"), ("goes_on", None)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 60))))
def test_no_saying_comes_twice_within_its_time(steps: list[tuple[str, float]]) -> None:
    """And none is held back that has not been let through for that long."""
    time, said = Time(), dict[str, float]()
    pace = Pace(time.now, every_s=30)
    for saying, seconds in steps:
        time.seconds += seconds
        due = time.seconds - said.get(saying, float("-inf")) >= 30
        assert pace.is_due(saying) is due
        if due:
            said[saying] = time.seconds
