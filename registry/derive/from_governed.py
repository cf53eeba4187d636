"""A governed schema read back as the columns that it was derived from.

Enters: the Avro schema text of a governed value. Leaves: `GovernedColumn`s by their Avro names,
lineage fields left out. Forms that Avro writes alike (a geometry is bytes) come back as one of
them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from registry.derive.record import LINEAGE, GovernedColumn
from registry.derive.types import KINDS, Canonical
from registry.errors import InvalidSchemaError

_LINEAGE = frozenset(column.name for column in LINEAGE)


def columns_of_governed(value: str) -> tuple[GovernedColumn, ...]:
    """The columns of a governed value's schema, in order.

    Raises:
        InvalidSchemaError: `derive_value` has not written it.
    """
    try:
        fields = json.loads(value)["fields"]
        return tuple(_column(field) for field in fields if field["name"] not in _LINEAGE)
    except (KeyError, TypeError, ValueError, IndexError):
        raise InvalidSchemaError("not the schema of a governed value") from None


def _column(field: Mapping[str, Any]) -> GovernedColumn:
    schema = field["type"]
    is_key = not isinstance(schema, list)
    nullable = bool(field.get("source.nullable", False))
    return GovernedColumn(
        field["name"], _canonical(schema if is_key else schema[1]), is_key, nullable
    )


def _canonical(schema: Any) -> Canonical:
    """The canonical type whose Avro this is; `connect.name` and `logicalType` tell kinds apart."""
    if isinstance(schema, str):
        schema = {"type": schema}
    marks = (schema["type"], schema.get("logicalType", ""), schema.get("connect.name", ""))
    for kind in KINDS.values():
        if (kind.avro, kind.logical, kind.connect_name) == marks:
            return Canonical(kind.name, schema.get("precision", 0), schema.get("scale", 0))
    raise KeyError(marks)
