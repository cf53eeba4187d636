"""For each rule a world that trips it, and one as near to it as can be that does not."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.doctor.settings import SETTINGS
from tests.doctor.worlds import (
    GOVERNED,
    RAW,
    Change,
    both,
    column,
    config,
    connector,
    grants,
    neighbour,
    relaying,
    server,
    table,
    topic,
    worker,
)

Case = tuple[Change, Change]

AVRO = "io.confluent.connect.avro.AvroConverter"
USES_AVRO = config(
    {"value.converter": AVRO, "value.converter.ignore.default.for.nullables": "true"}
)
KEYLESS = {"key": (), "name": "visits"}
RAW_SMALL = {**RAW, "max.message.bytes": "1048588"}


def setting(code: str, wrong: str, right: str) -> tuple[str, Case]:
    """A row of `SETTINGS`: one wrong value, and a right one that is not the recommended."""
    (row,) = (row for row in SETTINGS if row.code == code)
    return code, (config({row.key: wrong}), config({row.key: right}))


def raw(name: str = "mysql.pizzashop.more", partitions: int = 1, **settings: str) -> Change:
    """A raw topic that differs from a sound one."""
    known = {key.replace(".", "_"): value for key, value in RAW.items()}
    return topic(name, partitions, **{**known, **settings})


def governed(table_: str = "more", partitions: int = 3, **settings: str) -> Change:
    """A governed topic that differs from a sound one."""
    known = {key.replace(".", "_"): value for key, value in GOVERNED.items()}
    return topic(f"governed.pizzashop.{table_}.v1", partitions, **{**known, **settings})


CASES: Mapping[str, Case] = dict(
    [
        ("mariadb", (server(version="11.4.2-MariaDB"), server(version="11.4.2"))),
        ("old-mysql", (server(version="5.7.44-log"), server(version="8.0.0"))),
        ("retired-mysql", (server(version="8.0.46"), server(version="8.1.0"))),
        ("log-bin-off", (server(log_bin="OFF"), server(log_bin="ON"))),
        ("binlog-format", (server(binlog_format="MIXED"), server(binlog_format="row"))),
        ("binlog-row-image", (server(binlog_row_image="NOBLOB"), server(binlog_row_image="full"))),
        (
            "binlog-partial-json",
            (server(binlog_row_value_options="PARTIAL_JSON"), server(binlog_row_value_options="")),
        ),
        (
            "binlog-retention",
            (
                server(binlog_expire_logs_seconds="259199"),
                server(binlog_expire_logs_seconds="0"),  # for ever
            ),
        ),
        ("gtid-off", (server(gtid_mode="ON_PERMISSIVE"), server(gtid_mode="ON"))),
        (
            "gtid-inconsistent",
            (server(enforce_gtid_consistency="WARN"), server(enforce_gtid_consistency="ON")),
        ),
        ("server-id-unset", (server(server_id="0"), server(server_id="10"))),
        (
            "local-time-zone",
            (server(time_zone="SYSTEM"), server(time_zone="SYSTEM", system_time_zone="UTC")),
        ),
        (
            "binlog-row-metadata",
            (server(binlog_row_metadata="MINIMAL"), server(binlog_row_metadata="FULL")),
        ),
        ("old-connect", (worker("3.4.1"), worker("3.5.0"))),
        ("old-debezium", (worker(debezium="2.7.4.Final"), worker(debezium="3.0.0.Final"))),
        (
            "old-avro-converter",
            (both(USES_AVRO, worker(avro="7.2.9")), worker(avro="7.2.9")),  # there, not used
        ),
        (
            "missing-plugin",
            (
                config({"transforms.withhold.type": "org.example.Nowhere"}),
                config({"signal.data.collection": "headworks.signals"}),
            ),
        ),
        ("failed-connector", (connector(failed=True), connector(failed=False))),
        setting("skipped-operations", "t,d", "none"),
        setting("conversion-failures", "skip", "fail"),
        setting("errors-tolerated", "all", "none"),
        setting("unparsed-ddl", "true", "false"),
        setting("decimal-as-double", "double", "string"),
        setting("binary-as-text", "base64", "bytes"),
        setting("time-loss", "isostring", "adaptive_time_microseconds"),
        setting("time-units", "nanoseconds", "connect"),
        setting("time-adjuster", "true", "FALSE"),
        setting("no-tombstones", "false", "TRUE"),
        setting("sent-queries", "true", "false"),
        setting("no-source-types", "", "pizzashop[.].*"),
        setting("no-comments", "false", "true"),
        setting("snapshot-without-rows", "no_data", "when_needed"),
        setting("snapshot-mode", "when_needed", "never"),
        setting("snapshot-unlocked", "none", "extended"),
        setting("at-least-once", "requested", "REQUIRED"),
        setting("heartbeat-off", "0", "60000"),
        setting("poll-interval", "101", "100"),
        setting("small-requests", "16777215", "33554432"),
        setting("many-tasks", "2", "1"),
        (
            "null-becomes-default",
            (
                config({"value.converter.replace.null.with.default": None}),
                USES_AVRO,
            ),
        ),
        (
            "inherited-converter",
            (config({"key.converter": None}), config({"header.converter": None})),
        ),
        (
            "schemaless-json",
            (
                config({"key.converter.schemas.enable": "false"}),
                config({"key.converter.schemas.enable": None}),  # true by default
            ),
        ),
        (
            "wrapped-unsigned",
            (
                config({"column.propagate.source.type": None}),
                config(
                    {
                        "column.propagate.source.type": None,
                        "bigint.unsigned.handling.mode": "precise",
                    }
                ),
            ),
        ),
        (
            "flattened-envelope",
            (
                config(
                    {"transforms.withhold.type": "io.debezium.transforms.ExtractNewRecordState"}
                ),
                # described, but not among `transforms`
                config({"transforms.flat.type": "io.debezium.transforms.ExtractNewRecordState"}),
            ),
        ),
        (
            "literal-secret",
            (
                config({"database.password": "swordfish"}),
                config({"database.password": "${env:MYSQL_PASSWORD}"}),
            ),
        ),
        (
            "no-include-list",
            (
                config({"table.include.list": None}),
                config({"table.include.list": None, "database.include.list": "pizzashop"}),
            ),
        ),
        (
            "prefix-is-namespace",
            (config({"topic.prefix": "governed"}), config({"topic.prefix": "governed2"})),
        ),
        (
            "unread-prefix",
            (
                config({"topic.prefix": "shop"}),
                both(config({"topic.prefix": "shop"}), relaying(prefixes=("mysql", "shop"))),
            ),
        ),
        (
            "no-signals",
            (
                config({"signal.data.collection": None, "signal.enabled.channels": "kafka"}),
                config(
                    {
                        "signal.data.collection": None,
                        "signal.enabled.channels": "kafka",
                        "read.only": "true",
                    }
                ),
            ),
        ),
        (
            "fleeting-history",
            (
                config({"schema.history.internal": "io.debezium.storage.file.FileSchemaHistory"}),
                config(
                    {
                        "schema.history.internal": "io.debezium.storage.kafka.history"
                        ".KafkaSchemaHistory"
                    }
                ),
            ),
        ),
        (
            "no-server-id",
            (config({"database.server.id": None}), config({"database.server.id": "7"})),
        ),
        (
            "shared-server-id",
            (
                neighbour({"database.server.id": "184054"}),
                neighbour({"database.server.id": "184055"}),
            ),
        ),
        (
            "shared-prefix",
            (neighbour({"topic.prefix": "mysql"}), neighbour({"topic.prefix": "mysql2"})),
        ),
        (
            "no-topic-plan",
            (
                config({"topic.creation.default.partitions": None}),
                config({"topic.creation.default.compression.type": None}),
            ),
        ),
        (
            "wrong-topic-plan",
            (
                config({"topic.creation.default.cleanup.policy": "compact,delete"}),
                config({"topic.creation.default.cleanup.policy": "delete"}),
            ),
        ),
        (
            "server-id-clash",
            (config({"database.server.id": "1"}), config({"database.server.id": "11"})),
        ),
        (
            "missing-grants",
            (
                grants("-`headworks`"),
                grants("-RELOAD", "REPLICATION SLAVE ON *.*", "REPLICATION CLIENT ON *.*"),
            ),
        ),
        (
            "wide-grants",
            (
                grants("INSERT ON `pizzashop`.`users`"),
                grants("SELECT, SHOW VIEW ON `pizzashop`.`users`"),
            ),
        ),
        ("unseen-grants", (connector(grants=None), grants())),
        (
            "unknown-table",
            (
                config({"table.include.list": "pizzashop.users,users"}),
                config({"table.include.list": "pizzashop\\.users,pizzashop.(a|b)"}),
            ),
        ),
        (
            "clear-mask",
            (
                config({"column.mask.with.5.chars": "pizzashop.products.price"}),
                config({"column.mask.with.5.chars": "pizzashop.users.email"}),
            ),
        ),
        (
            "driver-charset",
            (
                both(
                    table(column("name", charset="eucjpms")),
                    config({"driver.characterEncoding": None}),
                ),
                both(
                    table(column("name", charset="latin1")),
                    config({"driver.characterEncoding": None}),
                ),
            ),
        ),
        ("missed-changes", (connector(missed=True), connector(missed=False))),
        ("long-snapshot", (table(rows=3_100_000_000), table(rows=3_000_000_000))),
        (
            "no-key",
            (
                table(**KEYLESS),
                both(table(**KEYLESS), relaying(keyed=frozenset({"pizzashop.visits"}))),
            ),
        ),
        (
            "null-default",
            (
                both(
                    table(column("country", fallback="IN")),
                    config({"value.converter.replace.null.with.default": "true"}),
                ),
                both(
                    table(
                        column("country", fallback="IN", nullable=False),
                        column("at", "timestamp", fallback="CURRENT_TIMESTAMP"),
                    ),
                    config({"value.converter.replace.null.with.default": "true"}),
                ),
            ),
        ),
        (
            "silent-cascades",
            (
                both(server(version="9.5.0"), table(cascades=True)),
                both(server(version="9.6.0"), table(cascades=True)),
            ),
        ),
        ("schema-change-helper", (table(name="_users_gho"), table(name="users_gho"))),
        (
            "enum-comma",
            (
                table(column("size", "enum", declared="enum('small','large, deep')")),
                both(
                    table(column("size", "enum", declared="enum('small','large, deep')")),
                    worker(debezium="3.7.0.Final"),
                ),
            ),
        ),
        (
            "zero-date",
            (
                table(column("born", "date", fallback="0000-00-00")),
                table(column("born", "date", fallback="1970-01-01")),
            ),
        ),
        (
            "float-money",
            (table(column("unit_price", "float")), table(column("priceless", "float"))),
        ),
        (
            "narrow-longitude",
            (
                table(column("lon", "decimal", digits=10, scale=8)),
                table(column("lat", "decimal", digits=10, scale=8)),
            ),
        ),
        (
            "compacted-raw",
            (
                raw(cleanup_policy="compact,delete"),
                raw("mysql.transaction", cleanup_policy="compact"),
            ),
        ),
        ("short-raw", (raw(retention_ms="86399999"), raw(retention_ms="-1"))),
        ("raw-partitions", (raw(partitions=2), raw("mysql", partitions=2))),
        ("small-messages", (raw(max_message_bytes="1048588"), raw(max_message_bytes="33554432"))),
        (
            "uncompacted-governed",
            (
                governed(cleanup_policy="compact,delete"),
                both(
                    governed(cleanup_policy="delete"),
                    relaying(append_only=frozenset({"pizzashop.more"})),
                ),
            ),
        ),
        ("governed-partitions", (governed(partitions=6), governed(partitions=3))),
        (
            "control-topic",
            (
                topic("_cdc.state", cleanup_policy="delete"),
                topic("_cdc.states", cleanup_policy="delete"),
            ),
        ),
        (
            "short-history",
            (
                topic("_schema-history.mysql", cleanup_policy="delete", retention_ms="604800000"),
                topic("_schema-history.other", cleanup_policy="delete", retention_ms="604800000"),
            ),
        ),
    ]
)
