"""Tags that a schema carries itself: property `confluent:tags` of a record or a field.

A tag's place is a path of names, `Record.field` or deeper `Record.field.Inner.field`, where a
record may stand with or without its namespace; unions, arrays and maps on the way are not named.
Texts are those of stored schemas: they are known to be valid, referenced types are not needed.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from registry.avro.json_text import write_json
from registry.avro.nodes import Name

TAGS: Final = "confluent:tags"
RECORD: Final = "sr_record"
FIELD: Final = "sr_field"
_INNER: Final = ("items", "values", "type")

JsonObject = dict[str, Any]
# What is to become of a record or field: its JSON, its paths (full name first), its kind.
Visit = Callable[[JsonObject, Sequence[str], str], JsonObject]


@dataclass(frozen=True, slots=True)
class TaggedPlace:
    """A record or field (`kind`) and tags."""

    path: str
    kind: str
    tags: tuple[str, ...]


def find_tags(text: str) -> list[TaggedPlace]:
    """Return the places that carry tags, fields before their record."""
    found: list[TaggedPlace] = []

    def collect(node: JsonObject, paths: Sequence[str], kind: str) -> JsonObject:
        tags = node.get(TAGS)
        if isinstance(tags, list) and tags:
            found.append(TaggedPlace(paths[0], kind, tuple(map(str, tags))))
        return node

    _walk(json.loads(text), ("",), None, collect)
    return found


def change_tags(text: str, added: Sequence[TaggedPlace], removed: Sequence[TaggedPlace]) -> str:
    """Return the schema's text with tags added and removed; unknown places are passed over."""
    adding = {(place.path.lstrip("."), place.kind): place.tags for place in added}
    removing = {(place.path.lstrip("."), place.kind): place.tags for place in removed}

    def retag(node: JsonObject, paths: Sequence[str], kind: str) -> JsonObject:
        old = node.get(TAGS)
        new = [tag for path in paths for tag in adding.get((path, kind), ())]
        gone = {tag for path in paths for tag in removing.get((path, kind), ())}
        every = dict.fromkeys([*(old if isinstance(old, list) else ()), *new])
        tags = [tag for tag in every if tag not in gone]
        kept = {key: value for key, value in node.items() if key != TAGS}
        return {**kept, TAGS: tags} if tags else kept

    return write_json(_walk(json.loads(text), ("",), None, retag))


def _walk(node: Any, prefixes: Sequence[str], space: str | None, visit: Visit) -> Any:
    if isinstance(node, list):
        return [_walk(branch, prefixes, space, visit) for branch in node]
    if not isinstance(node, dict):
        return node
    if "fields" not in node:
        inner = {key: _walk(node[key], prefixes, space, visit) for key in _INNER if key in node}
        return {**node, **inner}
    name = Name.of(node["name"], node.get("namespace", space))
    names = dict.fromkeys((name.full, name.short))
    paths = [f"{prefix}{name}" for name in names for prefix in prefixes]
    fields = [_walk_field(field, paths, name.space, visit) for field in node["fields"]]
    return visit({**node, "fields": fields}, paths, RECORD)


def _walk_field(
    node: JsonObject, records: Sequence[str], space: str | None, visit: Visit
) -> JsonObject:
    paths = [f"{record}.{node['name']}" for record in records]
    inner = _walk(node["type"], [f"{path}." for path in paths], space, visit)
    return visit({**node, "type": inner}, paths, FIELD)
