"""How far snapshots are, from Debezium's notifications.

A notification of an incremental snapshot names keys of rows; they are only used to reckon, where
they are whole numbers, and never told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

KINDS: Mapping[str, str] = {"Initial Snapshot": "initial", "Incremental Snapshot": "incremental"}
ENDS: Mapping[str, str] = {"COMPLETED": "completed", "ABORTED": "aborted", "SKIPPED": "skipped"}

READ = frozenset({"SUCCEEDED", "EMPTY"})
"""What Debezium says of a table that has been read."""


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """A snapshot of a connector: `state` running, paused, completed, aborted or skipped.

    `done` of `total` tables have been read, `current` up to the share `part` (0 to 1). `trouble`:
    what Debezium calls the reason why a table could not be read.
    """

    id: str
    kind: str
    state: str
    total: int = 0
    done: int = 0
    current: str = ""
    part: float = 0.0
    rows: int = 0
    trouble: str = ""

    @property
    def share(self) -> float:
        """From 0 to 1."""
        if self.state == "completed":
            return 1.0
        return min(1.0, (self.done + self.part) / self.total) if self.total else 0.0


def read_progress(values: Iterable[bytes | None], prefix: str) -> list[SnapshotProgress]:
    """The snapshots of the connector with a `topic.prefix`, the newest last."""
    found: dict[str, SnapshotProgress] = {}
    current = ""
    for value in values:
        note = read_note(value)
        data = note.get("additional_data") or {}
        kind = KINDS.get(str(note.get("aggregate_type")))
        if kind is None or data.get("connector_name") != prefix:
            continue
        # Each note of an initial snapshot has an id of its own.
        key = str(note["id"]) if kind == "incremental" else current
        if kind == "initial" and (not current or note["type"] in ("STARTED", "SKIPPED")):
            key = current = str(note["id"])
        before = found.pop(key, SnapshotProgress(key, kind, "running"))
        found[key] = _after(before, str(note["type"]), data)
    return list(found.values())


def read_note(value: bytes | None) -> Mapping[str, Any]:
    """A notification's content; empty where it is no JSON with a schema."""
    try:
        note = orjson.loads(value or b"{}")["payload"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return note if isinstance(note, dict) else {}


def _after(before: SnapshotProgress, kind: str, data: Mapping[str, Any]) -> SnapshotProgress:
    total = max(before.total, len(str(data.get("data_collections") or "").split(",")))
    match kind:
        case "IN_PROGRESS":
            current = str(data.get("current_collection_in_progress", ""))
            return replace(before, state="running", total=total, current=current, part=_part(data))
        case "TABLE_SCAN_COMPLETED":
            rows = before.rows + int(data.get("total_rows_scanned") or 0)
            status = str(data.get("status") or "SUCCEEDED")
            trouble = before.trouble if status in READ else status
            return replace(before, done=before.done + 1, part=0.0, rows=rows, trouble=trouble)
        case "PAUSED" | "RESUMED":
            return replace(before, state="paused" if kind == "PAUSED" else "running")
    return replace(before, state=ENDS.get(kind, before.state))


def _part(data: Mapping[str, Any]) -> float:
    """How much of a table's keys has been read; 0 where they are not whole numbers."""
    try:
        last, top = (
            int(str(data[key]).strip("[]")) for key in ("last_processed_key", "maximum_key")
        )
    except (KeyError, ValueError):
        return 0.0
    return max(0.0, min(1.0, last / top)) if top > 0 else 0.0
