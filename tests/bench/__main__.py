"""Speed of the whole relay, as one JSON object on stdout; `make bench`.

Relays are `cdc relay run` processes on a stack of the bench's own, with the settings that everybody
gets. What is counted is the CPU of the whole process, the Kafka client's threads included, from the
moment at which a backlog becomes readable until all of it is relayed; medians over rounds in which
the fast path and the forced slow one take turns, after a warm-up. Raw messages are 20,000 distinct
inserts of `users` in full-size Debezium envelopes under the committed policy (two tokens, two
grids, a lookup), in Avro and in JSON with inline schema, and rows of a table of all types. Latency
is by the clock, from the return of the commit in MySQL to the governed record at a reader.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdc.kafka.client import KafkaAccess
from registry.client import RegistryClient
from registry.model import Subject
from tests.bench import codec, latency
from tests.bench.envelopes import Envelopes
from tests.bench.relays import Backlog, Cost, RelayProcess, median
from tests.builders import Message
from tests.conftest import REPOSITORY, LiveStack, make_stack
from tests.stream.tables import ALL_TYPES, GOOD
from tests.waiting import wait_until

ROUNDS = 3
DISTINCT = 20_000
LONG_RUN = 2_000_000
WARM_UP = 5_000
COUNTS = {
    "avro": {"fast": 100_000, "slow": 10_000},
    "json": {"fast": 30_000, "slow": 8_000},
    "types": {"fast": 20_000, "slow": 2_000},
}
TABLES = {"avro": "pizzashop.users", "json": "pizzashop.users", "types": "all.types"}


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="headworks-bench-") as folder:
        root = Path(folder)
        policies = _policies(root)
        _say("codec")
        alone = codec.measure(policies)
        with _running(root, CDC_POLICIES__DIR=str(policies)) as stack:
            _say("latency: 50 commits a second")
            late = _latency(stack)
            result = {**_throughput(stack), "latency_ms": late, "codec": alone}
    print(json.dumps(result, indent=2))  # noqa: T201
    _print_table(result)


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)  # noqa: T201


def _policies(root: Path) -> Path:
    """The committed ones, and one that keeps all of the all-types table."""
    folder = root / "policies"
    shutil.copytree(REPOSITORY / "schemas/policies", folder)
    columns = {c.name: {"class": "public", "rule": "keep"} for c in ALL_TYPES.columns}
    policy = {"table": TABLES["types"], "columns": columns}
    (folder / f"{TABLES['types']}.yaml").write_text(json.dumps(policy))
    return folder


@contextmanager
def _running(root: Path, **env: str) -> Iterator[LiveStack]:
    stack = make_stack(root / "stack", **env)
    _say("stack")
    try:
        stack.run("stack", "up")
        stack.run("stack", "up", "serve")
        yield stack
    finally:
        stack.run("stack", "clean", check=False)


def _latency(stack: LiveStack) -> Mapping[str, float]:
    stack.run("connectors", "apply")
    stack.run("stack", "up", "relay")
    log = stack.site.log("relay")
    wait_until(lambda: b"programs_renewed" in log.read_bytes(), 180, "kernels are ready")
    try:
        return latency.measure(stack)
    finally:
        stack.run("stack", "down", "relay")
        stack.run("stack", "down", "connect", "mysql")


@dataclass(frozen=True)
class _Lane:
    """One kind of event for one relay."""

    backlog: Backlog
    messages: Sequence[Message]
    table: str

    def run(self, relay: RelayProcess, count: int) -> Cost:
        self.backlog.write(self.messages, count)
        return relay.take(self.backlog, self.table, count)


def _throughput(stack: LiveStack) -> Mapping[str, object]:
    lanes = {path: _lanes(stack, path) for path in ("fast", "slow")}
    compiled = str(stack.root / "compiled")
    _say("cold start")
    cold = _start(stack, "cold", NUMBA_CACHE_DIR=compiled)
    cold.stop()
    fast = _start(stack, "fast", NUMBA_CACHE_DIR=compiled)
    slow = _start(stack, "slow", CDC_RELAY__PATH="slow")
    relays = {"fast": fast, "slow": slow}
    try:
        costs = _rounds(relays, lanes)
        _say(f"{LONG_RUN:,} events")
        memory = list(_long_run(fast, lanes["fast"]["avro"]))
        rss_mb = memory[-1]
    finally:
        for relay in relays.values():
            relay.stop()
    return {
        "relay_avro": _row(costs["avro"], rss_mb),
        "relay_json": _row(costs["json"], rss_mb),
        "relay_all_types": _row(costs["types"], rss_mb),
        "memory": {"events": LONG_RUN, "rss_mb": memory},
        "start_s": {
            "cold": round(cold.start_s, 1),
            "cold_kernels": round(cold.kernels_s, 1),
            "warm": round(fast.start_s, 1),
            "warm_kernels": round(fast.kernels_s, 1),
        },
    }


def _start(stack: LiveStack, path: str, **extra: str) -> RelayProcess:
    return RelayProcess(stack, path, [f"{kind}_{path}" for kind in COUNTS], **extra)


def _lanes(stack: LiveStack, path: str) -> Mapping[str, _Lane]:
    """Topics of a relay's own, each with its messages."""
    _say(f"messages for the {path} path")
    kafka = KafkaAccess.of(stack.settings)
    registry = RegistryClient(stack.settings.registry_url)

    def register(topic: str, schemas: tuple[str, str]) -> tuple[int, int]:
        key, value = (
            int(registry.register(Subject(f"{topic}-{part}"), schema))
            for part, schema in zip(("key", "value"), schemas, strict=True)
        )
        return key, value

    users = Envelopes("mysql")
    ids = register(f"avro_{path}", users.avro_schemas())
    types = register(f"types_{path}", ALL_TYPES.avro_schemas())
    messages = {
        "avro": [users.avro(number, ids) for number in range(DISTINCT)],
        "json": [users.json(number) for number in range(DISTINCT // 4)],
        "types": [ALL_TYPES.avro("c", {"id": n, **GOOD}, ids=types) for n in range(500)],
    }
    return {
        kind: _Lane(Backlog(kafka, f"{kind}_{path}.{TABLES[kind]}"), made, TABLES[kind])
        for kind, made in messages.items()
    }


def _long_run(relay: RelayProcess, lane: _Lane) -> Iterator[int]:
    """Resident memory after each tenth."""
    for _ in range(10):
        lane.run(relay, LONG_RUN // 10)
        yield round(relay.rss_mb())


def _rounds(
    relays: Mapping[str, RelayProcess], lanes: Mapping[str, Mapping[str, _Lane]]
) -> Mapping[str, Mapping[str, Cost]]:
    """Median cost per kind and path."""
    found: dict[tuple[str, str], list[Cost]] = {}
    for number in range(ROUNDS + 1):
        _say(f"round {number} of {ROUNDS}" if number else "warm-up")
        for kind, counts in COUNTS.items():
            for path, relay in relays.items():
                count = counts[path] if number else WARM_UP if path == "fast" else 500
                cost = lanes[path][kind].run(relay, count)
                _say(f"  {kind:5} {path} {cost.cpu_us:6.2f} µs")
                if number:
                    found.setdefault((kind, path), []).append(cost)
    return {kind: {path: median(found[kind, path]) for path in relays} for kind in COUNTS}


def _row(costs: Mapping[str, Cost], rss_mb: int) -> Mapping[str, float]:
    fast, slow = costs["fast"].cpu_us, costs["slow"].cpu_us
    return {
        "events_per_core_s": round(1e6 / fast),
        "ratio_to_fastavro": round(slow / fast, 2),
        "cpu_us_per_event": round(fast, 2),
        "fastavro_cpu_us_per_event": round(slow, 2),
        "rss_mb": rss_mb,
    }


def _print_table(result: Mapping[str, Mapping[str, object]]) -> None:
    for name, values in result.items():
        cells = "  ".join(f"{key} {value}" for key, value in values.items())
        _say(f"{name:16} {cells}")


if __name__ == "__main__":
    main()
