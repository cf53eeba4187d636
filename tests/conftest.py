"""One real stack for the whole session, in a folder and on ports of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import hypothesis
import pytest

from cdc.config import Settings, load_settings
from cdc.stack.mysql import Connection, connect
from cdc.stack.site import Site
from tests.waiting import wait_until

hypothesis.settings.register_profile(
    "shared machine",  # how long an example takes says nothing there
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("shared machine")

REPOSITORY = Path(__file__).parents[1]
USERS = 500
PRODUCTS = 81
PARTS = ("mysql", "kafka", "connect", "serve", "relay")
RUN_TIMEOUT_S = 300


@dataclass(frozen=True)
class LiveStack:
    """A stack of the test session. `env` is what a process needs to be part of it."""

    root: Path
    env: dict[str, str]

    @property
    def settings(self) -> Settings:
        """As a process with `env` reads them; ports are known once their parts have started."""
        with mock.patch.dict(os.environ, self.env, clear=True):
            return load_settings()

    @property
    def site(self) -> Site:
        """Its folders."""
        return Site(self.settings)

    def run(
        self, *args: str, check: bool = True, extra: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `cdc` with `args` in the checkout; with `check`, exit code 0 or the test fails."""
        result = subprocess.run(
            [sys.executable, "-m", "cdc", *args],
            env={**self.env, **(extra or {})},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        if check and result.returncode:
            pytest.fail(
                f"cdc {' '.join(args)}: exit {result.returncode}\n{result.stdout}{result.stderr}"
            )
        return result

    def mysql(self, user: str = "root") -> Connection:
        """A connection with autocommit; close it."""
        return connect(self.site, user, autocommit=True)

    def execute(self, *statements: str) -> None:
        """Run statements as root, each committed by itself."""
        with self.mysql() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def kcat(self, *args: str) -> str:
        """What the stack's own kcat prints."""
        return subprocess.run(
            [str(self.site.bin / "kcat"), "-b", self.settings.bootstrap, *args],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def topics(self) -> set[str]:
        """Names of all topics."""
        lines = self.kcat("-L").splitlines()
        return {line.split('"')[1] for line in lines if line.startswith("  topic ")}

    def count_records(self, topic: str) -> int:
        """Committed records of a topic; 0 while there is no such topic."""
        if topic not in self.topics():
            return 0
        consume = ("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%o\n")
        return len(self.kcat(*consume).splitlines())


def make_stack(root: Path, **extra: str) -> LiveStack:
    """A stack that has not been started; no setting of the person's environment reaches it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CDC_")}
    ports = {f"CDC_{part.upper()}__PORT": "0" for part in PARTS}
    return LiveStack(root, {**inherited, **ports, "CDC_STACK__DIR": str(root), **extra})


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveStack]:
    """A running MySQL, Kafka and Connect; stopped when the session ends."""
    live = make_stack(tmp_path_factory.mktemp("stack"))
    try:
        live.run("stack", "up")
        yield live
    finally:
        live.run("stack", "down", check=False)


@pytest.fixture(scope="session")
def seeded(stack: LiveStack) -> LiveStack:
    """The stack with 500 users and the menu of 81 products."""
    stack.run("stack", "seed", "--rows", str(USERS))
    return stack


@pytest.fixture(scope="session")
def captured(seeded: LiveStack) -> LiveStack:
    """The seeded stack with Debezium capturing; all seeded rows are in the raw topics."""
    seeded.run("connectors", "apply")
    for table, count in (("users", USERS), ("products", PRODUCTS)):
        raw = f"mysql.pizzashop.{table}"
        wait_until(lambda t=raw, c=count: seeded.count_records(t) >= c, 60, f"{count} in {raw}")
    return seeded
