"""Programs of the committed policies, with a registry that is a dictionary."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

from cdc.event import AvroShape, OutBatch
from cdc.govern import Governor, PolicyFolder
from cdc.stream.pipeline import Program
from cdc.stream.shape import split_shapes
from registry.avro import make_reader, parse_lenient
from registry.errors import SchemaNotFound
from tests.builders import KEYS, Message, RawTopic, raw_batch, user

USERS_TOPIC = "governed.pizzashop.users.v1"


class DictRegistry:
    """Every schema is compatible; ids count up."""

    def __init__(self) -> None:
        self.schemas: dict[int, str] = {}
        self._ids = count(1)

    def register(self, _subject, schema):
        known = {text: schema_id for schema_id, text in self.schemas.items()}
        if schema not in known:
            known[schema] = next(self._ids)
            self.schemas[known[schema]] = schema
        return known[schema]

    def look_up(self, _subject, _schema):
        return None

    def history(self, _subject):
        return []

    def schema_by_id(self, schema_id):
        if schema_id not in self.schemas:
            raise SchemaNotFound(schema_id)
        return self.schemas[schema_id]

    def level(self, _subject):
        return None

    def set_level(self, _subject, _level):
        pass


def fail(error) -> None:
    """Raise what a policy folder reports."""
    raise error


def governor(registry: DictRegistry, policies: Path = Path("schemas/policies")) -> Governor:
    """A governor of the committed policies, or of those of another folder."""
    folder = PolicyFolder(policies, fail)
    return Governor(folder, KEYS, registry, "governed")


def program_of(
    topic: RawTopic, ids: tuple[int, int] | None = None, registry: DictRegistry | None = None
) -> Program:
    """The program for a topic's JSON shape, or for the Avro shape of `ids`."""
    registry = registry or DictRegistry()
    if ids:
        registry.schemas.update(zip(ids, topic.avro_schemas(), strict=True))
        return governor(registry).program_for(topic.topic, AvroShape(*ids))
    row = user(1) if topic.topic.endswith("users") else {"id": 1}
    ((shape, _),) = split_shapes(raw_batch(topic.topic, [topic.json("c", row)]))
    assert shape is not None
    return governor(registry).program_for(topic.topic, shape)


def run_all(
    topic: RawTopic, messages: Sequence[Message], ids: tuple[int, int] | None = None, **where: int
) -> OutBatch:
    """Run messages of one shape through a program of their own."""
    batch = raw_batch(topic.topic, messages, where.get("first_offset", 0))
    return program_of(topic, ids).run(batch, where.get("epoch", 1))


def decode_avro(registry: DictRegistry, data: bytes) -> object:
    """A governed key or value as fastavro reads it."""
    schema = parse_lenient(registry.schemas[int.from_bytes(data[1:5], "big")])
    return make_reader(schema)(data, 5)
