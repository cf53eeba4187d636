"""A relay with the real governor: one table, whose shapes and policy a test changes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdc.govern import Governor, PolicyFolder
from cdc.kafka.layout import SIGNALS
from cdc.kafka.port import TopicSpec
from cdc.stream.shape import split_shapes
from registry.avro import make_reader, parse_lenient
from registry.model import RegisteredSchema, SchemaId, Subject, VersionNumber
from tests.builders import KEYS, Col, RawTopic
from tests.relay_stack.plant import Plant

RAW = "raw.shop.items"
ID = Col("id", "int64", mysql="BIGINT", optional=False)
FLOAT = Col("price", "float", mysql="FLOAT")
DOUBLE = Col("price", "double", mysql="DOUBLE")
TEXT = Col("note", "string", mysql="VARCHAR")
JSON = Col("note", "string", "io.debezium.data.Json", "JSON")


def topic(major: int) -> str:
    """The governed topic of a major."""
    return f"governed.shop.items.v{major}"


class ListRegistry:
    """Subjects as lists of versions; every schema may follow: what is refused is refused by us."""

    def __init__(self) -> None:
        self.subjects: dict[str, list[RegisteredSchema]] = {}
        self._ids: dict[str, SchemaId] = {}

    def register(self, subject: Subject, schema: str) -> SchemaId:
        """See `Registry`."""
        known = self.look_up(subject, schema)
        if known is None:
            versions = self.subjects.setdefault(subject, [])
            schema_id = self._ids.setdefault(schema, SchemaId(len(self._ids) + 1))
            number = VersionNumber(len(versions) + 1)
            known = RegisteredSchema(subject, number, schema_id, schema)
            versions.append(known)
        return known.id

    def look_up(self, subject: Subject, schema: str) -> RegisteredSchema | None:
        """See `Registry`."""
        versions = self.subjects.get(subject, [])
        return next((it for it in versions if it.schema == schema), None)

    def history(self, subject: Subject) -> Sequence[str]:
        """See `Registry`."""
        return [it.schema for it in self.subjects.get(subject, [])]

    def schema_by_id(self, schema_id: SchemaId) -> str:
        """See `Registry`."""
        return {number: text for text, number in self._ids.items()}[schema_id]

    def level(self, subject: Subject | None) -> None:
        """See `Registry`."""

    def set_level(self, subject: Subject | None, level: object) -> None:
        """See `Registry`."""


@dataclass
class World:
    """`send` and `turn` a relay; look at what each major's topic holds."""

    folder: Path
    registry: ListRegistry
    plant: Plant

    def send(self, shape: Sequence[Col], key: tuple[str, ...] = ("id",), **row: Any) -> None:
        """One event of a shape."""
        message = RawTopic(RAW, (ID, *shape), key).json("c", row)
        self.plant.broker.append(RAW, *message)

    def truncate(self, shape: Sequence[Col]) -> None:
        """A TRUNCATE, which has no key."""
        _, value = RawTopic(RAW, (ID, *shape)).json("t", None)
        self.plant.broker.append(RAW, None, value)

    def rows(self, major: int) -> list[dict[str, Any]]:
        """What a topic holds, decoded, in raw order; a tombstone is left out."""
        values = [record.value for record in self.plant.records(topic(major)) if record.value]
        rows = [self._decode(value) for value in values]
        return sorted(rows, key=lambda row: row["__version"])

    def column(self, major: int, name: str) -> list[Any]:
        """One column of those rows."""
        return [row[name] for row in self.rows(major)]

    def signals(self) -> list[dict[str, Any]]:
        """What connectors have been asked."""
        return [json.loads(record.value or b"{}") for record in self.plant.records(SIGNALS)]

    def write_policy(self, **more: object) -> None:
        """The table's policy: every column is kept."""
        write_policy(self.folder, **more)
        stat = (path := self.folder / "items.yaml").stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))

    def _decode(self, value: bytes) -> dict[str, Any]:
        schema = self.registry.schema_by_id(SchemaId(int.from_bytes(value[1:5])))
        row: Any = make_reader(parse_lenient(schema))(value, 5)
        return dict(row)


def write_policy(folder: Path, **more: object) -> None:
    """A policy that keeps every column that the tests have."""
    rule: Mapping[str, str] = {"class": "public", "rule": "keep"}
    columns = dict.fromkeys(("id", "price", "note", "region"), rule)
    policy = {"table": "shop.items", "on_breaking": "new_major", "columns": columns, **more}
    (folder / "items.yaml").write_text(json.dumps(policy))


def make_world(folder: Path, **more: object) -> World:
    """A broker, a registry and a policy that says `new_major`."""
    write_policy(folder, **more)
    registry = ListRegistry()

    def fail(error: Exception) -> None:
        raise error

    programs = Governor(PolicyFolder(folder, fail), KEYS, registry, "governed")
    plant = Plant(programs=programs, split=split_shapes)
    plant.topics.create([TopicSpec(RAW, 1)])
    return World(folder, registry, plant)
