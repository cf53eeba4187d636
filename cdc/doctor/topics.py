"""What is wrong with the topics: raw, governed, and those that keep state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.doctor.rule import ERROR, WARNING, Flaw, Rule
from cdc.doctor.world import Topic, World
from cdc.kafka.layout import CONTROL_SPECS, dead_letter_spec
from cdc.kafka.port import MAX_MESSAGE_BYTES, TopicSpec

HOUR_MS = 3_600_000
SHORTEST_RAW_MS = 24 * HOUR_MS
"""A relay that stands still for a night must find its data in the morning."""
_LONG_MS = 10 * 365 * 24 * HOUR_MS


def is_judged(name: str, world: World) -> bool:
    """Whether a topic is of those that the rules speak about."""
    return (
        _is_raw(name, world)
        or _is_governed(name, world)
        or _own_spec(name, world) is not None
        or name in _histories(world)
    )


def _own_spec(name: str, world: World) -> TopicSpec | None:
    """How relays make a topic of theirs: control topics, dead letters."""
    specs = (*CONTROL_SPECS, dead_letter_spec(world.relaying.namespace))
    return next((spec for spec in specs if spec.name == name), None)


def _is_raw(name: str, world: World) -> bool:
    """Of a table, of a judged connector: the relay's patterns in other words."""
    signals = {f"{c.prefix}.{c.get('signal.data.collection')}" for c in world.connectors}
    return name not in signals and any(
        name.startswith(f"{c.prefix}.") and name.removeprefix(f"{c.prefix}.").count(".") == 1
        for c in world.connectors
        if c.prefix
    )


def _is_governed(name: str, world: World) -> bool:
    head, _, major = name.rpartition(".v")
    return head.startswith(f"{world.relaying.namespace}.") and major.isdigit()


def _histories(world: World) -> frozenset[str]:
    key = "schema.history.internal.kafka.topic"
    return frozenset(connector.get(key) for connector in world.connectors)


def _compacted_raw(topic: Topic, world: World) -> Iterator[Flaw]:
    if _is_raw(topic.name, world) and "compact" in topic.cleanup:
        yield Flaw(
            "a raw topic is compacted",
            _alter(topic, "cleanup.policy=delete"),
            "Changes that the relay has not read yet are taken out, a delete with its row.",
        )


def _short_raw(topic: Topic, world: World) -> Iterator[Flaw]:
    if not _is_raw(topic.name, world) or topic.cleanup == {"compact"}:
        return
    kept = topic.number("retention.ms")
    if 0 <= kept < SHORTEST_RAW_MS:
        yield Flaw(
            f"a raw topic is kept for {kept / HOUR_MS:.3g} hours",
            _alter(topic, "retention.ms=604800000"),
            "A relay that stands still for longer loses changes, and the table stops (`raw_lost`)"
            " until it is read anew.",
        )
    if topic.number("retention.bytes") >= 0:
        yield Flaw(
            f"a raw topic is cut off at {topic.number('retention.bytes'):,} bytes",
            _alter(topic, "retention.bytes=-1"),
            "A snapshot, or one large update, fills it within minutes: how long changes are kept"
            " then depends on the load.",
        )


def _raw_partitions(topic: Topic, world: World) -> Iterator[Flaw]:
    if _is_raw(topic.name, world) and topic.partitions != 1:
        yield Flaw(
            f"a raw topic has {topic.partitions} partitions; allowed: 1",
            "stop the connector, delete the topic, and let a snapshot fill it anew",
            "Only one partition keeps the order of a table's changes; the relay stops the table"
            " (`raw_partitions`).",
        )


def _small_messages(topic: Topic, world: World) -> Iterator[Flaw]:
    largest = topic.number("max.message.bytes")
    carries_rows = _is_raw(topic.name, world) or _is_governed(topic.name, world)
    if carries_rows and 0 <= largest < MAX_MESSAGE_BYTES:
        yield Flaw(
            f"the topic takes records of at most {largest:,} bytes",
            _alter(topic, f"max.message.bytes={MAX_MESSAGE_BYTES}"),
            "A larger row stops the connector, and all its tables; or it becomes a dead letter.",
        )


def _uncompacted(topic: Topic, world: World) -> Iterator[Flaw]:
    if (
        _is_governed(topic.name, world)
        and not _is_append_only(topic.name, world)
        and topic.cleanup != {"compact"}
    ):
        yield Flaw(
            f"a governed topic has cleanup.policy {','.join(sorted(topic.cleanup))}",
            _alter(topic, "cleanup.policy=compact"),
            "Rows that nobody changes disappear when their time is up; a store that is filled anew"
            " then lacks them.",
        )


def _is_append_only(name: str, world: World) -> bool:
    table = name.removeprefix(f"{world.relaying.namespace}.").rpartition(".v")[0]
    return table in world.relaying.append_only


def _other_partitions(topic: Topic, world: World) -> Iterator[Flaw]:
    wanted = world.relaying.partitions
    if _is_governed(topic.name, world) and topic.partitions != wanted:
        yield Flaw(
            f"a governed topic has {topic.partitions} partitions; `relay.governed_partitions` is"
            f" {wanted}",
            "set it to what the topics have; a new number needs a new `major`",
            "Where partitions were added, keys have moved: the older value of a key stays in its"
            " old partition for ever.",
        )


def _control(topic: Topic, world: World) -> Iterator[Flaw]:
    spec = _own_spec(topic.name, world)
    if spec is None:
        return
    wanted = frozenset(spec.config["cleanup.policy"].split(","))
    if topic.partitions != spec.partitions or topic.cleanup != wanted:
        yield Flaw(
            f"{topic.partitions} partitions and cleanup.policy {','.join(sorted(topic.cleanup))};"
            f" needed: {spec.partitions} and {','.join(sorted(wanted))}",
            "stop the relays, delete the topic, and let a relay make it anew"
            if topic.partitions != spec.partitions
            else _alter(topic, f"cleanup.policy={','.join(sorted(wanted))}"),
            "Relays rely on its order, and on what stays in it: stops, majors, dead letters.",
        )


def _short_history(topic: Topic, world: World) -> Iterator[Flaw]:
    kept = topic.number("retention.ms")
    lasting = topic.cleanup == {"delete"} and not 0 <= kept < _LONG_MS and topic.partitions == 1
    if topic.name in _histories(world) and not lasting:
        yield Flaw(
            "the history of the tables' shapes does not last",
            _alter(topic, "cleanup.policy=delete,retention.ms=-1,retention.bytes=-1"),
            "A connector that starts without the whole of it cannot read the binary log. It needs"
            " one partition, no compaction, and no end.",
        )


def _alter(topic: Topic, settings: str) -> str:
    return f"kafka-configs.sh --alter --topic {topic.name} --add-config {settings}"


TOPIC_RULES: Sequence[Rule[Topic]] = (
    Rule("compacted-raw", ERROR, "a raw topic is compacted", _compacted_raw),
    Rule("short-raw", WARNING, "a raw topic is kept for less than a day", _short_raw),
    Rule("raw-partitions", ERROR, "a raw topic has several partitions", _raw_partitions),
    Rule("small-messages", WARNING, "a topic refuses large rows", _small_messages),
    Rule("uncompacted-governed", ERROR, "a governed topic forgets rows", _uncompacted),
    Rule("governed-partitions", WARNING, "keys may have moved", _other_partitions),
    Rule("control-topic", ERROR, "a topic of the relays is set up wrongly", _control),
    Rule("short-history", ERROR, "the history topic does not last", _short_history),
)
