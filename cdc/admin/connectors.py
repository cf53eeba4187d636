"""Connectors as they may be shown: names and states, never a configuration or a message.

A failed task's trace quotes what it choked on, so of a trace only the class of its first cause is
kept.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cdc.admin.parts import ConnectReader

# `Caused by: java.sql.SQLException: …` and a trace's first line, `java.lang.RuntimeException: …`.
_CAUSE = re.compile(r"^(?:Caused by: )?((?:[\w$]+\.)+[\w$]+)(?::|\s*$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task; `cause` is the class of the first cause of its failure, else empty."""

    id: int
    state: str
    cause: str


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """A connector and its tasks; `cause` as in `TaskView`."""

    name: str
    state: str
    cause: str
    tasks: tuple[TaskView, ...]


def read_connectors(client: ConnectReader) -> Sequence[ConnectorView]:
    """All connectors, sorted by name; one that is deleted meanwhile is left out.

    Raises:
        Unreachable: Connect does not answer.
    """
    statuses = ((name, client.get_status(name)) for name in client.list_connectors())
    return [_connector(name, status) for name, status in sorted(statuses) if status is not None]


def _connector(name: str, status: Mapping[str, Any]) -> ConnectorView:
    own = status.get("connector", {})
    tasks = sorted(status.get("tasks", ()), key=lambda task: int(task["id"]))
    return ConnectorView(
        name,
        str(own.get("state", "UNKNOWN")),
        find_cause(own.get("trace", "")),
        tuple(
            TaskView(int(task["id"]), str(task["state"]), find_cause(task.get("trace", "")))
            for task in tasks
        ),
    )


def find_cause(trace: str) -> str:
    """The class of a Java trace's first cause (the last one named); empty when there is none."""
    causes: list[str] = _CAUSE.findall(trace or "")
    return causes[-1] if causes else ""
