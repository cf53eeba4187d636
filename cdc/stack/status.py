"""What runs, seen from the records and the process table."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import psutil

from cdc.errors import ConfigError
from cdc.stack.parts import PARTS, StackPart
from cdc.stack.processes import find_process
from cdc.stack.site import Site

State = Literal["running", "stopped", "dead", "outside"]


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part now; `since` in RFC 3339, `memory_bytes` resident. None where there is no process.

    `dead`: it was started and not stopped, and is gone. `outside`: the settings name another.
    """

    part: str
    state: State
    address: str
    pid: int | None = None
    memory_bytes: int | None = None
    since: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As the JSON output has it."""
        return asdict(self)


def read_status(site: Site) -> list[PartStatus]:
    """Every part, in starting order."""
    return [_read_part(site, part) for part in PARTS]


def _read_part(site: Site, part: StackPart) -> PartStatus:
    elsewhere = part.elsewhere(site.settings)
    if elsewhere:
        return PartStatus(part.name, "outside", elsewhere)
    record = site.record(part.name)
    state: State = "dead" if record.exists() else "stopped"
    process = find_process(record)
    try:
        return _read_process(part.name, _address(site, part), process, state)
    except psutil.NoSuchProcess:
        return PartStatus(part.name, state, _address(site, part))


def _read_process(
    name: str, address: str, process: psutil.Process | None, otherwise: State
) -> PartStatus:
    if process is None:
        return PartStatus(name, otherwise, address)
    since = datetime.fromtimestamp(process.create_time(), UTC).isoformat(timespec="seconds")
    return PartStatus(name, "running", address, process.pid, process.memory_info().rss, since)


def _address(site: Site, part: StackPart) -> str:
    """Where it listens; empty while a port of 0 has not been chosen."""
    try:
        return part.address(site.settings)
    except ConfigError:
        return ""
