"""What is wrong with a connector's configuration: a file will do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from cdc.connect.secrets import is_written_out
from cdc.doctor.capturing import INCLUDE_LISTS
from cdc.doctor.converters import CONVERTER_RULES
from cdc.doctor.rule import ERROR, WARNING, Flaw, Rule
from cdc.doctor.settings import SETTINGS, Setting
from cdc.doctor.world import Connector, World

_PLAN = re.compile(r"topic\.creation\.[^.]+\.(partitions|cleanup\.policy)")
_HISTORY = "schema.history.internal"
_LASTING_HISTORY = "io.debezium.storage.kafka.history.KafkaSchemaHistory"


def _judge(setting: Setting, connector: Connector, _: World) -> Iterator[Flaw]:
    value = connector.get(setting.key, setting.default)
    if setting.is_wrong(value):
        unset = setting.key not in connector.config
        default = f", so it is `{setting.default}`" if setting.default else ""
        yield Flaw(
            f"`{setting.key}` is not set{default}" if unset else f"`{setting.key}` is `{value}`",
            f'"{setting.key}": "{setting.use}"',
            setting.why,
            setting.key,
        )


def _failed(connector: Connector, _: World) -> Iterator[Flaw]:
    if connector.failed:
        yield Flaw(
            "it has failed, and sends nothing",
            f"cdc connectors status says why; then cdc connectors apply {connector.name}",
            "Connect does not start a failed task again by itself.",
        )


def _flattened(connector: Connector, _: World) -> Iterator[Flaw]:
    for name in connector.entries("transforms"):
        key = f"transforms.{name}.type"
        if connector.get(key).endswith("ExtractNewRecordState"):
            yield Flaw(
                f"transform {name} takes the envelope away",
                f"take {name} out of `transforms`",
                "Without `op`, `before` and `source` the relay cannot tell what happened, and each"
                " event becomes a dead letter.",
                key,
            )


def _literal_secret(connector: Connector, _: World) -> Iterator[Flaw]:
    for key in sorted(connector.config):
        if is_written_out(key, connector.config[key]):
            yield Flaw(
                f"`{key}` is written out",
                f'"{key}": "${{file:PATH:KEY}}" or "${{env:NAME}}"',
                "Whoever reads the file, or asks Connect for the configuration, has it.",
                key,
            )


def _no_include_list(connector: Connector, _: World) -> Iterator[Flaw]:
    if not any(connector.get(key) for key in INCLUDE_LISTS):
        yield Flaw(
            "the connector captures every table of every database",
            '"table.include.list": "DATABASE.TABLE,…"',
            "A table that is made tomorrow is in Kafka at once, whatever is in it.",
        )


def _prefix_is_namespace(connector: Connector, world: World) -> Iterator[Flaw]:
    if connector.prefix == world.relaying.namespace:
        yield Flaw(
            f"`topic.prefix` is `{connector.prefix}`, the namespace of governed topics",
            "another `topic.prefix`, or another `relay.namespace` in cdc.toml",
            "The relay would read its own output.",
            "topic.prefix",
        )


def _unread_prefix(connector: Connector, world: World) -> Iterator[Flaw]:
    if connector.prefix not in (*world.relaying.prefixes, world.relaying.namespace):
        yield Flaw(
            f"no relay reads topics of prefix `{connector.prefix}`"
            if connector.prefix
            else "`topic.prefix` is not set",
            f"name it in `relay.prefixes` of cdc.toml (now: {', '.join(world.relaying.prefixes)})",
            key="topic.prefix",
        )


def _no_signals(connector: Connector, _: World) -> Iterator[Flaw]:
    channels = connector.entries("signal.enabled.channels") or ["source"]
    by_table = "source" in channels and connector.get("signal.data.collection")
    by_topic = "kafka" in channels and connector.is_on("read.only", "false")
    if not by_table and not by_topic:
        yield Flaw(
            "the connector hears no signals: `signal.data.collection` is not set",
            '"signal.data.collection": "headworks.signals"',
            "A single table cannot be read again while the others stream: a new table, or lost raw"
            " data, would need a snapshot of everything.",
            "signal.data.collection",
        )


def _fleeting_history(connector: Connector, _: World) -> Iterator[Flaw]:
    kind = connector.get(_HISTORY, _LASTING_HISTORY)
    topic = f"{_HISTORY}.kafka.topic"
    if kind != _LASTING_HISTORY:
        yield Flaw(
            f"the history of the tables' shapes is kept by {kind.rpartition('.')[2]}",
            f'"{_HISTORY}": "{_LASTING_HISTORY}"',
            "On another worker, or after a restart, it is not there, and the connector stops.",
            _HISTORY,
        )
    elif not connector.get(topic):
        yield Flaw(
            f"`{topic}` is not set: the connector will not start",
            f'"{topic}": "_schema-history.PREFIX", and `{_HISTORY}.kafka.bootstrap.servers`',
            key=topic,
        )


def _no_server_id(connector: Connector, _: World) -> Iterator[Flaw]:
    if not connector.get("database.server.id"):
        yield Flaw(
            "`database.server.id` is not set: the connector will not start",
            '"database.server.id": a number that no server and no other reader has',
            "Older versions draw one at random; where another reader has it, MySQL cuts off one of"
            " the two.",
            "database.server.id",
        )


def _shared(key: str, why: str, connector: Connector, world: World) -> Iterator[Flaw]:
    value = connector.get(key)
    for other in world.others(connector):
        if value and other.get(key) == value:
            yield Flaw(
                f"`{key}` is `{value}`, as in connector {other.name}",
                f"another `{key}` in one of them",
                why,
                key,
            )


def _shared_server_id(connector: Connector, world: World) -> Iterator[Flaw]:
    why = "MySQL cuts off the older of two readers with one id, and its task fails (error 1236)."
    yield from _shared("database.server.id", why, connector, world)


def _shared_prefix(connector: Connector, world: World) -> Iterator[Flaw]:
    why = "Both write to the same topics, and changes of one table stand there twice."
    yield from _shared("topic.prefix", why, connector, world)


def _no_topic_plan(connector: Connector, _: World) -> Iterator[Flaw]:
    key = "topic.creation.default.partitions"
    if not connector.get(key):
        yield Flaw(
            "nothing says how the connector's topics are made",
            '"topic.creation.default.partitions": "1", `.replication.factor`, `.cleanup.policy`'
            " and `.retention.ms`",
            "They get the broker's own numbers, or are never made where it makes none by itself.",
            key,
        )


def _wrong_topic_plan(connector: Connector, _: World) -> Iterator[Flaw]:
    for key, value in sorted(connector.config.items()):
        match = _PLAN.fullmatch(key)
        right = {"partitions": "1", "cleanup.policy": "delete"}.get(match[1]) if match else value
        if value != right:
            yield Flaw(
                f"`{key}` is `{value}`",
                f'"{key}": "{right}"',
                "The relay refuses raw topics with several partitions, and a compacted one loses"
                " changes before they are read.",
                key,
            )


CONNECTOR_RULES: Sequence[Rule[Connector]] = (
    Rule("failed-connector", ERROR, "a connector or its task has failed", _failed),
    *(Rule(row.code, row.severity, row.says, partial(_judge, row)) for row in SETTINGS),
    *CONVERTER_RULES,
    Rule("flattened-envelope", ERROR, "a transform takes the envelope away", _flattened),
    Rule("literal-secret", ERROR, "a secret is written out", _literal_secret),
    Rule("no-include-list", WARNING, "every table is captured", _no_include_list),
    Rule(
        "prefix-is-namespace",
        ERROR,
        "raw and governed topics have the same first name",
        _prefix_is_namespace,
    ),
    Rule("unread-prefix", WARNING, "no relay reads the connector's topics", _unread_prefix),
    Rule("no-signals", WARNING, "the connector cannot be told to read a table anew", _no_signals),
    Rule(
        "fleeting-history",
        ERROR,
        "the history of the tables' shapes does not last",
        _fleeting_history,
    ),
    Rule("no-server-id", ERROR, "the connector has no server id of its own", _no_server_id),
    Rule("shared-server-id", ERROR, "two connectors have one server id", _shared_server_id),
    Rule("shared-prefix", ERROR, "two connectors write to the same topics", _shared_prefix),
    Rule("no-topic-plan", WARNING, "nothing says how raw topics are made", _no_topic_plan),
    Rule(
        "wrong-topic-plan",
        ERROR,
        "raw topics would be made with many partitions, or compacted",
        _wrong_topic_plan,
    ),
)
