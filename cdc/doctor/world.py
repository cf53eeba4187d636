"""Everything that the rules look at, observed once: plain values.

A part that was not reached is None (`server`, `worker`) or empty, and named in `absent`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cdc.doctor.capturing import captures
from cdc.doctor.grants import Grants
from cdc.source import TableFacts

DEBEZIUM = "io.debezium.connector.mysql.MySqlConnector"


@dataclass(frozen=True, slots=True)
class Server:
    """The source: global variables by lower-case name, and the tables that `user` may see."""

    place: str
    user: str
    variables: Mapping[str, str]
    tables: tuple[TableFacts, ...] = ()

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return f"MySQL at {self.place}"

    def variable(self, name: str) -> str:
        """A variable in capitals; empty where the server has none of that name."""
        return self.variables.get(name, "").upper()

    def number(self, name: str) -> int:
        """A variable as a number; 0 where it is none."""
        value = self.variables.get(name, "")
        return int(value) if value.isdigit() else 0

    @property
    def version(self) -> tuple[int, ...]:
        """Major and minor."""
        return version_of(self.variables.get("version", ""))


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector's configuration: running, or (`file`) as a file has it, placeholders filled.

    `lines` is where the file has which setting. `grants` None: not seen, `unseen` says why.
    `failed`: it, or its task. `missed`: the server has thrown away changes that it has not read.
    """

    name: str
    config: Mapping[str, str]
    file: Path | None = None
    lines: Mapping[str, int] = field(default_factory=dict)
    grants: Grants | None = None
    unseen: str = ""
    failed: bool = False
    missed: bool = False

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return f"connector {self.name}"

    def get(self, key: str, default: str = "") -> str:
        """A setting, or what it is where it is not set."""
        return self.config.get(key, default).strip()

    def entries(self, key: str) -> list[str]:
        """A setting that is a list with commas."""
        return [entry.strip() for entry in self.get(key).split(",") if entry.strip()]

    def is_on(self, key: str, default: str) -> bool:
        """A setting that is true or false."""
        return self.get(key, default).lower() == "true"

    @property
    def reads_mysql(self) -> bool:
        """Whether it is Debezium's MySQL connector."""
        return self.get("connector.class") == DEBEZIUM

    @property
    def prefix(self) -> str:
        """What its topics begin with."""
        return self.get("topic.prefix")


@dataclass(frozen=True, slots=True)
class Capture:
    """A connector and the server that it reads."""

    connector: Connector
    server: Server

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return self.connector.label

    @property
    def tables(self) -> list[TableFacts]:
        """Those that the connector captures."""
        config = self.connector.config
        return [table for table in self.server.tables if captures(config, table)]


@dataclass(frozen=True, slots=True)
class CapturedTable:
    """A table and the connectors that capture it."""

    facts: TableFacts
    connectors: tuple[Connector, ...]
    server: Server

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return f"table {self.facts.qualified}"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and its settings as they work."""

    name: str
    partitions: int
    config: Mapping[str, str]

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return f"topic {self.name}"

    @property
    def cleanup(self) -> frozenset[str]:
        """`delete`, `compact`, or both."""
        return frozenset(self.config.get("cleanup.policy", "delete").replace(" ", "").split(","))

    def number(self, key: str) -> int:
        """A setting that is a number; -1, Kafka's word for no limit, where it is not told."""
        return int(self.config.get(key, "-1"))


@dataclass(frozen=True, slots=True)
class Worker:
    """Kafka Connect: its version, and those of its plugins by class."""

    url: str
    version: str
    plugins: Mapping[str, str]

    @property
    def label(self) -> str:
        """What its findings stand under."""
        return f"Kafka Connect at {self.url}"

    def plugin_version(self, name: str) -> tuple[int, ...]:
        """Major and minor of a plugin; none where it is not there, or does not tell."""
        return version_of(self.plugins.get(name, ""))


@dataclass(frozen=True, slots=True)
class Absence:
    """A part that was not reached: why, and the next step."""

    part: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Relaying:
    """What the relay is set to, and what policies say of tables without a key."""

    namespace: str = "governed"
    prefixes: tuple[str, ...] = ("mysql",)
    partitions: int = 3
    keyed: frozenset[str] = frozenset()
    append_only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """All that was observed; `neighbours` run beside the connectors that are judged."""

    relaying: Relaying = Relaying()
    server: Server | None = None
    connectors: tuple[Connector, ...] = ()
    neighbours: tuple[Connector, ...] = ()
    topics: tuple[Topic, ...] = ()
    worker: Worker | None = None
    absent: tuple[Absence, ...] = ()

    @property
    def captures(self) -> Iterator[Capture]:
        """Each judged connector, where the server is known."""
        if self.server is not None:
            for connector in self.connectors:
                yield Capture(connector, self.server)

    @property
    def captured_tables(self) -> Iterator[CapturedTable]:
        """Each table that a judged connector captures."""
        for facts in self.server.tables if self.server else ():
            found = tuple(c for c in self.connectors if captures(c.config, facts))
            if self.server and found:
                yield CapturedTable(facts, found, self.server)

    def others(self, connector: Connector) -> Iterator[Connector]:
        """Every connector but this one."""
        for other in (*self.connectors, *self.neighbours):
            if other.name != connector.name:
                yield other


def version_of(text: str) -> tuple[int, ...]:
    """The first two numbers of a version: `3.6.1.Final` is (3, 6); none of `unknown`."""
    parts = text.split("-", 1)[0].split(".")[:2]
    return tuple(int(part) for part in parts if part.isdigit())
