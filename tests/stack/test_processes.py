import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cdc.stack.processes import end_process, find_process, start_process, tail_lines
from tests.waiting import wait_until

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    """if True:
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print('here', flush=True)
        time.sleep(60)
    """,
]


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Path]:
    """A record's place; what it means is ended after the test."""
    file = tmp_path / "run/part.json"
    yield file
    end_process(file, 0.1)


def start(command: list[str], record: Path) -> int:
    """Start and wait for its first line."""
    log = record.parent / "part.log"
    pid = start_process(command, os.environ, log, record)
    wait_until(lambda: tail_lines(log, 1) == ["here"], 10)
    return pid


def test_a_started_process_is_found_and_ended(record: Path) -> None:
    """It lives in a session of its own, SIGTERM ends it, and nothing is left of its record."""
    pid = start(SLEEPER, record)
    found = find_process(record)
    assert found is not None
    assert (found.pid, os.getsid(pid)) == (pid, pid)
    assert end_process(record, 10) == "ended"
    assert find_process(record) is None
    assert not record.exists()


def test_one_that_does_not_listen_is_killed(record: Path) -> None:
    """After the deadline comes SIGKILL."""
    start(DEAF, record)
    assert end_process(record, 0.3) == "killed"


def test_a_recycled_pid_is_never_signalled(tmp_path: Path, record: Path) -> None:
    """A process that has the recorded pid but another creation time is somebody else's."""
    pid = start(SLEEPER, record)
    other = tmp_path / "other.json"
    created = psutil.Process(pid).create_time() - 3600
    other.write_text(json.dumps({"pid": pid, "create_time": created}))
    assert find_process(other) is None
    assert end_process(other, 1) == "absent"
    assert find_process(record) is not None


def test_a_broken_record_means_nobody(tmp_path: Path) -> None:
    """Half a file, a missing file or a dead pid are no process."""
    file = tmp_path / "part.json"
    assert find_process(file) is None
    for text in ("", "{", "{}", '{"pid": 4194999, "create_time": 1.0}'):
        file.write_text(text)
        assert find_process(file) is None


def test_the_tail_begins_at_this_start(tmp_path: Path) -> None:
    """Lines of an earlier start are not shown as this one's."""
    log = tmp_path / "log"
    log.write_text("old\n")
    begin = log.stat().st_size
    log.write_text("old\none\ntwo\nthree\n")
    assert tail_lines(log, 2, start=begin) == ["two", "three"]
    assert tail_lines(log, 9, start=begin) == ["one", "two", "three"]
    assert tail_lines(tmp_path / "none", 9) == []
