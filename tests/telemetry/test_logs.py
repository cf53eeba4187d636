from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from cdc.telemetry.logs import configure_logs, get_log

LOG = get_log("a.room")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """The default of every other test."""
    yield
    configure_logs(level=logging.WARNING)


def test_lines_are_json_where_a_machine_reads() -> None:
    """One object a line, with level, time and room; a log taken before the set-up follows it."""
    out = io.StringIO()
    configure_logs(out)
    LOG.info("table_opened", topic="raw.shop.users", offset=3)
    LOG.debug("not this")

    (line,) = out.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["topic"], said["offset"]) == ("table_opened", "raw.shop.users", 3)
    assert (said["level"], said["room"]) == ("info", "a.room")
    assert said["at"].endswith("Z")


def test_lines_are_key_value_where_a_person_reads() -> None:
    """One line, time first."""
    out = Terminal()
    configure_logs(out)
    LOG.warning("table_stopped", code="no_policy", message="shop.users: no policy")

    (line,) = out.getvalue().splitlines()
    assert line.startswith("at=")
    assert "event=table_stopped" in line
    assert 'message="shop.users: no policy"' in line


def test_nothing_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """Data is there; before any set-up only warnings are said at all."""
    LOG.info("quiet")
    LOG.warning("loud")
    said = capsys.readouterr()
    assert said.out == ""
    assert [json.loads(line)["event"] for line in said.err.splitlines()] == ["loud"]
