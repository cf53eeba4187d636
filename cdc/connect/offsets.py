"""Where a connector is in the binlog: told in words, moved only when it is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdc.connect.client import ConnectClient
from cdc.connect.gtids import count_gtids, count_missing
from cdc.connect.states import read_state, require_known
from cdc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a server's binlog; `snapshot` while the first rows are still read."""

    server: str
    file: str = ""
    pos: int = 0
    gtids: str = ""
    snapshot: bool = False

    def describe(self) -> str:
        """In words, one line."""
        if not self.file:
            return "nowhere yet"
        parts = [f"{self.file} at {self.pos}"]
        if self.gtids:
            count = count_gtids(self.gtids)
            parts.append(f"{count} transaction{'' if count == 1 else 's'} ({self.gtids})")
        if self.snapshot:
            parts.append("snapshot under way")
        return ", ".join(parts)

    def to_offset(self) -> dict[str, Any]:
        """As Connect keeps it for Debezium."""
        partition = {"server": self.server}
        gtids = {"gtids": self.gtids} if self.gtids else {}
        return {"partition": partition, "offset": {"file": self.file, "pos": self.pos, **gtids}}


def read_positions(answer: Mapping[str, Any]) -> Sequence[Position]:
    """The positions in Connect's answer about offsets."""
    return [
        Position(
            str((entry.get("partition") or {}).get("server", "")),
            str(offset.get("file", "")),
            int(offset.get("pos", 0)),
            str(offset.get("gtids") or ""),
            bool(offset.get("snapshot")),
        )
        for entry in answer.get("offsets", ())
        if (offset := entry.get("offset") or {}) is not None
    ]


def find_lag(executed: str, positions: Sequence[Position]) -> int | None:
    """How many of the server's transactions a connector has not read; None where GTIDs lack."""
    seen = ",".join(position.gtids for position in positions if position.gtids)
    return count_missing(executed, seen) if executed and seen else None


def require_stopped(client: ConnectClient, name: str) -> None:
    """See that a connector is there and stopped, which Connect needs to change its offsets.

    Raises:
        ConfigError: it is not.
    """
    require_known(client, name)
    state = read_state(client, name)
    if state is None or state.connector != "STOPPED":
        seen = state.connector if state else "unknown"
        raise ConfigError(
            f"connector {name} is {seen}: its offsets can only be changed while it is STOPPED",
            hint=f"cdc connectors stop {name}",
        )
