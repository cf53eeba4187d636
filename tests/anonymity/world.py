"""A governed topic on the broker in memory, written by the record path under a policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdc.anonymity import CellCounter, Target, choose_targets
from cdc.kafka.memory import MemoryBroker, MemoryReader, MemoryTopics
from cdc.kafka.port import TopicSpec
from cdc.privacy.policy import load_policies
from cdc.stream.shape import split_shapes
from cdc.topics import RecordDecoder
from tests.builders import USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, governor

TOPIC = "governed.pizzashop.users.v1"
RAW = RawTopic("mysql.pizzashop.users", USERS)
COMMITTED = Path("schemas/policies/pizzashop.users.yaml")


def degrees(text: str | None) -> bytes | None:
    """A coordinate as Debezium sends it."""
    if text is None:
        return None
    return int(Decimal(text).scaleb(8)).to_bytes(6, "big", signed=True)


@dataclass
class World:
    """Rows go in as raw events; `counter` reads what came out."""

    folder: Path
    more: str = "k: 2\n"
    changes: Mapping[str, str] = field(default_factory=dict)
    partitions: int = 3

    def __post_init__(self) -> None:
        """Write the policy and make the topic."""
        text = COMMITTED.read_text()
        for old, new in self.changes.items():
            text = text.replace(old, new)
        (self.folder / COMMITTED.name).write_text(text + self.more)
        self.broker = MemoryBroker()
        self.registry = DictRegistry()
        self.topics = MemoryTopics(self.broker)
        self.topics.create([TopicSpec(TOPIC, self.partitions)])
        self.governor = governor(self.registry, self.folder)
        self.offset = 0

    @property
    def counter(self) -> CellCounter:
        """What is tested."""
        decoder = RecordDecoder(self.registry.schema_by_id)
        return CellCounter(self.topics, MemoryReader(self.broker), decoder)

    @property
    def target(self) -> Target:
        """The users' quasi-identifiers."""
        (target,) = choose_targets(load_policies(self.folder), "governed")
        return target

    def send(self, op: str, number: int, **row: Any) -> None:
        """One change, through the whole record path."""
        message = RAW.json(op, user(number, **row))
        batch = raw_batch(RAW.topic, [message], self.offset)
        self.offset += 1
        ((shape, _),) = split_shapes(batch)
        assert shape is not None
        out = self.governor.program_for(RAW.topic, shape).run(batch, 1)
        assert not out.rejects
        for key, value, at in zip(out.keys, out.values, out.hashes.tolist(), strict=True):
            self.broker.append(TOPIC, key, value, at % self.partitions)

    def place(self, number: int, lat: str | None, lon: str | None = "77.5") -> None:
        """A user lives there now."""
        self.send("u", number, lat=degrees(lat), lon=degrees(lon))
