"""The same batch through both paths: kernels, and event by event."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cdc.event import AvroShape, OutBatch, RawBatch, Shape
from cdc.govern import Governor, PolicyFolder
from cdc.stream.pipeline import Program
from cdc.stream.shape import split_shapes
from tests.builders import KEYS, Message, RawTopic, raw_batch
from tests.stream.programs import DictRegistry, fail

IDS = (701, 702)


class Twins:
    """Programs of both paths under the same policies and registry."""

    def __init__(self, policies: Path = Path("schemas/policies")) -> None:
        self.registry = DictRegistry()
        folder = PolicyFolder(policies, fail)
        self._fast, self._slow = (
            Governor(folder, KEYS, self.registry, "governed", kernels=lambda it=kernels: it)
            for kernels in (True, False)
        )
        self._programs: dict[tuple[str, Shape], tuple[Program, Program]] = {}

    @classmethod
    def of(cls, folder: Path, topic: RawTopic, rules: Mapping[str, Mapping]) -> Twins:
        """Under one policy of a test's own; columns without a rule are kept."""
        columns = {c.name: {"class": "public", "rule": "keep"} for c in topic.columns}
        table = topic.topic.partition(".")[2]
        policy = {"table": table, "columns": {**columns, **rules}}
        (folder / f"{table}.yaml").write_text(json.dumps(policy))
        twins = cls(folder)
        twins.know(topic)
        return twins

    def know(self, topic: RawTopic) -> None:
        """Register a topic's Avro schemas as `IDS`."""
        self.registry.schemas.update(zip(IDS, topic.avro_schemas(), strict=True))

    def run(self, topic: str, shape: Shape, batch: RawBatch) -> tuple[OutBatch, OutBatch]:
        """What the kernels make of a batch of one shape, and what comes event by event."""
        fast, slow = self.programs(topic, shape)
        return fast.run(batch, 3), slow.run(batch, 3)

    def programs(self, topic: str, shape: Shape) -> tuple[Program, Program]:
        """The fast and the slow one."""
        if (topic, shape) not in self._programs:
            fast, slow = (it.program_for(topic, shape) for it in (self._fast, self._slow))
            self._programs[topic, shape] = fast, slow
        return self._programs[topic, shape]

    def equal(self, topic: str, messages: Sequence[Message]) -> OutBatch:
        """Run messages of any shapes; both paths must give the same. Returns the last run's."""
        out = None
        for shape, run in split_shapes(raw_batch(topic, messages, 40)):
            assert shape is not None
            fast, slow = self.run(topic, shape, run)
            assert told(fast) == told(slow)
            assert slow.slow == len(slow.keys)
            out = fast
        assert out is not None
        return out

    def avro(self, topic: RawTopic, values: Sequence[bytes]) -> tuple[OutBatch, OutBatch]:
        """Avro values, well-formed or not, each under a sound key."""
        batch = raw_batch(topic.topic, [(b"\0" + IDS[0].to_bytes(4, "big"), v) for v in values])
        return self.run(topic.topic, AvroShape(*IDS), batch)


def told(out: OutBatch) -> tuple:
    """All that a batch says, in values that can be compared."""
    rejects = {
        (r.index, r.error.stage, r.error.reason, r.error.message, r.error.column, r.key)
        for r in out.rejects
    }
    return (
        out.topic,
        out.index.tolist(),
        list(out.keys),
        list(out.values),
        out.hashes.tolist(),
        rejects,
        out.skipped,
        dict(out.repaired),
        out.truncate_at,
    )
