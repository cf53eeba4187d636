"""The proving ground: a stack of its own beside the user's, under the same policies.

Enters: the user's settings. Leaves: a running MySQL, Kafka, Connect, `cdc serve` and relay in the
folder `prove` of the stack's, on free ports, with copies of the policies and of the connector file.
Nothing of the user's is touched, and no setting from the environment reaches it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from cdc.config import (
    ConnectSettings,
    KafkaSettings,
    MySqlSettings,
    RegistrySettings,
    ServeSettings,
    Settings,
)
from cdc.connect.desired import find_files, read_connector
from cdc.errors import ConfigError, StackError
from cdc.keys import load_keys
from cdc.policies import generate_key
from cdc.prove.tables import TABLES
from cdc.stack.secrets import generate_secrets
from cdc.stack.site import Site, hold_lock

CONNECTOR = "prove"
_FILLED_THERE = ("SECRETS_DIR", "MYSQL_HOST", "MYSQL_PORT", "KAFKA_BOOTSTRAP", "REPLICATION_FACTOR")
"""Placeholders that `cdc connectors apply` fills on the ground, with what holds there."""
COMMAND_TIMEOUT_S = 900.0
"""`stack up` on a fresh machine fetches some 180 MB first."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a command of ours said, both outputs together, and how it ended."""

    code: int
    said: bytes


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs `cdc …` under one settings file (none: as this process was started)."""

    config: Path | None
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> Done:
        """One command, to its end."""
        config = ["--config", str(self.config)] if self.config else []
        with subprocess.Popen(
            [sys.executable, "-m", "cdc", *config, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                said, _ = process.communicate(timeout=COMMAND_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise StackError(f"prove: `cdc {' '.join(arguments)}` does not end") from None
        return Done(process.returncode, said)


@dataclass(frozen=True, slots=True)
class Ground:
    """A proving ground: its settings, and commands under them."""

    settings: Settings
    config: Path
    runner: Runner

    @property
    def site(self) -> Site:
        """Its folders."""
        return Site(self.settings, self.config)

    def cdc(self, *arguments: str) -> None:
        """Run a command that must succeed.

        Raises:
            StackError: it does not; the last line that it said follows.
        """
        done = self.runner.run(*arguments)
        if done.code:
            last = done.said.decode(errors="replace").strip().splitlines()[-3:]
            raise StackError(f"prove: `cdc {' '.join(arguments)}`: {' | '.join(last)}")


def outside_environment() -> dict[str, str]:
    """This process's environment without settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CDC_")}


@contextmanager
def open_ground(settings: Settings) -> Iterator[Ground]:
    """A fresh ground, nothing started on it; stopped at the end, its data left.

    Raises:
        ConfigError: the user's policies or connector file are missing or wrong.
        StackError: another proof is running in this stack's folder.
    """
    with hold_lock(settings.stack_dir / "prove.lock", "another `cdc prove` is running here"):
        ground = _lay_out(settings)
        try:
            yield ground
        finally:
            ground.runner.run("stack", "down")


def remove_ground(ground: Ground) -> None:
    """Take its data away."""
    ground.cdc("stack", "clean")


def _lay_out(settings: Settings) -> Ground:
    folder = settings.stack_dir / "prove"
    own = _own_settings(settings, folder)
    config = folder / "cdc.toml"
    ground = Ground(own, config, Runner(config, outside_environment()))
    if folder.exists():
        if not config.exists():
            raise ConfigError(f"{folder}: is there, and is no proving ground")
        ground.cdc("stack", "clean")
    folder.mkdir(parents=True, exist_ok=True)
    config.write_text(_as_toml(own))
    _copy_policies(settings.policies.dir, own.policies.dir)
    own.connect.dir.mkdir()
    (own.connect.dir / f"{CONNECTOR}.json").write_text(_connector(settings))
    generate_secrets(ground.site)
    _make_keys(settings, own)
    return ground


def _own_settings(settings: Settings, folder: Path) -> Settings:
    """The user's, but for everything that says where something is."""
    return settings.model_copy(
        update={
            "stack": settings.stack.model_copy(update={"dir": folder, "cache": settings.cache_dir}),
            "mysql": MySqlSettings(port=0),
            "kafka": KafkaSettings(port=0),
            "connect": ConnectSettings(port=0, dir=folder / "connectors"),
            "registry": RegistrySettings(profile=settings.registry.profile),
            "serve": ServeSettings(port=0),
            "policies": settings.policies.model_copy(
                update={"dir": folder / "policies", "keys": "{secrets}/keys.toml"}
            ),
            "relay": settings.relay.model_copy(update={"port": 0}),
        }
    )


def _as_toml(settings: Settings) -> str:
    """The sections as a settings file; a value's JSON is its TOML too."""
    lines: list[str] = []
    for name in type(settings).model_fields:
        section: BaseModel = getattr(settings, name)
        lines.append(f"[{name}]")
        lines += [
            f"{key} = {json.dumps(value)}"
            for key, value in section.model_dump(mode="json").items()
            if not isinstance(value, dict)
        ]
    return "\n".join(lines) + "\n"


def _copy_policies(source: Path, target: Path) -> None:
    if not source.is_dir():
        raise ConfigError(f"{source}: no such folder of policies", hint="setting policies.dir")
    target.mkdir()
    for file in source.glob("*.yaml"):
        shutil.copy(file, target)


def _connector(settings: Settings) -> str:
    """The user's first connector, capturing the canary tables as well."""
    file = find_files(settings.connect.dir)[0]
    places = {name: f"{{{{{name}}}}}" for name in _FILLED_THERE}
    config = dict(read_connector(file, {**os.environ, **places}).config)
    if listed := config.get("table.include.list"):
        config["table.include.list"] = ",".join([listed, *(t.qualified for t in TABLES)])
    changes = {
        "database.hostname": "{{MYSQL_HOST}}",
        "database.port": "{{MYSQL_PORT}}",
        "database.server.id": "184098",
        "database.user": "debezium",
        "database.password": "${file:{{SECRETS_DIR}}/mysql.properties:debezium.password}",
    }
    return json.dumps({"name": CONNECTOR, "config": config | changes}, indent=2)


def _make_keys(settings: Settings, own: Settings) -> None:
    """Keys of the same names as the user's; no key of the user's comes here."""
    names: set[str] = set()
    with suppress(ConfigError):  # none yet: those of a fresh stack will do
        names = set(load_keys(settings.privacy_keys))
    for name in sorted(names - set(load_keys(own.privacy_keys))):
        generate_key(own.privacy_keys, name)
