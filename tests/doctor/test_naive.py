"""The first connector that everybody writes, on a server as it was installed long ago."""

from dataclasses import replace

from cdc.doctor import World, diagnose
from cdc.doctor.grants import parse_grants
from cdc.doctor.world import Connector, Topic
from tests.doctor.worlds import PRODUCTS, USERS, column, server, sound_world

CONNECTOR = Connector(
    "pizzashop",
    {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "database.hostname": "mysql",
        "database.user": "root",
        "database.password": "debezium",
        "topic.prefix": "mysql",
        "table.include.list": "pizzashop.users,pizzashop.products",
    },
    grants=parse_grants(["GRANT SELECT, INSERT, SUPER, RELOAD, CREATE USER ON *.* TO `root`@`%`"]),
)
SERVER = {
    "version": "8.0.32",
    "binlog_format": "MIXED",
    "binlog_row_image": "MINIMAL",
    "binlog_row_value_options": "PARTIAL_JSON",
    "binlog_row_metadata": "MINIMAL",
    "binlog_expire_logs_seconds": "86400",
    "gtid_mode": "OFF",
    "enforce_gtid_consistency": "OFF",
    "time_zone": "SYSTEM",
}
BOOK_USERS = replace(
    USERS,
    columns=(
        *USERS.columns,
        column("lon", "decimal", digits=10, scale=8),
        column("updated_at", "datetime", fallback="CURRENT_TIMESTAMP"),
    ),
)
BOOK_PRODUCTS = replace(PRODUCTS, columns=(column("id", "bigint"), column("price", "float")))
# What a broker gives a topic that nobody described.
BROKERS_OWN = Topic(
    "mysql.pizzashop.users", 3, {"cleanup.policy": "delete", "max.message.bytes": "1048588"}
)

DESERVED = {
    "MySQL at 127.0.0.1:3306": {
        "retired-mysql",
        "binlog-format",
        "binlog-row-image",
        "binlog-partial-json",
        "binlog-retention",
        "gtid-off",
        "gtid-inconsistent",
        "local-time-zone",
        "binlog-row-metadata",
    },
    "connector pizzashop": {
        "skipped-operations",
        "conversion-failures",
        "time-units",
        "time-adjuster",
        "no-source-types",
        "no-comments",
        "at-least-once",
        "heartbeat-off",
        "poll-interval",
        "small-requests",
        "inherited-converter",
        "wrapped-unsigned",
        "literal-secret",
        "no-signals",
        "fleeting-history",
        "no-server-id",
        "no-topic-plan",
        "missing-grants",
        "wide-grants",
    },
    "table pizzashop.users": {"null-default", "narrow-longitude"},
    "table pizzashop.products": {"float-money"},
    "topic mysql.pizzashop.users": {"raw-partitions", "small-messages"},
}


def naive_world() -> World:
    """A minimal connector, an old server, the book's tables, a topic that the broker made."""
    world = server(**SERVER)(sound_world())
    assert world.server is not None
    return replace(
        world,
        server=replace(world.server, tables=(BOOK_USERS, BOOK_PRODUCTS)),
        connectors=(CONNECTOR,),
        topics=(BROKERS_OWN,),
    )


def test_the_naive_set_up_gets_every_finding_that_it_deserves() -> None:
    """Each trap of the minimal connector and of the old server is named, and no other."""
    report = diagnose(naive_world())

    found = {check.name: {f.code for f in check.findings} for check in report.checks}
    assert {name: codes for name, codes in found.items() if codes} == DESERVED
