"""From the commit in MySQL to the governed record in a reader's hands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from confluent_kafka import Consumer

from cdc.stack.mysql import connect
from registry.avro import make_reader, parse_lenient
from registry.client import RegistryClient
from registry.model import SchemaId
from tests.conftest import LiveStack
from tests.waiting import wait_until

PER_S = 50
WARM, COUNTED = 1000, 500
"""Connect and the broker have just started: until Java has compiled them, that is what one sees."""
GOVERNED = "governed.pizzashop.users.v1"
_FIRST = datetime(2001, 1, 1, tzinfo=UTC)
_INSERT = (
    "INSERT INTO users (first_name, last_name, email, residence, lat, lon, updated_at)"
    " VALUES ('Asha', 'Rao', 'asha@example.com', '1, MG Road, Mumbai', 1.5, 2.5, %s)"
)


class _Arrivals:
    """Reads the governed topic; when each `updated_at` (seconds since `_FIRST`) came."""

    def __init__(self, stack: LiveStack) -> None:
        self.at: dict[int, float] = {}
        self._registry = RegistryClient(stack.settings.registry_url)
        self._readers: dict[int, Callable[[bytes, int], object]] = {}
        self._stop = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": stack.settings.bootstrap,
                "group.id": "bench-latency",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "topic.metadata.refresh.interval.ms": 500,
            }
        )
        self._consumer.subscribe([GOVERNED])
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while not self._stop.is_set():
            message = self._consumer.poll(0.2)
            if message is None or message.error() or message.value() is None:
                continue
            now = time.monotonic()
            micros = self._row(message.value())["updated_at"]
            self.at[micros // 1_000_000 - int(_FIRST.timestamp())] = now

    def _row(self, value: bytes) -> Mapping[str, int]:
        schema_id = int.from_bytes(value[1:5], "big")
        if schema_id not in self._readers:
            text = self._registry.schema_by_id(SchemaId(schema_id))
            self._readers[schema_id] = make_reader(parse_lenient(text))
        row = self._readers[schema_id](value, 5)
        assert isinstance(row, dict)
        return row

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._consumer.close()


def measure(stack: LiveStack) -> Mapping[str, float]:
    """Percentiles in ms of single-row commits at a steady rate, on the running stack."""
    arrivals = _Arrivals(stack)
    try:
        with (
            connect(stack.site, autocommit=True, database="pizzashop") as connection,
            connection.cursor() as cursor,
        ):
            _commit(cursor, 0)
            wait_until(lambda: 0 in arrivals.at, 120, "a first governed record")
            committed = _steadily(cursor)
        wait_until(lambda: set(committed) <= set(arrivals.at), 60, "all governed records")
    finally:
        arrivals.close()
    late = sorted((arrivals.at[n] - at) * 1000 for n, at in committed.items() if n > WARM)
    return {f"p{q}": _percentile(late, q) for q in (50, 95, 99)}


def _commit(cursor, number: int) -> float:
    cursor.execute(_INSERT, (_FIRST + timedelta(seconds=number)).strftime("%Y-%m-%d %H:%M:%S"))
    return time.monotonic()


def _steadily(cursor) -> Mapping[int, float]:
    """Commit at `PER_S`; when each came back."""
    begin = time.monotonic()
    committed = {}
    for number in range(1, WARM + COUNTED + 1):
        time.sleep(max(0.0, begin + number / PER_S - time.monotonic()))
        committed[number] = _commit(cursor, number)
    return committed


def _percentile(sorted_values: Sequence[float], q: int) -> float:
    return round(sorted_values[min(len(sorted_values) - 1, len(sorted_values) * q // 100)], 1)
