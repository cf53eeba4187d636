"""Worlds that tests look at: a sound one, and changes to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cdc.doctor import World
from cdc.doctor.files import read_connector_file
from cdc.doctor.grants import parse_grants
from cdc.doctor.world import DEBEZIUM, Connector, Relaying, Server, Topic, Worker
from cdc.kafka.layout import CONTROL_SPECS
from cdc.source import ColumnFacts, TableFacts

REPOSITORY = Path(__file__).parents[2]
PROFILE = REPOSITORY / "connectors" / "pizzashop.json"
VALUES = {
    "MYSQL_HOST": "127.0.0.1",
    "MYSQL_PORT": "3306",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "SECRETS_DIR": "/secrets",
}
SOUND_VARIABLES = {
    "version": "8.4.6",
    "version_comment": "MySQL Community Server - GPL",
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_value_options": "",
    "binlog_row_metadata": "FULL",
    "binlog_expire_logs_seconds": "604800",
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    "server_id": "1",
    "time_zone": "+00:00",
    "system_time_zone": "CET",
}
SOUND_GRANTS = (
    "GRANT RELOAD, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `d`@`%`",
    "GRANT SELECT, LOCK TABLES ON `pizzashop`.* TO `d`@`%`",
    "GRANT SELECT, INSERT ON `headworks`.`signals` TO `d`@`%`",
)

Change = Callable[[World], World]


def column(name: str, type_: str = "varchar", **facts: object) -> ColumnFacts:
    """A column; text is utf8mb4 unless said otherwise."""
    charset = "utf8mb4" if type_ in ("varchar", "text", "enum") else ""
    return ColumnFacts(name, type_, **{"charset": charset, "declared": type_, **facts})  # type: ignore[arg-type]


ID = column("id", "bigint", nullable=False)
USERS = TableFacts("pizzashop", "users", (ID, column("email")), ("id",), 10_000)
PRICE = column("price", "decimal", digits=10, scale=2)
PRODUCTS = TableFacts("pizzashop", "products", (ID, PRICE), ("id",), 81)
RAW = {"cleanup.policy": "delete", "retention.ms": "604800000", "max.message.bytes": "16777216"}
GOVERNED = {"cleanup.policy": "compact", "max.message.bytes": "16777216"}
TOPICS = (
    Topic("mysql.pizzashop.users", 1, RAW),
    Topic("governed.pizzashop.users.v1", 3, GOVERNED),
    Topic("_schema-history.mysql", 1, {"cleanup.policy": "delete", "retention.ms": "-1"}),
    *(Topic(spec.name, spec.partitions, spec.config) for spec in CONTROL_SPECS),
)


def profile_file() -> Connector:
    """The connector file that the repository recommends; MySQL has not been asked."""
    return read_connector_file(PROFILE, VALUES)


def profile() -> Connector:
    """The connector that the repository recommends, with the rights that it needs."""
    return replace(profile_file(), grants=parse_grants(SOUND_GRANTS))


def sound_world() -> World:
    """A server, connector, topics and worker with which nothing is wrong."""
    connector = profile()
    plugins = {value: "4.1.0" for value in connector.config.values() if "." in value}
    return World(
        Relaying(),
        Server("127.0.0.1:3306", "verify", SOUND_VARIABLES, (USERS, PRODUCTS)),
        (connector,),
        topics=TOPICS,
        worker=Worker("http://127.0.0.1:8083", "4.1.0", {**plugins, DEBEZIUM: "3.6.1.Final"}),
    )


def server(**variables: str) -> Change:
    """The server with other variables."""

    def change(world: World) -> World:
        assert world.server
        known = {**world.server.variables, **variables}
        return replace(world, server=replace(world.server, variables=known))

    return change


def tables(*facts: TableFacts) -> Change:
    """The server with further tables, all captured."""

    def change(world: World) -> World:
        assert world.server
        names = ",".join(table.qualified for table in (USERS, PRODUCTS, *facts))
        with_list = config({"table.include.list": names})(world)
        return replace(
            with_list, server=replace(world.server, tables=(*world.server.tables, *facts))
        )

    return change


def table(*columns: ColumnFacts, **facts: object) -> Change:
    """The server with one more table of these columns."""
    made = {"key": ("id",), "name": "more", **facts}
    return tables(TableFacts("pizzashop", columns=(ID, *columns), **made))  # type: ignore[arg-type]


def config(settings: dict[str, str | None]) -> Change:
    """The connector with other settings; None: without that one."""

    def change(world: World) -> World:
        (connector,) = world.connectors
        mixed = {**connector.config, **settings}
        kept = {key: value for key, value in mixed.items() if value is not None}
        return replace(world, connectors=(replace(connector, config=kept),))

    return change


def connector(**fields: object) -> Change:
    """The connector with other facts about it."""

    def change(world: World) -> World:
        changed = replace(world.connectors[0], **fields)  # type: ignore[arg-type]
        return replace(world, connectors=(changed,))

    return change


def grants(*lines: str) -> Change:
    """The connector's user with further grants; a line that begins with `-` takes one away."""
    gone = {line[1:] for line in lines if line.startswith("-")}
    added = [f"GRANT {line} TO `d`@`%`" for line in lines if not line.startswith("-")]
    kept = [line for line in SOUND_GRANTS if not any(part in line for part in gone)]
    return connector(grants=parse_grants([*kept, *added]))


def topic(name: str, partitions: int = 1, **settings: str) -> Change:
    """One more topic; `retention_ms` stands for `retention.ms`."""
    made = Topic(name, partitions, {key.replace("_", "."): v for key, v in settings.items()})
    return lambda world: replace(world, topics=(*world.topics, made))


def worker(version: str = "4.1.0", **plugins: str) -> Change:
    """The worker in another version, or with plugins (`debezium`, `avro`) in another."""
    names = {"debezium": DEBEZIUM, "avro": "io.confluent.connect.avro.AvroConverter"}

    def change(world: World) -> World:
        assert world.worker
        named = {names[key]: value for key, value in plugins.items()}
        known = {**world.worker.plugins, **named}
        return replace(world, worker=replace(world.worker, version=version, plugins=known))

    return change


def relaying(**settings: object) -> Change:
    """The relay set otherwise."""
    return lambda world: replace(world, relaying=replace(world.relaying, **settings))  # type: ignore[arg-type]


def neighbour(settings: dict[str, str]) -> Change:
    """Another connector that runs beside."""
    return lambda world: replace(world, neighbours=(Connector("other", settings),))


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(world: World) -> World:
        for one in changes:
            world = one(world)
        return world

    return change
