"""Names and settings of the topics that Headworks makes.

The broker creates nothing by itself (`auto.create.topics.enable=false`): raw topics are made by
Connect, all others from the rows below, idempotently.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdc.errors import ConfigError
from cdc.kafka.port import MAX_MESSAGE_BYTES, TopicSpec

STATE = "_cdc.state"
COMMANDS = "_cdc.commands"
STATUS = "_cdc.status"
SIGNALS = "_cdc.signals"
NOTIFICATIONS = "_cdc.notifications"

_HOUR_MS = 3_600_000
_LARGE = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}


def governed_spec(name: str, partitions: int, *, delete_records: bool = False) -> TopicSpec:
    """A governed topic: the newest value of each key stays for ever.

    Where deletes are records, nothing is compacted for a day: so long may a reader lag behind and
    still see each of them.
    """
    lag = {"min.compaction.lag.ms": str(24 * _HOUR_MS)} if delete_records else {}
    return TopicSpec(name, partitions, {"cleanup.policy": "compact", **lag, **_LARGE})


def dead_letter_topic(namespace: str) -> str:
    """`<namespace>.dlq`."""
    return f"{namespace}.dlq"


def dead_letter_spec(namespace: str) -> TopicSpec:
    """Dead letters of all tables: one partition (their order is their history), 30 days."""
    kept = {"cleanup.policy": "delete", "retention.ms": str(30 * 24 * _HOUR_MS)}
    return TopicSpec(dead_letter_topic(namespace), 1, {**kept, **_LARGE})


CONTROL_SPECS: Sequence[TopicSpec] = (
    # Read whole at every assignment: small segments and eager cleaning keep that a matter of ms.
    TopicSpec(
        STATE,
        1,
        {
            "cleanup.policy": "compact",
            "segment.bytes": str(8 * 1024 * 1024),
            "min.cleanable.dirty.ratio": "0.1",
        },
    ),
    TopicSpec(COMMANDS, 1, {"cleanup.policy": "delete", "retention.ms": str(7 * 24 * _HOUR_MS)}),
    # One record every 2 s and relay: an hour of them tells who is silent, and reads in an instant.
    TopicSpec(
        STATUS,
        1,
        {
            "cleanup.policy": "compact,delete",
            "retention.ms": str(_HOUR_MS),
            "segment.ms": str(_HOUR_MS // 6),
        },
    ),
)

SOURCE_SPECS: Sequence[TopicSpec] = (
    # What connectors are asked, and what they say of it: they look for both when they start.
    TopicSpec(SIGNALS, 1, {"cleanup.policy": "delete", "retention.ms": str(7 * 24 * _HOUR_MS)}),
    # A few records a snapshot; whether a backfill is complete is read from them, however late.
    TopicSpec(NOTIFICATIONS, 1, {"cleanup.policy": "delete", "retention.ms": "-1"}),
)


def raw_patterns(prefixes: Sequence[str], namespace: str) -> list[str]:
    """Regular expressions of raw table topics: `<prefix>.<database>.<table>`.

    Heartbeats (`__debezium-heartbeat.<prefix>`), the schema change topic (`<prefix>`) and
    `<prefix>.transaction` have fewer parts, governed topics have more.

    Raises:
        ConfigError: the namespace is one of the prefixes.
    """
    if namespace in prefixes:
        raise ConfigError(
            f"relay.namespace: {namespace!r} is also in relay.prefixes: "
            "the relay would read its own output",
            hint="name the namespace differently from every connector's topic.prefix",
        )
    escaped = [prefix.replace(".", r"\.") for prefix in prefixes]
    return [rf"^{prefix}\.[^.]+\.[^.]+$" for prefix in escaped]
