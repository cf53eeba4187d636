"""Bringing Connect to the declared state, and waiting until it is really there."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cdc.connect.client import ConnectClient
from cdc.connect.desired import DesiredConnector, read_connector
from cdc.connect.waiting import wait_until
from cdc.errors import ConfigError, Unreachable

Change = Literal["created", "changed", "unchanged"]
REASON_LENGTH = 300
# How Debezium begins when the database does not answer or refuses the login.
NO_LOGIN = "Unable to connect"
# Java's `pkg.Class: message`; wrappers around it are `Caused by:` lines further up the trace.
CAUSE = re.compile(r"^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+)(?:: (.*))?$")


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


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What `apply_connectors` did to one connector, which now runs; `took_s` in seconds."""

    name: str
    change: Change
    took_s: float


def apply_connectors(
    client: ConnectClient,
    files: Iterable[Path],
    substitutions: Mapping[str, str],
    deadline_s: float,
) -> list[ApplyResult]:
    """Bring the connectors of `files` to their declared state and wait until each one runs.

    All files are read before the first change. `deadline_s` is for each connector.

    Raises:
        ConfigError: a file is wrong, or Connect or the connector refuses its configuration.
        Unreachable: Connect does not answer, or a connector does not run in time.
    """
    wanted = [read_connector(file, substitutions) for file in files]
    return [_apply_one(client, connector, deadline_s) for connector in wanted]


def _apply_one(client: ConnectClient, wanted: DesiredConnector, deadline_s: float) -> ApplyResult:
    begin = time.monotonic()
    change = _put(client, wanted)
    await_running(client, wanted.name, deadline_s)
    return ApplyResult(wanted.name, change, time.monotonic() - begin)


def _put(client: ConnectClient, wanted: DesiredConnector) -> Change:
    """Put the configuration where it differs; restart what has failed where it does not."""
    actual = client.get_config(wanted.name)
    if actual == {**wanted.config, "name": wanted.name}:
        state = read_state(client, wanted.name)
        if state is not None and state.has_failed:
            client.restart(wanted.name)
        return "unchanged"
    _refuse_invalid(client, wanted)
    client.put_config(wanted.name, wanted.config)
    return "created" if actual is None else "changed"


def _refuse_invalid(client: ConnectClient, wanted: DesiredConnector) -> None:
    """Have the connector class look at a configuration before Connect is given it.

    Connect looks too, but its answer to a Debezium configuration with a mistake is error 500 and a
    NullPointerException, whatever the mistake was.
    """
    mistakes = client.validate({**wanted.config, "name": wanted.name})
    if not mistakes:
        return
    text = "; ".join(f"{key}: {' '.join(message.split())}" for key, message in mistakes)
    refused = any(message.startswith(NO_LOGIN) for _, message in mistakes)
    kind = Unreachable if refused else ConfigError
    raise kind(f"{wanted.file}: connector {wanted.name} is refused: {text[:REASON_LENGTH]}")


def await_running(client: ConnectClient, name: str, deadline_s: float) -> None:
    """Wait until a connector and its tasks run.

    Raises:
        Unreachable: it fails (the message is the first cause), or does not run in time.
    """
    state: ConnectorState | None = None

    def settled() -> bool:
        nonlocal state
        state = read_state(client, name)
        return state is not None and (state.is_running or state.has_failed)

    wait_until(settled, deadline_s, poll_s=0.2)
    if state is None or not state.is_running:
        raise _not_running(name, state, deadline_s)


def _not_running(name: str, state: ConnectorState | None, deadline_s: float) -> Unreachable:
    if state is not None and state.has_failed:
        return Unreachable(f"connector {name} has failed: {state.reason}", hint=_hint(name))
    seen = f"{state.connector}, tasks {', '.join(state.tasks) or 'none'}" if state else "unknown"
    return Unreachable(
        f"connector {name} does not run after {deadline_s:g} s (state {seen})", hint=_hint(name)
    )


def _hint(name: str) -> str:
    return f"cdc connectors status; cdc stack logs connect; then cdc connectors apply {name}"


def read_state(client: ConnectClient, name: str) -> ConnectorState | None:
    """State of a connector now; None while Connect does not know it."""
    status = client.get_status(name)
    if status is None:
        return None
    parts: list[dict[str, Any]] = [status["connector"], *status["tasks"]]
    traces = [part["trace"] for part in parts if part.get("trace")]
    return ConnectorState(
        name,
        status["connector"]["state"],
        tuple(task["state"] for task in status["tasks"]),
        first_cause(traces[0]) if traces else "",
    )


def first_cause(trace: str) -> str:
    """The innermost cause of a Java stack trace, in one line, without any quoted value."""
    causes = [match for line in trace.splitlines() if (match := CAUSE.match(line.strip()))]
    told = [match for match in causes if match[2]]
    if not told:
        return causes[-1][1] if causes else "no reason given"
    return f"{told[-1][1]}: {hide_values(told[-1][2])}"[:REASON_LENGTH]


def hide_values(text: str) -> str:
    """Blank what a message quotes: it may be a row's value."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "'…'", text)


def require_known(client: ConnectClient, name: str) -> None:
    """See that a connector exists.

    Raises:
        ConfigError: it does not; the message lists those that do.
    """
    known = client.list_connectors()
    if name not in known:
        raise ConfigError(f"no connector {name}; there are: {', '.join(known) or 'none'}")
