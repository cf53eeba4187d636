"""The parts under fire: Connect, broker and doomed relays beside the rest of a real stack."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import orjson
import psutil

from cdc.config import Settings, load_settings
from cdc.connect.client import ConnectClient
from cdc.errors import HeadworksError
from cdc.kafka.client import KafkaAccess
from cdc.stack.processes import find_process
from tests.chaos.doomed import Step
from tests.chaos.workload import COLUMNS, History, Workload
from tests.conftest import REPOSITORY, LiveStack
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import Governance
from tests.waiting import wait_until

DEATH_WAIT_S = 60
PROGRESS_WAIT_S = 150


@dataclass
class Doomed:
    """A relay process and the note that it leaves."""

    process: subprocess.Popen[bytes]
    note: Path
    log: Path
    step: Step
    instance: int

    def light(self) -> None:
        """Let it meet its end at the next transaction with records."""
        self.process.send_signal(signal.SIGUSR1)

    def sleeps(self) -> bool:
        """Whether SIGSTOP has reached it."""
        return psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED

    def has_given_up(self) -> bool:
        """Whether it ended by itself."""
        return self.process.poll() not in (None, -signal.SIGKILL)

    def has_noticed(self) -> bool:
        """Whether it has learned that its transaction is void: a round aborted, or its own end."""
        return self.process.poll() is not None or "round_aborted" in self.log.read_text()


@dataclass
class Storm:
    """A table, a connector and a group of relays on a live stack, all called `name`.

    `kills` counts by victim, relays by step; `task_restarts` what an operator did for Connect;
    `relay_exits` by exit code the relays that ended though nobody killed them, each started again;
    `reread` counts records that the reader brought twice, which are there once; `seen` is what the
    governed topic holds, per key.
    """

    live: LiveStack
    folder: Path
    name: str
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    task_restarts: int = 0
    relay_exits: Counter[str] = field(default_factory=Counter)
    reread: int = 0
    seen: History = field(default_factory=lambda: defaultdict(list))
    relays: list[Doomed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.table = f"pizzashop.{self.name}"
        self.topic = f"{self.name}_governed.{self.table}.v1"
        self._random = random.Random(self.seed)
        self._env = {
            "CDC_RELAY__GROUP": self.name,
            "CDC_RELAY__PREFIXES": json.dumps([self.name]),
            "CDC_RELAY__NAMESPACE": f"{self.name}_governed",
            "CDC_POLICIES__DIR": str(self.folder / "policies"),
        }
        self._reading: Governance | None = None
        self._read_to: dict[int, int] = {}

    @property
    def settings(self) -> Settings:
        """As the storm's relays have them."""
        with mock.patch.dict(os.environ, {**self.live.env, **self._env}, clear=True):
            return load_settings()

    def prepare(self) -> None:
        """The table, its policy, its connector; all of the stack but a relay runs."""
        self.live.execute(f"CREATE TABLE {self.table} {COLUMNS}")
        policies = self.folder / "policies"
        policies.mkdir()
        keep = {"class": "public", "rule": "keep"}
        policy = {"table": self.table, "columns": {"id": keep, "seq": keep}}
        (policies / f"{self.table}.yaml").write_text(json.dumps(policy))
        document = json.loads((REPOSITORY / "connectors/pizzashop.json").read_text())
        document["name"] = self.name
        document["config"] |= {
            "database.server.id": str(self._random.randrange(185_000, 995_000)),
            "topic.prefix": self.name,
            "table.include.list": self.table,
            "schema.history.internal.kafka.topic": f"_schema-history.{self.name}",
        }
        file = self.folder / "connector.json"
        file.write_text(json.dumps(document))
        self.live.run("stack", "up", "serve")
        self.live.run("connectors", "apply", str(file))

    @contextmanager
    def workload(self) -> Iterator[Workload]:
        """Changes all the while; at the end every one is awaited in the governed topic."""
        with Workload(self.live.mysql(), self.table, self.seed) as workload:
            yield workload
        self.await_all(workload)

    def relay(
        self, step: Step | None = None, instance: int = 1, number: signal.Signals = signal.SIGKILL
    ) -> Doomed:
        """Start a relay that will end at a step (none: at one of all)."""
        step = step or self._random.choice([*Step])
        name = f"relay-{len(self.relays)}"
        note, log = self.folder / f"{name}.note", self.folder / f"{name}.log"
        with log.open("wb") as out:
            arguments = (str(instance), step.name, number.name, str(note))
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.doomed", *arguments],
                cwd=REPOSITORY,
                env={**self.live.env, **self._env},
                stdout=out,
                stderr=out,
            )
        doomed = Doomed(process, note, log, step, instance)
        self.relays.append(doomed)
        return doomed

    def kill_relay(self, relay: Doomed) -> None:
        """Light its fuse and wait for the end; what it died of is counted."""
        relay.light()
        wait_until(lambda: relay.process.poll() is not None, DEATH_WAIT_S, "the relay's end")
        if relay.process.returncode != -signal.SIGKILL:
            raise AssertionError(relay.log.read_text()[-2000:])
        step, _, records = relay.note.read_text().partition(" ")
        assert int(records) > 0
        self.kills[f"relay {step.lower()}"] += 1

    def kill_part(self, name: str) -> None:
        """SIGKILL to the broker or to Connect."""
        process = find_process(self.live.site.record(name))
        assert process is not None, f"{name} does not run"
        process.kill()
        wait_until(lambda: find_process(self.live.site.record(name)) is None, 10, f"{name}'s end")
        self.kills[name] += 1

    def start_part(self, name: str) -> None:
        """As an operator would."""
        self.live.run("stack", "up", name)

    def await_progress(self, workload: Workload) -> None:
        """Until a change that is made from now on has arrived."""
        number = workload.changes
        self._await(lambda: self._newest() > number, "new changes arrive")

    def await_all(self, workload: Workload) -> None:
        """Until no change of any key is missing."""
        expected = {key: len(changes) for key, changes in workload.history.items()}

        def arrived() -> bool:
            self._read()
            return all(len(self.seen.get(key, ())) >= count for key, count in expected.items())

        self._await(arrived, "every change arrives")

    def raw_doubles(self) -> int:
        """Changes that the raw topic itself holds more than once, committed."""
        topic = f"{self.name}.{self.table}"
        records = KafkaAccess.of(self.settings).reader().read_to_end(topic)
        values = (record.value for record in records if record.value)
        rows = (orjson.loads(value)["payload"]["after"] for value in values)
        return sum(count - 1 for count in Counter(row["seq"] for row in rows if row).values())

    def verify(self) -> subprocess.CompletedProcess[str]:
        """What `cdc verify` says of the table."""
        return self.live.run("verify", self.table, check=False, extra=self._env)

    def close(self) -> None:
        """End the relays, remove the connector."""
        for relay in self.relays:
            if relay.process.poll() is None:
                relay.process.kill()
                relay.process.wait()
        self.live.run("connectors", "delete", self.name, check=False)
        self.live.execute(f"DROP TABLE {self.table}")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; where it is in vain, say what the parts had to say."""

        def holds() -> bool:
            self._keep_relay()
            return condition()

        try:
            wait_until(holds, PROGRESS_WAIT_S, what)
        except AssertionError as error:
            said = self.relays[-1].log.read_text()[-3000:]
            connector = ConnectClient(self.settings.connect_url).get_status(self.name)
            raise AssertionError(f"{error}\n{said}\n{connector}") from None

    def _keep_relay(self) -> None:
        """Start again what gave up, as a service manager does; an exit is counted, never hidden."""
        newest = self.relays[-1]
        if newest.has_given_up():
            self.relay_exits[f"exit {newest.process.returncode}"] += 1
            self.relay(newest.step, newest.instance)

    def _newest(self) -> int:
        self._read()
        return max((many[-1] or 0 for many in self.seen.values()), default=0)

    def _read(self) -> None:
        """Take in what is new; a failed task of the connector is restarted."""
        connect = ConnectClient(self.settings.connect_url, retries=0)
        try:
            status = connect.get_status(self.name) or {"tasks": []}
            if any(task["state"] == "FAILED" for task in status["tasks"]):
                connect.restart(self.name)
                self.task_restarts += 1
            self._reading = self._reading or Governance(Governed(self.live, self.settings))
            if self.topic not in self.live.topics():
                return
            records = self._reading.read(self.topic)
        except HeadworksError:
            return
        for record in records:
            if record.offset <= self._read_to.get(record.partition, -1):
                self.reread += 1
                continue
            self._read_to[record.partition] = record.offset
            number = record.value["seq"] if record.value else None
            self.seen[record.key["id"]].append(number)


def differences(expected: History, seen: History) -> dict[str, int]:
    """How many keys lack changes, have some twice, or have them in another order."""
    found: Counter[str] = Counter()
    for key in expected.keys() | seen.keys():
        want, have = expected.get(key, []), seen.get(key, [])
        if want == have:
            continue
        lost, more = Counter(want) - Counter(have), Counter(have) - Counter(want)
        found["keys_with_lost"] += bool(lost)
        found["keys_with_doubled"] += bool(more)
        found["keys_out_of_order"] += not lost and not more
    return dict(found)
