"""A raw topic on the real broker, relay processes beside it, and what comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from copy import copy
from pathlib import Path

from confluent_kafka import Producer

from cdc.control.state import ControlState, read_state
from cdc.control.status import RelayStatus, TableStatus, read_status, status_key
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import STATE, STATUS
from cdc.kafka.port import Record, TopicSpec
from tests.relay_stack.fakes import governed, raw
from tests.relay_stack.identity import BAD
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


class River:
    """Everything has names of its own, so that tests share a broker."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.name = f"r{uuid.uuid4().hex[:8]}"
        self.bootstrap = bootstrap
        self.folder = folder
        self.raw = f"{self.name}.{self.name}.users"
        self.governed = governed(self.raw)
        access = KafkaAccess(bootstrap)
        self.topics = access.topics()
        self.reader = access.reader()
        self.processes: list[subprocess.Popen[bytes]] = []

    def branch(self, table: str) -> River:
        """Another raw topic of the same group; processes are shared."""
        other = copy(self)
        other.raw = f"{self.name}.{self.name}.{table}"
        other.governed = governed(other.raw)
        return other

    def send(self, start: int, end: int, keys: int = 100, shape: int = 1) -> None:
        """Events `start` to `end`, key = number mod `keys`."""
        self.topics.create([TopicSpec(self.raw, 1)])
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for number in range(start, end):
            producer.produce(self.raw, raw(str(number), shape=shape), str(number % keys))
            producer.poll(0)
        assert producer.flush(30) == 0

    def send_bad(self, count: int) -> None:
        """Events that cannot pass, each of a row of its own."""
        self.topics.create([TopicSpec(self.raw, 1)])
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for number in range(count):
            producer.produce(self.raw, raw("bad"), f"bad{number}")
            producer.poll(0)
        assert producer.flush(30) == 0

    def settings(self, home: str = "home") -> dict[str, str]:
        """As environment variables."""
        return {
            "CDC_KAFKA__BOOTSTRAP": self.bootstrap,
            "CDC_STACK__DIR": str(self.folder / home),
            "CDC_RELAY__GROUP": self.name,
            "CDC_RELAY__PREFIXES": json.dumps([self.name]),
            "CDC_RELAY__PORT": "0",
            "CDC_RELAY__BATCH_EVENTS": "500",
        }

    def cdc(self, *args: str) -> subprocess.CompletedProcess[str]:
        """A command with the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "cdc", *args],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env=os.environ | self.settings(),
        )

    def relay(
        self, instance: int = 0, home: str = "home", bad: str = "bad"
    ) -> subprocess.Popen[bytes]:
        """Start a relay process, for which a payload is bad; its log is `<home>-<n>.log`."""
        log = self.folder / f"{home}-{len(self.processes)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.relay_stack.identity", str(instance)],
                cwd=ROOT,
                env=os.environ | self.settings(home) | {BAD: bad},
                stdout=out,
                stderr=out,
            )
        self.processes.append(process)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """What a process has said."""
        number = self.processes.index(process)
        (file,) = self.folder.glob(f"*-{number}.log")
        return file.read_text()

    def out(self) -> list[Record]:
        """The governed topic as a read_committed consumer sees it."""
        return list(self.reader.read_to_end(self.governed))

    def await_relayed(self, count: int) -> None:
        """Until so many offsets are there; cheaper than reading them again and again."""

        def ask() -> bool:
            ranges = self.topics.ranges([self.governed])
            return sum(end - first for first, end in ranges.values()) >= count

        wait_until(ask, 60)

    def await_position(self, offset: int) -> None:
        """Until a relay says that the raw topic is read up to here."""
        wait_until(lambda: any(table.position >= offset for table in self.tables()), 60)

    def tables(self) -> list[TableStatus]:
        """Tables of instance 0, as it says."""
        status = self.status()
        return [table for table in status.tables if table.raw_topic == self.raw] if status else []

    def positions(self) -> dict[str, int]:
        """How far each raw topic of the group is read, as any relay says."""
        statuses = read_status(self.reader.read_to_end(STATUS), self.name).values()
        tables = sorted((it.raw_topic, it.position) for one in statuses for it in one.tables)
        return dict(tables)

    def status(self) -> RelayStatus | None:
        """The last word of instance 0."""
        statuses = read_status(self.reader.read_to_end(STATUS))
        return statuses.get(status_key(self.name, 0).decode())

    def state(self) -> ControlState:
        """`_cdc.state`."""
        return read_state(self.reader.read_to_end(STATE))

    def assert_each_once_in_order(self, count: int) -> None:
        """Every event 0…count exactly once; per key in the order of the source."""
        numbers: dict[bytes | None, list[int]] = {}
        for record in self.out():
            assert record.value is not None
            number = int(record.value.partition(b":")[2])
            numbers.setdefault(record.key, []).append(number)
        seen = Counter(number for many in numbers.values() for number in many)
        assert seen == Counter(range(count))
        assert all(many == sorted(many) for many in numbers.values())

    def close(self) -> None:
        """End what still runs."""
        for process in self.processes:
            process.kill()
            process.wait()
