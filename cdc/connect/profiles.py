"""Profiles that a connector file may extend: Debezium settings that lose and invent nothing.

Data only. A profile's values are as those of a file: `{{NAME:default}}` is filled in, the file's
own `config` goes over them, and `{{topic.prefix}}` is what that says.
"""

from __future__ import annotations

from collections.abc import Mapping

_JSON = "org.apache.kafka.connect.json.JsonConverter"
_LARGE = str(16 * 1024 * 1024)

_IDENTITY = {
    "connector.class": "io.debezium.connector.mysql.MySqlConnector",
    "tasks.max": "1",
    "snapshot.mode": "initial",
    "driver.characterEncoding": "UTF8",
    "driver.characterSetResults": "UTF8",
}
_HISTORY = {
    "schema.history.internal.kafka.bootstrap.servers": "{{KAFKA_BOOTSTRAP}}",
    "schema.history.internal.store.only.captured.tables.ddl": "true",
}
# Each value arrives as MySQL has it, in one unit, with the type that MySQL calls it.
_LOSSLESS = {
    "time.precision.mode": "microseconds",
    "enable.time.adjuster": "false",
    "decimal.handling.mode": "precise",
    "bigint.unsigned.handling.mode": "long",
    "binary.handling.mode": "bytes",
    "event.converting.failure.handling.mode": "fail",
    "include.schema.comments": "true",
    "column.propagate.source.type": ".*",
}
# Nothing that happened is left out (TRUNCATE is by default), and nothing sent that nobody reads.
_EVENTS = {
    "skipped.operations": "none",
    "tombstones.on.delete": "true",
    "include.query": "false",
    "provide.transaction.metadata": "false",
    "extended.headers.enabled": "false",
}
_DELIVERY = {
    "poll.interval.ms": "10",
    "heartbeat.interval.ms": "1000",
    "connect.keep.alive.interval.ms": "1000",
    "exactly.once.support": "required",
    "transaction.boundary": "poll",
    "producer.override.compression.type": "lz4",
    "producer.override.max.request.size": _LARGE,
}
_CONVERTERS = {
    f"{side}.converter{leaf}": value
    for side in ("key", "value")
    for leaf, value in (
        ("", _JSON),
        (".schemas.enable", "true"),
        (".replace.null.with.default", "false"),
    )
}
_SIGNALS = {
    "signal.data.collection": "headworks.signals",
    "signal.enabled.channels": "source,kafka",
    "signal.poll.interval.ms": "200",
    "signal.kafka.topic": "_cdc.signals",
    "signal.kafka.bootstrap.servers": "{{KAFKA_BOOTSTRAP}}",
    # Each connector must see each signal, so none may share its group.
    "signal.kafka.groupId": "_cdc.signals.{{topic.prefix}}",
    "signal.kafka.poll.timeout.ms": "100",
    "signal.consumer.auto.offset.reset": "earliest",
    "signal.consumer.isolation.level": "read_committed",
    "notification.enabled.channels": "sink",
    "notification.sink.topic.name": "_cdc.notifications",
    "transforms": "withhold",
    "transforms.withhold.type": "org.apache.kafka.connect.transforms.Filter",
    "transforms.withhold.predicate": "isSignal",
    "predicates": "isSignal",
    "predicates.isSignal.type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
    "predicates.isSignal.pattern": r".*\.headworks\.signals",
}
_TOPICS = {
    "topic.creation.default.replication.factor": "{{REPLICATION_FACTOR:1}}",
    "topic.creation.default.partitions": "1",
    "topic.creation.default.cleanup.policy": "delete",
    "topic.creation.default.retention.ms": "604800000",
    "topic.creation.default.max.message.bytes": _LARGE,
    "topic.creation.default.compression.type": "producer",
}

PROFILES: Mapping[str, Mapping[str, str]] = {
    "mysql-recommended": {
        **_IDENTITY,
        **_HISTORY,
        **_LOSSLESS,
        **_EVENTS,
        **_DELIVERY,
        **_CONVERTERS,
        **_SIGNALS,
        **_TOPICS,
    }
}
