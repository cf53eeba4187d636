"""What connectors do now, and waiting until they do what they should."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cdc.connect.causes import first_cause
from cdc.connect.client import ConnectClient, NoAnswer
from cdc.connect.waiting import wait_until
from cdc.errors import ConfigError, Unreachable

# After a restart or change Connect still tells the state from before for a moment.
STANDS_S = 1.0
POLL_S = 0.2
STATES: Mapping[str, str] = {"running": "RUNNING", "paused": "PAUSED", "stopped": "STOPPED"}


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """A connector and its tasks. `reason` is one line, where something has failed."""

    name: str
    connector: str
    tasks: tuple[str, ...]
    reason: str = ""

    @property
    def is_running(self) -> bool:
        """Connector and all of at least one task run."""
        return self.connector == "RUNNING" and bool(self.tasks) and set(self.tasks) == {"RUNNING"}

    @property
    def has_failed(self) -> bool:
        """Connector or a task has failed."""
        return "FAILED" in (self.connector, *self.tasks)

    @property
    def target(self) -> str:
        """`running`, `paused` or `stopped`: what the connector has been told to be."""
        told = {"PAUSED": "paused", "STOPPED": "stopped"}
        return told.get(self.connector, "running")

    def is_at(self, target: str) -> bool:
        """Whether connector and tasks are where `target` says."""
        if target == "running":
            return self.is_running
        state = STATES[target]
        return self.connector == state and set(self.tasks) <= {state}


@dataclass(frozen=True, slots=True)
class LiveConnector:
    """A connector as Connect has it; `config` has no `name`."""

    config: Mapping[str, str]
    state: ConnectorState


def read_live(client: ConnectClient) -> dict[str, LiveConnector]:
    """All connectors by name."""
    return {
        name: LiveConnector(
            {key: value for key, value in entry["info"]["config"].items() if key != "name"},
            state_of(name, entry["status"]),
        )
        for name, entry in sorted(client.read_all().items())
        if "info" in entry and "status" in entry
    }


def read_state(client: ConnectClient, name: str) -> ConnectorState | None:
    """State of a connector now; None while Connect does not know it."""
    status = client.get_status(name)
    return None if status is None else state_of(name, status)


def state_of(name: str, status: Mapping[str, Any]) -> ConnectorState:
    """The state in Connect's own answer."""
    parts: list[dict[str, Any]] = [status["connector"], *status["tasks"]]
    traces = [part["trace"] for part in parts if part.get("trace")]
    return ConnectorState(
        name,
        status["connector"]["state"],
        tuple(task["state"] for task in status["tasks"]),
        first_cause(traces[0]) if traces else "",
    )


def await_running(client: ConnectClient, name: str, deadline_s: float) -> None:
    """Wait until a connector and its tasks run.

    Raises:
        Unreachable: it fails (the message is the first cause), or does not run in time.
    """
    await_state(client, name, "running", deadline_s)


def await_state(
    client: ConnectClient, name: str, target: str, deadline_s: float, *, stands_s: float = 0
) -> None:
    """Wait until a connector is `running`, `paused` or `stopped`, for `stands_s` seconds.

    A Connect that goes away meanwhile is waited for.

    Raises:
        Unreachable: it fails, or is not there in time.
    """
    seen: ConnectorState | None = None
    since = time.monotonic()

    def settled() -> bool:
        nonlocal seen, since
        before, seen = seen, _state_if_any(client, name)
        if seen != before:
            since = time.monotonic()
        final = seen is not None and (seen.is_at(target) or _fails(seen, target))
        return final and time.monotonic() - since >= stands_s

    wait_until(settled, deadline_s, poll_s=POLL_S)
    if seen is None or not seen.is_at(target):
        raise _not_there(name, seen, target, deadline_s)


def _state_if_any(client: ConnectClient, name: str) -> ConnectorState | None:
    try:
        return read_state(client, name)
    except NoAnswer:
        return None


def _fails(state: ConnectorState, target: str) -> bool:
    return target == "running" and state.has_failed


def _not_there(
    name: str, state: ConnectorState | None, target: str, deadline_s: float
) -> Unreachable:
    hint = f"cdc connectors status; cdc stack logs connect; then cdc connectors apply {name}"
    if state is not None and _fails(state, target):
        return Unreachable(f"connector {name} has failed: {state.reason}", hint=hint)
    seen = f"{state.connector}, tasks {', '.join(state.tasks) or 'none'}" if state else "unknown"
    does = "does not run" if target == "running" else f"is not {target}"
    return Unreachable(f"connector {name} {does} after {deadline_s:g} s (state {seen})", hint=hint)


def require_known(client: ConnectClient, name: str) -> None:
    """See that a connector exists.

    Raises:
        ConfigError: it does not; the message lists those that do.
    """
    known = client.list_connectors()
    if name not in known:
        raise ConfigError(f"no connector {name}; there are: {', '.join(known) or 'none'}")
