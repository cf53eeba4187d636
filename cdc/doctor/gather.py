"""A world is observed: MySQL, Connect and Kafka are asked, each once, and what is absent is named.

Nothing is changed. Which of the connectors are judged: those of the named files, else the running
ones, else (nothing runs, or nothing was asked) those of the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cdc.doctor.grants import parse_grants
from cdc.doctor.login import Login, password_of
from cdc.doctor.worker import WorkerClient
from cdc.doctor.world import DEBEZIUM, Absence, Connector, Relaying, Server, Topic, Worker, World
from cdc.errors import ConfigError, HeadworksError
from cdc.kafka.port import TopicAdmin
from cdc.source import Database

Answer = TypeVar("Answer")
Offsets = Sequence[Mapping[str, Any]]
"""As `GET /connectors/NAME/offsets` lists them."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the parts are reached; `login` opens the source as another user."""

    database: Callable[[], Database]
    login: Login
    connect: Callable[[], WorkerClient]
    topics: Callable[[], TopicAdmin]


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look at: the connectors of named files; `folder` reads those of all files."""

    relaying: Relaying
    named: Sequence[Connector]
    folder: Callable[[], Sequence[Connector]]


@dataclass(frozen=True, slots=True)
class _Running:
    """What Connect says; nothing where it does not answer."""

    worker: Worker | None = None
    connectors: tuple[Connector, ...] = ()
    offsets: Mapping[str, Offsets] = field(default_factory=dict)


def gather(scope: Scope, access: Access | None) -> World:
    """Observe; `access` None: offline, the files alone.

    Raises:
        ConfigError: a setting or a file is wrong, or a named connector is not of Debezium's MySQL.
    """
    for connector in scope.named:
        _require_mysql(connector)
    if access is None:
        return World(scope.relaying, connectors=_choose(scope, ()))
    absent: list[Absence] = []
    running = _ask("Kafka Connect", lambda: _read_connect(access.connect()), absent) or _Running()
    judged = _choose(scope, running.connectors)
    names = {connector.name for connector in judged}
    server = _ask("MySQL", lambda: _read_server(access.database), absent)
    if server:
        offsets = running.offsets
        judged = tuple(_observe(c, server, access, offsets.get(c.name, ())) for c in judged)
    topics = _ask("Kafka", lambda: _read_topics(access.topics()), absent) or ()
    return World(
        scope.relaying,
        server,
        judged,
        tuple(c for c in running.connectors if c.name not in names),
        topics,
        running.worker,
        tuple(absent),
    )


def _require_mysql(connector: Connector) -> None:
    if not connector.reads_mysql:
        raise ConfigError(
            f"{connector.file or connector.name}: connector.class is not {DEBEZIUM}",
            hint="only MySQL connectors are judged",
        )


def _choose(scope: Scope, running: Sequence[Connector]) -> tuple[Connector, ...]:
    """The named ones, else of those that run, else of the folder, those that read MySQL."""
    if scope.named:
        return tuple(scope.named)
    ours = tuple(connector for connector in running if connector.reads_mysql)
    return ours or tuple(connector for connector in scope.folder() if connector.reads_mysql)


def _ask(part: str, ask: Callable[[], Answer], absent: list[Absence]) -> Answer | None:
    """The answer; None, and an absence, where there is none."""
    try:
        return ask()
    except ConfigError:
        raise
    except HeadworksError as error:
        absent.append(Absence(part, error.message, error.hint))
        return None


def _read_connect(client: WorkerClient) -> _Running:
    worker = client.read_worker()
    configs = {name: client.get_config(name) for name in client.list_connectors()}
    connectors = tuple(
        Connector(name, config, failed=_has_failed(client, name))
        for name, config in configs.items()
        if config
    )
    return _Running(worker, connectors, {c.name: _read_offsets(client, c) for c in connectors})


def _has_failed(client: WorkerClient, name: str) -> bool:
    status = client.get_status(name) or {}
    parts = (status.get("connector", {}), *status.get("tasks", ()))
    return any(part.get("state") == "FAILED" for part in parts)


def _read_offsets(client: WorkerClient, connector: Connector) -> Offsets:
    try:
        offsets: Offsets = client.offsets(connector.name).get("offsets", ())
    except ConfigError:  # Connect before 3.5, which is a finding of its own, does not tell them
        return ()
    return offsets


def _read_server(open_database: Callable[[], Database]) -> Server:
    with closing(open_database()) as database:
        host, port, user = database.place
        return Server(f"{host}:{port}", user, database.variables(), database.table_facts())


def _observe(connector: Connector, server: Server, access: Access, offsets: Offsets) -> Connector:
    """The same connector with what MySQL says of its user and of its place in the binary log."""
    purged = server.variables.get("gtid_purged", "").replace("\n", "")
    missed = bool(purged) and _has_missed(purged, offsets, access.database)
    try:
        with closing(access.login(*password_of(connector))) as database:
            grants = parse_grants(database.grants())
    except HeadworksError as error:
        return replace(connector, missed=missed, unseen=f"{error.message}.")
    return replace(connector, missed=missed, grants=grants)


def _has_missed(purged: str, offsets: Offsets, open_database: Callable[[], Database]) -> bool:
    read = [(entry.get("offset") or {}).get("gtids") for entry in offsets]
    with closing(open_database()) as database:
        return any(not database.is_gtid_subset(purged, gtids) for gtids in read if gtids)


def _read_topics(admin: TopicAdmin) -> tuple[Topic, ...]:
    names = admin.names()
    configs = admin.configs(names)
    return tuple(
        Topic(name, info.partitions, configs.get(name, {}))
        for name, info in sorted(admin.describe(names).items())
    )
