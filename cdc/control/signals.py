"""`_cdc.signals` and `_cdc.notifications`: what a connector is asked, and what it says of it.

An incremental snapshot reads a table in chunks while changes go on, and puts its rows into the raw
topic between them. Its signal goes by Kafka: key `topic.prefix`, value JSON (Debezium, Signalling).
Asked inside the relay's transaction, it is asked once, if at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from cdc.control.records import KeyedValue

_KIND = "Incremental Snapshot"
_SCANNED = frozenset({"SUCCEEDED", "EMPTY"})


class Backfill(StrEnum):
    """How far a snapshot that was asked for has come."""

    ASKED = "asked"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


def snapshot_signal(raw_topic: str, name: str) -> tuple[bytes, bytes]:
    """Key and value that ask for all rows of a raw topic's table; `name` comes back in notes."""
    prefix, database, table = raw_topic.rsplit(".", 2)
    collection = re.escape(f"{database}.{table}")
    data = {"data-collections": [collection], "type": "incremental"}
    value = {"id": name, "type": "execute-snapshot", "data": data}
    return prefix.encode(), orjson.dumps(value)


def read_backfills(records: Iterable[KeyedValue]) -> Mapping[str, Backfill]:
    """The state of each snapshot by its signal's name; one that no note names has only been asked.

    Notes that are not JSON with a schema (a connector with another converter) are passed over.
    """
    found: dict[str, Backfill] = {}
    for record in records:
        note = _note(record.value)
        if note.get("aggregate_type") == _KIND:
            name = str(note.get("id"))
            found[name] = _after(found.get(name, Backfill.ASKED), note)
    return found


def _after(before: Backfill, note: Mapping[str, Any]) -> Backfill:
    kind = note.get("type")
    scanned = (note.get("additional_data") or {}).get("status", "SUCCEEDED")
    if kind == "ABORTED" or scanned not in _SCANNED:
        return Backfill.FAILED
    if kind == "COMPLETED":
        return before if before is Backfill.FAILED else Backfill.COMPLETED
    return Backfill.RUNNING


def _note(value: bytes | None) -> Mapping[str, Any]:
    try:
        note = orjson.loads(value or b"{}")["payload"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return note if isinstance(note, dict) else {}
