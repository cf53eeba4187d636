"""The session's stack with all of Headworks on it, under policies that a test may edit."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from cdc.config import Settings, load_settings
from cdc.kafka.client import KafkaAccess
from cdc.kafka.port import Record
from cdc.stack.mysql import Connection, connect
from cdc.stack.site import Site
from tests.conftest import REPOSITORY, LiveStack
from tests.waiting import wait_until

PREFIXES = '["mysql", "types", "alters", "majors", "forms", "cleaned"]'
"""Of the shop's connector, and of those that tests bring (`sources.py`)."""


@dataclass(frozen=True)
class Governed:
    """The whole way from MySQL to governed topics, as a user talks to it."""

    live: LiveStack
    settings: Settings

    def run(self, *args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """`cdc …` with further settings; with `check`, a failure shows what it printed."""
        return self.live.run(*args, check=check, extra=env)

    def mysql(self) -> Connection:
        """root, on the pizza shop, committing each statement."""
        return connect(Site(self.settings), autocommit=True, database="pizzashop")

    def execute(self, *statements: str) -> None:
        """Run statements, each committed by itself."""
        with self.mysql() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def is_equal(self, *tables: str) -> bool:
        """Whether `cdc verify` finds both sides equal."""
        return self.run("verify", *tables, check=False).returncode == 0

    @property
    def kafka(self) -> KafkaAccess:
        """The stack's broker."""
        return KafkaAccess.of(self.settings)

    def records(self, topic: str) -> list[Record]:
        """All committed records of a topic."""
        return list(self.kafka.reader().read_to_end(topic))


@pytest.fixture(scope="session")
def governed(captured: LiveStack, tmp_path_factory: pytest.TempPathFactory) -> Governed:
    """Captured, served, relayed, and equal to MySQL once."""
    policies = tmp_path_factory.mktemp("governed") / "policies"
    shutil.copytree(REPOSITORY / "schemas/policies", policies)
    captured.env["CDC_POLICIES__DIR"] = str(policies)
    captured.env["CDC_RELAY__PREFIXES"] = PREFIXES
    captured.run("stack", "up", "serve", "relay")
    with mock.patch.dict(os.environ, captured.env, clear=True):
        made = Governed(captured, load_settings())
    wait_until(made.is_equal, 120, "governed topics equal MySQL")
    return made


@pytest.fixture
def policy(governed: Governed) -> Path:
    """The users' policy, put back after the test."""
    path = governed.settings.policies.dir / "pizzashop.users.yaml"
    before = path.read_text()
    yield path
    path.write_text(before)
