"""Versions and plugins that are too old, or not there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cdc.doctor.rule import ERROR, WARNING, Flaw, Rule
from cdc.doctor.world import DEBEZIUM, Connector, Server, Worker, World, version_of

OLDEST_CONNECT = (3, 5)
OLDEST_DEBEZIUM = (3, 0)
OLDEST_AVRO_CONVERTER = (7, 3)
AVRO_CONVERTER = "io.confluent.connect.avro.AvroConverter"
_PLUGIN = re.compile(
    r"connector\.class|(?:key|value|header)\.converter|(?:transforms|predicates)\.[^.]+\.type"
)


def _mariadb(server: Server, _: World) -> Iterator[Flaw]:
    words = f"{server.variable('version')} {server.variable('version_comment')}"
    if "MARIADB" in words:
        yield Flaw(
            "the server is MariaDB",
            "use MySQL 8.4 or newer",
            "Its global ids and its binary log differ from MySQL's; neither the connector nor"
            " `cdc verify` can follow them.",
        )


def _old_mysql(server: Server, _: World) -> Iterator[Flaw]:
    if server.version and server.version < (8, 0):
        yield Flaw(
            f"MySQL is {server.variables['version']}; needed: 8.0 or newer",
            "upgrade to MySQL 8.4",
            "Commit times have no microseconds there, and Debezium no longer tests it.",
        )


def _retired_mysql(server: Server, world: World) -> Iterator[Flaw]:
    if server.version == (8, 0) and not list(_mariadb(server, world)):
        yield Flaw(
            f"MySQL is {server.variables['version']}, which gets no more fixes",
            "upgrade to MySQL 8.4",
            "Support of 8.0 ended in April 2026.",
        )


def _old_connect(worker: Worker, _: World) -> Iterator[Flaw]:
    if version_of(worker.version) and version_of(worker.version) < OLDEST_CONNECT:
        yield Flaw(
            f"Kafka Connect is {worker.version}; needed: 3.5 or newer",
            "upgrade the workers, one after the other",
            "Exactly-once sources, and offsets told by REST, are newer.",
        )


def _old_debezium(worker: Worker, _: World) -> Iterator[Flaw]:
    version = worker.plugin_version(DEBEZIUM)
    if version and version < OLDEST_DEBEZIUM:
        yield Flaw(
            f"Debezium's MySQL connector is {worker.plugins[DEBEZIUM]}; needed: 3.0 or newer",
            "replace the plugin, then restart the workers",
            "Its settings have other names and defaults, and newer servers are not known to it.",
        )


def _old_avro_converter(worker: Worker, world: World) -> Iterator[Flaw]:
    version = worker.plugin_version(AVRO_CONVERTER)
    used = any(
        connector.get(f"{side}.converter") == AVRO_CONVERTER
        for connector in world.connectors
        for side in ("key", "value")
    )
    if used and version and version < OLDEST_AVRO_CONVERTER:
        yield Flaw(
            f"the AvroConverter is {worker.plugins[AVRO_CONVERTER]}; needed: 7.3 or newer",
            "replace the plugin, or use the JsonConverter with schemas",
            "It passes over `ignore.default.for.nullables` without a word, and writes the default"
            " where a row has NULL.",
        )


def _missing_plugin(worker: Worker, world: World) -> Iterator[Flaw]:
    for connector in world.connectors:
        for key, name in _named_plugins(connector):
            if worker.plugins and name not in worker.plugins:
                yield Flaw(
                    f"connector {connector.name}: Connect has no plugin {name}",
                    f"put it into the worker's plugin.path, or mend `{key}`; then restart Connect",
                )


def _named_plugins(connector: Connector) -> Iterator[tuple[str, str]]:
    for key in connector.config:
        if _PLUGIN.fullmatch(key) and connector.get(key):
            yield key, connector.get(key)


MYSQL_VERSION_RULES: Sequence[Rule[Server]] = (
    Rule("mariadb", ERROR, "the server is MariaDB", _mariadb),
    Rule("old-mysql", ERROR, "MySQL is older than 8.0", _old_mysql),
    Rule("retired-mysql", WARNING, "MySQL 8.0 gets no more fixes", _retired_mysql),
)
WORKER_RULES: Sequence[Rule[Worker]] = (
    Rule("old-connect", WARNING, "Kafka Connect is older than 3.5", _old_connect),
    Rule("old-debezium", ERROR, "Debezium is older than 3.0", _old_debezium),
    Rule(
        "old-avro-converter",
        ERROR,
        "an AvroConverter that cannot keep NULLs",
        _old_avro_converter,
    ),
    Rule("missing-plugin", ERROR, "a plugin that a connector names is not there", _missing_plugin),
)
