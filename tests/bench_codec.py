"""Speed of the record path, as one JSON object on stdout; `make bench`.

Process CPU of the four steps over batches of 2,000 `users` events under the committed policy (two
tokens, two grids, a lookup), both raw formats interleaved, medians over the rounds after a warm-up.
Beside them in the same run, to compare with on whatever machine this is: fastavro alone decoding
the same Avro values and encoding the same governed ones, without any of the work in between.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

from cdc.event import RawBatch
from registry.avro import make_reader, make_writer, parse_lenient
from tests.builders import USERS, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, program_of

EVENTS = 2000
ROUNDS = 7
TOPIC = RawTopic("mysql.pizzashop.users", USERS)
IDS = (101, 102)


def main() -> None:
    """Measure and print."""
    registry = DictRegistry()
    avro_batch = raw_batch("t", [TOPIC.avro("c", user(n), ids=IDS) for n in range(EVENTS)])
    json_batch = raw_batch("t", [TOPIC.json("c", user(n)) for n in range(EVENTS)])
    from_avro = program_of(TOPIC, IDS, registry)
    from_json = program_of(TOPIC, registry=registry)
    candidates: dict[str, Callable[[], object]] = {
        "avro": lambda: from_avro.run(avro_batch, 1),
        "json": lambda: from_json.run(json_batch, 1),
        "fastavro_only": _fastavro(registry, avro_batch, from_avro.run(avro_batch, 1).values),
    }
    costs = _measure(candidates)
    result = {name: _row(cost, costs["fastavro_only"]) for name, cost in costs.items()}
    print(json.dumps({"record_path": result}, indent=2))  # noqa: T201
    for name, row in result.items():
        line = f"{name:14} {row['events_per_core_s']:>9,.0f} events/s a core"
        print(f"{line} {row['cpu_us_per_event']:>6.1f} µs", file=sys.stderr)  # noqa: T201


def _fastavro(registry: DictRegistry, batch: RawBatch, governed: object) -> Callable[[], object]:
    read = make_reader(parse_lenient(registry.schemas[IDS[1]]))
    values = [value for value in governed if value]  # type: ignore[attr-defined]
    schema = parse_lenient(registry.schemas[int.from_bytes(values[0][1:5], "big")])
    rows = [make_reader(schema)(value, 5) for value in values]
    write = make_writer(schema)

    def run() -> None:
        for value in batch.values:
            read(value or b"", 5)
        for row in rows:
            write(row)

    return run


def _measure(candidates: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median CPU seconds of a run, candidates taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(ROUNDS + 1):
        for name, run in candidates.items():
            begin = time.process_time()
            run()
            if number:
                taken[name].append(time.process_time() - begin)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _row(cost_s: float, reference_s: float) -> dict[str, float]:
    return {
        "events_per_core_s": round(EVENTS / cost_s),
        "cpu_us_per_event": round(cost_s / EVENTS * 1e6, 2),
        "ratio_to_fastavro_only": round(reference_s / cost_s, 3),
    }


if __name__ == "__main__":
    main()
