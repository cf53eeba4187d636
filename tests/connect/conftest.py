"""A connector of its own on the session's stack, as a file with a secret of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cdc.connect.client import ConnectClient
from cdc.stack.site import write_private
from tests.conftest import LiveStack

GRANTS = "RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT"


@dataclass
class Shop:
    """The connector `live`, its file, its MySQL user and the file of that user's password."""

    stack: LiveStack
    folder: Path
    secret: Path

    @property
    def client(self) -> ConnectClient:
        """The stack's Connect."""
        return ConnectClient(self.stack.settings.connect_url)

    def run(self, *args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """`cdc connectors …` on this shop's folder."""
        return self.stack.run("connectors", *args, check=check, extra={**self.env, **env})

    @property
    def env(self) -> dict[str, str]:
        """The settings that name the folder."""
        return {"CDC_CONNECT__DIR": str(self.folder), "SECRET_FILE": str(self.secret)}

    def plan(self) -> tuple[int, Any]:
        """Exit code and JSON of the plan."""
        result = self.run("plan", "--output", "json", check=False)
        return result.returncode, json.loads(result.stdout)

    def write(self, name: str = "live", state: str = "running", **config: str | None) -> Path:
        """A connector file; its config goes over what every connector here has."""
        password = "${file:{{SECRET_FILE}}:live.password}"
        document = {
            "name": name,
            "extends": "mysql-recommended",
            "state": state,
            "topics": {"default": {"partitions": 1, "retention": "1d", "cleanup": "delete"}},
            "config": {
                "database.hostname": "{{MYSQL_HOST}}",
                "database.port": "{{MYSQL_PORT}}",
                "database.user": "live",
                "database.password": password,
                "database.server.id": str(185000 + sum(name.encode())),
                "topic.prefix": name,
                "table.include.list": "pizzashop.products",
                "snapshot.mode": "no_data",
                "schema.history.internal.kafka.topic": f"_schema-history.{name}",
                **config,
            },
        }
        file = self.folder / f"{name}.yaml"
        with file.open("w") as stream:
            YAML().dump(document, stream)
        return file

    def set_password(self, password: str, *, in_mysql: bool = True, in_file: bool = True) -> None:
        """Change the user's password in MySQL, in the secret's file, or in both."""
        if in_mysql:
            self.stack.execute(f"ALTER USER live@'%' IDENTIFIED BY '{password}'")
        if in_file:
            write_private(self.secret, f"live.password={password}\n")


@pytest.fixture
def shop(seeded: LiveStack, tmp_path: Path) -> Iterator[Shop]:
    """A folder with the connector `live`, not yet applied; all of it is gone after the test."""
    made = Shop(seeded, tmp_path / "connectors", seeded.settings.secrets_dir / "live.properties")
    made.folder.mkdir()
    made.write()
    seeded.execute(
        "CREATE USER live@'%' IDENTIFIED BY 'x'",
        f"GRANT {GRANTS} ON *.* TO live@'%'",
        "GRANT SELECT, LOCK TABLES ON pizzashop.* TO live@'%'",
        "GRANT SELECT, INSERT ON headworks.signals TO live@'%'",
    )
    made.set_password("Tr0ub4dor-first")
    before = set(made.client.list_connectors())
    yield made
    for name in set(made.client.list_connectors()) - before:
        made.run("delete", name)
    seeded.execute("DROP USER live@'%'")
    made.secret.unlink()
