"""Relays as processes on the real broker, and the CPU that they take for a backlog."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
from confluent_kafka import Producer

from cdc.kafka.client import KafkaAccess
from cdc.kafka.port import TopicSpec
from tests.builders import Message
from tests.conftest import REPOSITORY, LiveStack
from tests.waiting import wait_until

PATIENCE_S = 180


class Backlog:
    """Raw messages that become readable at one moment."""

    def __init__(self, kafka: KafkaAccess, topic: str) -> None:
        kafka.topics().create([TopicSpec(topic, 1, {"max.message.bytes": "16777216"})])
        self.topic = topic
        self._producer = Producer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "transactional.id": f"bench-{topic}",
                "compression.type": "lz4",
                "queue.buffering.max.messages": 500_000,
                "queue.buffering.max.kbytes": 1_000_000,
                "transaction.timeout.ms": 120_000,
                "log_level": 2,
            }
        )
        self._producer.init_transactions(30)

    def write(self, messages: Sequence[Message], count: int) -> None:
        """So many messages, in turn, into an open transaction."""
        self._producer.begin_transaction()
        for number in range(count):
            key, value = messages[number % len(messages)]
            while True:
                try:
                    self._producer.produce(self.topic, value, key, 0)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        self._producer.flush(120)

    def show(self) -> None:
        """Commit."""
        self._producer.commit_transaction(60)


@dataclass(frozen=True)
class Cost:
    """Of one backlog: µs of process CPU and of the clock per event."""

    cpu_us: float
    clock_us: float


class RelayProcess:
    """`cdc relay run` with a group, a namespace and a path of its own."""

    def __init__(self, stack: LiveStack, name: str, prefixes: Sequence[str], **extra: str) -> None:
        self.namespace = name
        self.topics = KafkaAccess.of(stack.settings).topics()
        env = {
            **stack.env,
            "CDC_RELAY__GROUP": name,
            "CDC_RELAY__NAMESPACE": name,
            "CDC_RELAY__PREFIXES": json.dumps(list(prefixes)),
            "CDC_RELAY__PORT": "0",
            **extra,
        }
        self.log = stack.root / f"{name}.log"
        began = time.monotonic()
        with self.log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cdc", "relay", "run", "--instance", "7"],
                cwd=REPOSITORY,
                env=env,
                stdout=out,
                stderr=out,
            )
        self._watched = psutil.Process(self._process.pid)
        self.start_s = self._await(b"relay_started") - began
        ready = b"relay_started" if extra.get("CDC_RELAY__PATH") == "slow" else b"programs_renewed"
        self.kernels_s = self._await(ready) - began

    def _await(self, event: bytes) -> float:
        """Until the log has it."""
        wait_until(lambda: event in self.log.read_bytes(), PATIENCE_S, event.decode())
        return time.monotonic()

    def cpu_s(self) -> float:
        """CPU of all its threads so far, of those that have ended too."""
        if sys.platform == "linux":  # to the ns, by the clock that clock_getcpuclockid(3) names
            return time.clock_gettime(~self._process.pid << 3 | 2)
        times = self._watched.cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        """Resident memory."""
        return self._watched.memory_info().rss / 2**20

    def written(self, table: str) -> int:
        """Offsets in the governed topic of a table, transaction markers included."""
        ranges = self.topics.ranges([f"{self.namespace}.{table}.v1"])
        return sum(end for _, end in ranges.values())

    def take(self, backlog: Backlog, table: str, count: int) -> Cost:
        """Show a backlog and wait until all of it is relayed."""
        goal = self.written(table) + count
        cpu, clock = self.cpu_s(), time.monotonic()
        backlog.show()
        wait_until(lambda: self.written(table) >= goal, PATIENCE_S, f"{count} events relayed")
        cpu, clock = self.cpu_s() - cpu, time.monotonic() - clock
        return Cost(cpu / count * 1e6, clock / count * 1e6)

    def stop(self) -> None:
        """Orderly."""
        self._process.terminate()
        self._process.wait(30)


def median(costs: Sequence[Cost]) -> Cost:
    """Of each measure."""
    return Cost(
        statistics.median(cost.cpu_us for cost in costs),
        statistics.median(cost.clock_us for cost in costs),
    )
