"""The four steps alone, in this process: both paths, taking turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from cdc.stream.shape import split_shapes
from tests.bench.envelopes import Envelopes
from tests.builders import Message, raw_batch
from tests.stream.tables import ALL_TYPES, GOOD
from tests.stream.twins import IDS, Twins

EVENTS = 2000
ROUNDS = 5


def measure(policies: Path) -> Mapping[str, Mapping[str, float]]:
    """µs of CPU an event and how many times the slow path's that is, per kind of event."""
    twins, users = Twins(policies), Envelopes("mysql")
    twins.registry.schemas.update(zip(IDS, users.avro_schemas(), strict=True))
    avro = [users.avro(number, IDS) for number in range(EVENTS)]
    plain = [users.json(number) for number in range(EVENTS)]
    types = Twins(policies)
    types.know(ALL_TYPES)
    rows = [ALL_TYPES.avro("c", {"id": n, **GOOD}, ids=IDS) for n in range(EVENTS // 10)]
    return {
        "avro": _compare(twins, users.topic.topic, avro),
        "json": _compare(twins, users.topic.topic, plain),
        "all_types": _compare(types, ALL_TYPES.topic, rows),
    }


def _compare(twins: Twins, topic: str, messages: Sequence[Message]) -> Mapping[str, float]:
    ((shape, _),) = split_shapes(raw_batch(topic, messages))
    assert shape is not None
    fast, slow = twins.programs(topic, shape)
    costs: dict[str, list[float]] = {"fast": [], "slow": []}
    for number in range(ROUNDS + 1):
        for name, program in (("fast", fast), ("slow", slow)):
            batch = raw_batch(topic, messages)
            begin = time.process_time()
            for _, run in split_shapes(batch):
                program.run(run, 1)
            if number:
                costs[name].append((time.process_time() - begin) / len(messages) * 1e6)
    cost, reference = (statistics.median(costs[name]) for name in ("fast", "slow"))
    return {"cpu_us_per_event": round(cost, 2), "ratio_to_fastavro": round(reference / cost, 1)}
