"""Up, down, clean: the parts' processes, started in waves and ended in reverse."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cdc.connect.waiting import wait_until
from cdc.errors import StackError
from cdc.stack.outside import check_outside
from cdc.stack.parts import PARTS, StackPart, group_waves
from cdc.stack.ports import choose_ports, refuse_taken_ports
from cdc.stack.processes import end_process, find_process, log_size, start_process, tail_lines
from cdc.stack.report import Report
from cdc.stack.secrets import generate_secrets
from cdc.stack.site import Site, hold_lock

LAST_LINES = 15
T = TypeVar("T")


def bring_up(site: Site, parts: Sequence[StackPart], report: Report) -> None:
    """Have `parts` running and ready; what runs already is left alone.

    Raises:
        ConfigError: a port is taken, or a named server program does not fit.
        Unreachable: a server that the settings name does not answer.
        StackError: a part cannot be fetched, dies, or is not ready in time.
    """
    with hold_lock(site.root / "lock", f"another `cdc stack` command works on {site.root}"):
        begin = time.monotonic()
        generate_secrets(site)
        choose_ports(site, {part.name for part in PARTS if find_process(site.record(part.name))})
        ours = [part for part in parts if not _is_outside(site, part, report)]
        new = [part for part in ours if find_process(site.record(part.name)) is None]
        refuse_taken_ports(site, [part.name for part in new])
        _fetch(site, new, report)
        for wave in group_waves(ours):
            _each(wave, lambda part: _have_ready(site, part, report))
        if new:
            report.say("stack", f"up in {time.monotonic() - begin:.1f} s")


def _is_outside(site: Site, part: StackPart, report: Report) -> bool:
    """Whether the settings name a server in place of this part; it is then seen to answer."""
    elsewhere = part.elsewhere(site.settings)
    if elsewhere:
        check_outside(site.settings, part.name)
        report.say(part.name, f"{elsewhere:<40}answers, not ours")
    return bool(elsewhere)


def _fetch(site: Site, parts: Iterable[StackPart], report: Report) -> None:
    _each(
        list(dict.fromkeys(fetch for part in parts for fetch in part.fetches)),
        lambda fetch: fetch(site, report),
    )


def _each(items: Sequence[T], work: Callable[[T], None]) -> None:
    """Work on all items at once; all are finished before the first error is raised."""
    if items:
        with ThreadPoolExecutor(len(items)) as pool:
            jobs = [pool.submit(work, item) for item in items]
        for job in jobs:
            job.result()


def _have_ready(site: Site, part: StackPart, report: Report) -> None:
    """Start a part that does not run; wait until it is ready and finished."""
    begin = time.monotonic()
    runs = find_process(site.record(part.name)) is not None
    _await_ready(site, part, 0 if runs else _launch(site, part))
    part.finish(site)
    took = "runs already" if runs else f"ready in {time.monotonic() - begin:4.1f} s"
    report.say(part.name, f"{part.address(site.settings):<40}{took}")


def _launch(site: Site, part: StackPart) -> int:
    """Start a part's process; where in its log this start begins."""
    command = part.prepare(site)
    start = log_size(site.log(part.name))
    start_process(command, os.environ, site.log(part.name), site.record(part.name))
    return start


def _await_ready(site: Site, part: StackPart, start: int) -> None:
    """Wait until a part is ready; one that is not in time is ended."""
    deadline_s = site.settings.stack.start_timeout_s
    wait_until(lambda: _settled(site, part, start), deadline_s)
    if find_process(site.record(part.name)) is None:
        raise _failure(site, part, start, "died while starting")
    if not part.is_ready(site, start):
        end_process(site.record(part.name), part.stop_s)
        raise _failure(site, part, start, f"was not ready within {deadline_s:g} s")


def _settled(site: Site, part: StackPart, start: int) -> bool:
    """Whether waiting longer changes nothing: the part is dead, or ready."""
    return find_process(site.record(part.name)) is None or part.is_ready(site, start)


def _failure(site: Site, part: StackPart, start: int, what: str) -> StackError:
    log = site.log(part.name)
    lines = tail_lines(log, LAST_LINES, start=start) or ["(nothing was logged)"]
    last = "".join(f"\n  | {line[:200]}" for line in lines)
    return StackError(
        f"{part.name} {what}; the last lines of {log}:{last}",
        hint=f"cdc stack logs {part.name} -n 100",
    )


def bring_down(site: Site, parts: Sequence[StackPart], report: Report) -> None:
    """End the processes of `parts` that this stack has started; no others.

    Raises:
        StackError: a process cannot be ended; the others are.
    """
    if not site.root.exists():
        return
    with hold_lock(site.root / "lock", f"another `cdc stack` command works on {site.root}"):
        failures: list[str] = []
        for wave in reversed(group_waves(parts)):
            _each(wave, lambda part: _stop(site, part, report, failures))
        if failures:
            raise StackError("; ".join(failures))


def _stop(site: Site, part: StackPart, report: Report, failures: list[str]) -> None:
    begin = time.monotonic()
    if find_process(site.record(part.name)):
        part.before_stop(site)
    try:
        ending = end_process(site.record(part.name), part.stop_s)
    except StackError as error:
        failures.append(error.message)
        return
    if ending != "absent":
        report.say(part.name, f"{ending} in {time.monotonic() - begin:.1f} s")


def remove_stack(site: Site, report: Report) -> None:
    """End every part and remove the state folder; the cache stays.

    Raises:
        StackError: a process cannot be ended: nothing is removed.
    """
    bring_down(site, PARTS, report)
    if site.root.exists():
        shutil.rmtree(site.root)
        report.say("stack", f"{site.root} removed; downloads stay in {site.cache}")
