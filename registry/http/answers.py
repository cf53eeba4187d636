"""Registered things as the JSON that Confluent's clients read."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from registry.avro import find_tags
from registry.errors import WireProfile
from registry.model import Reference, RegisteredSchema, Subject
from registry.service import Description


def show_stored(
    found: Description, profile: WireProfile, *, with_highest_id: bool, with_tags: bool
) -> dict[str, Any]:
    """Answer of `/schemas/ids/{id}`; new clients also learn a version that uses the schema."""
    schema, usage = found.schema, found.usage
    news: dict[str, Any] = {}
    if profile.shows_new_fields:
        news = {"schemaType": "AVRO", "guid": _show_guid(schema.hash)}
        if usage is not None:
            news |= {"subject": usage.subject, "version": usage.version, "ts": usage.ts_ms}
    return {
        "schema": schema.schema,
        **_show_references(schema.references),
        **_drop_unset({"metadata": schema.metadata, "ruleSet": schema.rule_set}),
        **({"maxId": found.highest_id} if with_highest_id else {}),
        **news,
        **(_show_tags(schema.schema) if with_tags else {}),
    }


def show_registered(
    registered: RegisteredSchema, profile: WireProfile, *, with_tags: bool = False
) -> dict[str, Any]:
    """Answer of everything that returns a version."""
    news: dict[str, Any] = {}
    if profile.shows_new_fields:
        news = {
            "schemaType": "AVRO",
            "guid": _show_guid(registered.guid),
            "ts": registered.ts_ms,
            **({"deleted": True} if registered.is_deleted else {}),
        }
    return {
        "subject": registered.subject,
        "version": registered.version,
        "id": registered.id,
        **_show_references(registered.references),
        **_drop_unset({"metadata": registered.metadata, "ruleSet": registered.rule_set}),
        "schema": registered.schema,
        **news,
        **(_show_tags(registered.schema) if with_tags else {}),
    }


def show_aliases(aliases: Sequence[Subject]) -> dict[str, Any]:
    """The names that lead to a subject, where there are any."""
    return {"aliases": list(aliases)} if aliases else {}


def _show_guid(digest: str | None) -> str:
    return str(uuid.UUID(digest))


def _show_tags(text: str) -> dict[str, Any]:
    places = [
        {
            "schemaEntity": {"entityPath": place.path, "entityType": place.kind},
            "tags": list(place.tags),
        }
        for place in find_tags(text)
    ]
    return {"schemaTags": places} if places else {}


def _show_references(references: tuple[Reference, ...]) -> dict[str, Any]:
    shown = [{"name": r.name, "subject": r.subject, "version": r.version} for r in references]
    return {"references": shown} if shown else {}


def _drop_unset(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
