"""Raw messages that no connector sends, each made to fail in one way, with marks in them.

Enters: a real raw message of a canary table. Leaves: broken ones. Of Avro only what is no envelope
can be made here: a wrong Avro message needs a registered schema of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from cdc.privacy.plan import Plan, PlannedColumn

UNKNOWN_NAME = "io.debezium.data.Unheard"
_OUTSIDE_TIME: Mapping[str, str] = {"date": "INT", "local_timestamp": "BIGINT"}
"""Kinds that arrive as a number, and the type whose marked value is no such date."""

Mark = Callable[[str], Any]
"""A marked value of a MySQL type."""


@dataclass(frozen=True, slots=True)
class Message:
    """Key and value of a raw message, and what is wrong with it."""

    wrong: str
    key: bytes | None
    value: bytes


def poison(key: bytes | None, value: bytes, plan: Plan, mark: Mark) -> Iterator[Message]:
    """Messages for the raw topic that `key` and `value` came from."""
    yield Message("no envelope", str(mark("VARCHAR")).encode(), str(mark("VARCHAR")).encode())
    yield Message("no row", key, b'{"schema":{},"payload":{"after":"%s"}}' % _text(mark))
    yield Message("an Avro schema that nobody knows", key, b"\0\x7f\xff\xff\xff" + _text(mark))
    if value[:1] != b"{":
        return
    yield Message("no row in an envelope", key, _edited(value, lambda p: _without_row(p, mark)))
    first = next(c.source for c in plan.columns if not c.governed.is_key)
    yield Message("a value of another type", key, _edited(value, _set(first, [mark("VARCHAR")])))
    yield Message("an unknown operation", key, _edited(value, _set_op(mark("VARCHAR"))))
    for column in plan.columns:
        kind = _OUTSIDE_TIME.get(_kind(plan, column.source), "")
        # What a rule makes of two columns is not foreseen here.
        if kind and not column.needs and _is_refused(plan, column, outside := mark(kind)):
            edit = _set(column.source, outside)
            yield Message("a date outside of time", key, _edited(value, edit))


def _is_refused(plan: Plan, column: PlannedColumn, value: Any) -> bool:
    """Whether a date cannot pass: what passed would be a row that MySQL does not have."""
    try:
        return bool(column.rule.plain(value) == value) and plan.is_json
    except (ValueError, OverflowError):
        return True


def unknown_type(value: bytes, column: str) -> bytes:
    """The message with one column of a type that has no canonical form."""
    message = orjson.loads(value)
    for row in message["schema"]["fields"]:
        for field in row.get("fields", ()):
            if field["field"] == column:
                field["name"] = UNKNOWN_NAME
    return orjson.dumps(message)


def _text(mark: Mark) -> bytes:
    return str(mark("VARCHAR")).encode()


def _kind(plan: Plan, column: str) -> str:
    found = plan.table.column(column)
    return found.type.kind if found and found.type else ""


def _edited(value: bytes, edit: Callable[[dict[str, Any]], None]) -> bytes:
    message = orjson.loads(value)
    edit(message["payload"])
    return orjson.dumps(message)


def _without_row(payload: dict[str, Any], mark: Mark) -> None:
    payload["after"] = None
    payload["before"] = None
    payload["source"]["query"] = mark("VARCHAR")


def _set(column: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(payload: dict[str, Any]) -> None:
        payload["after"][column] = value

    return edit


def _set_op(value: Any) -> Callable[[dict[str, Any]], None]:
    def edit(payload: dict[str, Any]) -> None:
        payload["op"] = value

    return edit
