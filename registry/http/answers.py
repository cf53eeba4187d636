"""Registered things as the JSON that Confluent's clients read."""

import uuid
from collections.abc import Mapping
from typing import Any

from registry.model import Reference, RegisteredSchema, StoredSchema


def show_stored(schema: StoredSchema, highest_id: int | None) -> dict[str, Any]:
    """Answer of `/schemas/ids/{id}`; `highest_id` where fetchMaxId asks for it."""
    return {
        "schema": schema.schema,
        "schemaType": "AVRO",
        "guid": str(uuid.UUID(schema.hash)),
        **_show_references(schema.references),
        **_drop_unset({"metadata": schema.metadata, "ruleSet": schema.rule_set}),
        **_drop_unset({"maxId": highest_id}),
    }


def show_registered(registered: RegisteredSchema) -> dict[str, Any]:
    """Answer of everything that returns a version."""
    return {
        "subject": registered.subject,
        "version": registered.version,
        "id": registered.id,
        "guid": str(uuid.UUID(registered.guid)),
        "schemaType": "AVRO",
        **_show_references(registered.references),
        **_drop_unset({"metadata": registered.metadata, "ruleSet": registered.rule_set}),
        "schema": registered.schema,
        "ts": registered.ts_ms,
        **({"deleted": True} if registered.is_deleted else {}),
    }


def _show_references(references: tuple[Reference, ...]) -> dict[str, Any]:
    shown = [{"name": r.name, "subject": r.subject, "version": r.version} for r in references]
    return {"references": shown} if shown else {}


def _drop_unset(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
