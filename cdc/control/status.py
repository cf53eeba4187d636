"""`_cdc.status`: every relay says every 2 s what it does. Key: `<group>-<instance>`.

A relay that stops orderly takes its key back (tombstone); one that died falls silent, and
`RelayStatus.silent_s` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

from cdc.control.records import KeyedValue, latest_values
from cdc.majors import Majors, read_majors

PERIOD_S = 2.0
SILENT_AFTER_S = 10.0
"""A relay that has said nothing for so long is dead, or cut off from Kafka."""


class TableState(StrEnum):
    """What a table does: `waiting` goes on by itself, `stopped` and `paused` need a person."""

    RUNNING = "running"
    WAITING = "waiting"
    STOPPED = "stopped"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class TableStatus:
    """One raw partition. `code`, `message` and `hint` are empty while it runs.

    `lock_stale` names the subjects whose newest schema is not the committed lock's;
    `majors` are those that `_cdc.state` has of the table.

    Counts are since the relay took the partition; `lag` is in raw offsets; `slow` of the events
    went event by event, without kernels.
    """

    raw_topic: str
    partition: int
    state: TableState
    code: str = ""
    message: str = ""
    hint: str = ""
    governed_topic: str = ""
    key_schema_id: int | None = None
    value_schema_id: int | None = None
    withheld: tuple[str, ...] = ()
    repaired: Mapping[str, int] = field(default_factory=dict)
    epoch: int = 0
    position: int = 0
    lag: int = 0
    events: int = 0
    dead_letters: int = 0
    lock_stale: tuple[str, ...] = ()
    majors: Majors | None = None
    open_letters: int = 0
    slow: int = 0

    @property
    def path(self) -> str:
        """`fast` where kernels did at least 99 of 100 events, `slow` where they did none."""
        if not self.events:
            return ""
        if self.slow * 100 <= self.events:
            return "fast"
        return "slow" if self.slow >= self.events else f"{self.slow * 100 // self.events} % slow"


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """One relay at one moment (`at_ms`, ms since 1970).

    `latency_ms`: from commit in MySQL to readable governed record, last minute: p50, p95, p99.
    """

    version: str
    group: str
    instance: int
    at_ms: int
    started_ms: int
    events_per_s: float
    tables: tuple[TableStatus, ...] = ()
    latency_ms: Mapping[str, float] = field(default_factory=dict)

    def silent_s(self, now_ms: int) -> float:
        """Seconds since it spoke."""
        return max(0.0, (now_ms - self.at_ms) / 1000)


def status_key(group: str, instance: int) -> bytes:
    """The relay's key in the topic."""
    return f"{group}-{instance}".encode()


def status_value(status: RelayStatus) -> bytes:
    """JSON."""
    return orjson.dumps(asdict(status))


def read_status(records: Iterable[KeyedValue], group: str = "") -> dict[str, RelayStatus]:
    """The last word of each relay (of one group) that has not taken it back.

    By `<group>-<instance>`.
    """
    statuses = {key: _relay(value) for key, value in sorted(latest_values(records).items())}
    return {key: status for key, status in statuses.items() if group in ("", status.group)}


def _relay(value: Mapping[str, Any]) -> RelayStatus:
    """A relay's record; fields of a later version are passed over."""
    known = {field.name: value[field.name] for field in fields(RelayStatus) if field.name in value}
    tables = tuple(_table(table) for table in known.pop("tables", ()))
    return RelayStatus(**known, tables=tables)


def _table(value: Mapping[str, Any]) -> TableStatus:
    known = {field.name: value[field.name] for field in fields(TableStatus) if field.name in value}
    known["state"] = TableState(known["state"])
    for name in ("withheld", "lock_stale"):
        known[name] = tuple(known.get(name, ()))
    known["majors"] = read_majors(known.get("majors"))
    return TableStatus(**known)
