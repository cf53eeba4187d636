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

from cdc.config import Settings, load_settings
from cdc.connect.client import ConnectClient
from cdc.errors import HeadworksError
from cdc.stack.processes import find_process
from tests.chaos.doomed import Step
from tests.chaos.workload import CREATE, TABLE, History, Workload
from tests.conftest import REPOSITORY, LiveStack
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import Governance
from tests.waiting import wait_until

TOPIC = f"storm_governed.{TABLE}.v1"
CONNECTOR = "storm"
DEATH_WAIT_S = 60
PROGRESS_WAIT_S = 150


@dataclass
class Doomed:
    """A relay process and the note that it leaves."""

    process: subprocess.Popen[bytes]
    note: Path
    log: Path

    def light(self) -> None:
        """Let it meet its end at the next transaction with records."""
        self.process.send_signal(signal.SIGUSR1)

    @property
    def has_met_it(self) -> bool:
        """Whether it has written its note."""
        return self.note.exists()


@dataclass
class Storm:
    """A table, a connector and a group of relays of its own on a live stack.

    `kills` counts by victim, relays by step; `seen` is what the governed topic holds, per key.
    """

    live: LiveStack
    folder: Path
    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    seen: History = field(default_factory=lambda: defaultdict(list))
    relays: list[Doomed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._env = {
            "CDC_RELAY__GROUP": "storm",
            "CDC_RELAY__PREFIXES": '["storm"]',
            "CDC_RELAY__NAMESPACE": "storm_governed",
            "CDC_POLICIES__DIR": str(self.folder / "policies"),
        }
        self._reading: Governance | None = None

    @property
    def settings(self) -> Settings:
        """As the storm's relays have them."""
        with mock.patch.dict(os.environ, {**self.live.env, **self._env}, clear=True):
            return load_settings()

    def prepare(self) -> None:
        """The table, its policy, its connector; all of the stack but a relay runs."""
        self.live.execute(CREATE)
        policies = self.folder / "policies"
        policies.mkdir()
        keep = {"class": "public", "rule": "keep"}
        policy = {"table": TABLE, "columns": {"id": keep, "seq": keep}}
        (policies / f"{TABLE}.yaml").write_text(json.dumps(policy))
        document = json.loads((REPOSITORY / "connectors/pizzashop.json").read_text())
        document["name"] = CONNECTOR
        document["config"] |= {
            "database.server.id": "184077",
            "topic.prefix": "storm",
            "table.include.list": TABLE,
            "schema.history.internal.kafka.topic": "_schema-history.storm",
        }
        file = self.folder / "storm.json"
        file.write_text(json.dumps(document))
        self.live.run("stack", "up", "serve")
        self.live.run("connectors", "apply", str(file))

    @contextmanager
    def workload(self) -> Iterator[Workload]:
        """Changes all the while; at the end every one is awaited in the governed topic."""
        with Workload(self.live.mysql(), self.seed) as workload:
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
        doomed = Doomed(process, note, log)
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
        """Until the governed topic holds as many records as there were changes."""
        expected = sum(map(len, workload.history.values()))
        self._await(lambda: self._arrived() >= expected, "every change arrives")

    def verify(self) -> subprocess.CompletedProcess[str]:
        """What `cdc verify` says of the table."""
        return self.live.run("verify", TABLE, check=False, extra=self._env)

    def close(self) -> None:
        """End the relays, remove the connector."""
        for relay in self.relays:
            if relay.process.poll() is None:
                relay.process.kill()
                relay.process.wait()
        self.live.run("connectors", "delete", CONNECTOR, check=False)
        self.live.execute(f"DROP TABLE {TABLE}")

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        """Wait; where it is in vain, say what the parts had to say."""
        try:
            wait_until(condition, PROGRESS_WAIT_S, what)
        except AssertionError as error:
            said = self.relays[-1].log.read_text()[-3000:]
            connector = ConnectClient(self.settings.connect_url).get_status(CONNECTOR)
            raise AssertionError(f"{error}\n{said}\n{connector}") from None

    def _newest(self) -> int:
        self._read()
        return max((many[-1] or 0 for many in self.seen.values()), default=0)

    def _arrived(self) -> int:
        self._read()
        return sum(map(len, self.seen.values()))

    def _read(self) -> None:
        """Take in what is new; restart a task of the connector that has failed, as a nurse would."""
        connect = ConnectClient(self.settings.connect_url, retries=0)
        try:
            status = connect.get_status(CONNECTOR) or {"tasks": []}
            if any(task["state"] == "FAILED" for task in status["tasks"]):
                connect.restart(CONNECTOR)
                self.kills["task restarts"] += 1
            self._reading = self._reading or Governance(Governed(self.live, self.settings))
            if TOPIC not in self.live.topics():
                return
            records = self._reading.read(TOPIC)
        except HeadworksError:
            return
        for record in records:
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
