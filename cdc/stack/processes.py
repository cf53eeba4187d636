"""Processes of the stack: started in the background, known again, ended.

A pid alone says nothing: it is given to another process after the first has died. So a record holds
the creation time too, and a process is only ours when both match.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import psutil

from cdc.connect.waiting import wait_until
from cdc.errors import StackError

# The creation time is reckoned from the boot time, which moves when the clock is set. No pid comes
# round again within this many seconds of its first owner's start.
SAME_PROCESS_S = 2.0

FOLLOW_S = 0.2

Ending = Literal["absent", "ended", "killed"]


def start_process(
    command: Sequence[str], environment: Mapping[str, str], log: Path, record: Path
) -> int:
    """Start `command` in a session of its own, output appended to `log`; its pid.

    The process outlives us and no Ctrl-C reaches it. `record` is written before this returns.

    Raises:
        OSError: the program cannot be run.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, Path(os.devnull).open("rb") as nothing:
        pid = os.posix_spawn(
            command[0],
            list(command),
            environment,
            setsid=True,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
            ],
        )
    _write_record(record, pid)
    return pid


def _write_record(record: Path, pid: int) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": pid, "create_time": psutil.Process(pid).create_time()}))
    partial.replace(record)


def find_process(record: Path) -> psutil.Process | None:
    """The process that `record` means, if it still lives; never one that merely has its pid."""
    try:
        known = json.loads(record.read_text())
        process = psutil.Process(known["pid"])
        same = abs(process.create_time() - known["create_time"]) < SAME_PROCESS_S
        alive = process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return process if same and alive else None


def end_process(record: Path, deadline_s: float) -> Ending:
    """End the process that `record` means, if it lives, and forget it.

    SIGTERM first, SIGKILL after `deadline_s` seconds.

    Raises:
        StackError: it may not be signalled, or outlives SIGKILL; the record stays.
    """
    process = find_process(record)
    ending: Ending = "absent"
    if process is not None:
        ending = "ended" if _signal(process, signal.SIGTERM, record, deadline_s) else "killed"
        if ending == "killed" and not _signal(process, signal.SIGKILL, record, deadline_s):
            raise StackError(f"process {process.pid} ({record.stem}) outlives SIGKILL")
    record.unlink(missing_ok=True)
    return ending


def _signal(process: psutil.Process, number: signal.Signals, record: Path, wait_s: float) -> bool:
    """Whether the process is gone within `wait_s` seconds after the signal."""
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        raise StackError(f"process {process.pid} ({record.stem}) may not be signalled") from None
    # A zombie counts as gone: who should bury it may be slow.
    return wait_until(lambda: find_process(record) is None, wait_s)


def tail_lines(log: Path, count: int, *, start: int = 0) -> list[str]:
    """The last `count` lines of `log` after byte `start`; none when there is no such file."""
    try:
        with log.open("rb") as handle:
            size = handle.seek(0, os.SEEK_END)
            handle.seek(max(start, size - 400 * count))
            return handle.read().decode(errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def follow_lines(log: Path) -> Iterator[str]:
    """New lines of `log` as they are written, without end."""
    with log.open(errors="replace") as handle:
        handle.seek(0, os.SEEK_END)
        while True:
            line = handle.readline()
            if line:
                yield line.rstrip("\n")
            else:
                time.sleep(FOLLOW_S)


def log_size(log: Path) -> int:
    """Bytes in `log`; 0 when there is no such file."""
    return log.stat().st_size if log.exists() else 0
