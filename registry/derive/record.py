"""From the columns that may leave to the governed Avro schemas of key and value.

Non-key columns are `["null", T]` with default null whatever the source says (its nullability
travels as a property), so that adding, dropping or re-NULLing a column is compatible both ways. Key
schemas carry no docs, defaults or nullability: compaction compares whole key bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.derive.types import BOOLEAN, LONG, STRING, Canonical


@dataclass(frozen=True, slots=True)
class GovernedColumn:
    """A column of a governed topic; `source_nullable` is what MySQL says of its source."""

    name: str
    type: Canonical
    is_key: bool
    source_nullable: bool


OP = GovernedColumn("__op", STRING, is_key=True, source_nullable=False)
SOURCE_TS_US = GovernedColumn("__source_ts_us", LONG, is_key=True, source_nullable=False)
VERSION = GovernedColumn("__version", LONG, is_key=True, source_nullable=False)
DELETED = GovernedColumn("__deleted", BOOLEAN, is_key=True, source_nullable=False)
LINEAGE = (OP, SOURCE_TS_US, VERSION, DELETED)
"""Added to every governed value, in this order, never NULL."""


def derive_key(topic: str, columns: Sequence[GovernedColumn]) -> str:
    """Avro schema text of a governed topic's key."""
    fields = [{"name": avro_name(c.name), "type": c.type.avro()} for c in columns if c.is_key]
    return _record(topic, "Key", fields)


def derive_value(topic: str, columns: Sequence[GovernedColumn]) -> str:
    """Avro schema text of a governed topic's value, lineage fields included."""
    return _record(topic, "Value", [_field(column) for column in (*columns, *LINEAGE)])


def _field(column: GovernedColumn) -> dict[str, object]:
    if column.is_key:
        return {"name": avro_name(column.name), "type": column.type.avro()}
    return {
        "name": avro_name(column.name),
        "type": ["null", column.type.avro()],
        "default": None,
        "source.nullable": column.source_nullable,
    }


def _record(topic: str, name: str, fields: list[dict[str, object]]) -> str:
    namespace = ".".join(avro_name(part) for part in topic.split("."))
    return json.dumps(
        {"type": "record", "name": name, "namespace": namespace, "fields": fields},
        separators=(",", ":"),
    )


def avro_name(name: str) -> str:
    """A name that Avro accepts: what it does not allow becomes `_` (Avro 1.12, Names)."""
    safe = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return safe if re.match(r"[A-Za-z_]", safe) else f"_{safe}"
