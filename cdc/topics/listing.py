"""Which topics belong to the stream, how large they are, and in which format."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from cdc.config import RelaySettings
from cdc.control.state import ControlState, read_state
from cdc.errors import ConfigError
from cdc.kafka.layout import STATE, dead_letter_topic
from cdc.kafka.port import Reader, TopicAdmin, TopicPartition

AVRO_MAGIC = 0
SAMPLE_RECORDS = 20
"""How many of the last offsets are looked at to tell a topic's format."""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic of the stream; `records` counts offsets, transaction markers included.

    `format` is avro, json, or empty where no value is among the last records. `standing` is that
    of a governed topic among its table's majors: newest, served or frozen; empty where none is
    recorded.
    """

    name: str
    kind: str
    partitions: int
    records: int
    format: str
    standing: str = ""


def list_topics(admin: TopicAdmin, reader: Reader, relay: RelaySettings) -> list[TopicRow]:
    """Raw, governed and dead-letter topics, in alphabetical order."""
    kinds = {name: kind for name in admin.names() if (kind := kind_of(name, relay))}
    ranges = admin.ranges(sorted(kinds))
    standings = _standings(read_state(reader.read_to_end(STATE)), relay.namespace)
    rows = []
    for name, kind in sorted(kinds.items()):
        mine = {at: bounds for at, bounds in ranges.items() if at.topic == name}
        records = sum(end - first for first, end in mine.values())
        format_, standing = _sniff(reader, mine), standings.get(name, "")
        rows.append(TopicRow(name, kind, len(mine), records, format_, standing))
    return rows


def _standings(state: ControlState, namespace: str) -> dict[str, str]:
    """By governed topic."""
    found: dict[str, str] = {}
    for raw_topic, majors in state.majors.items():
        base = f"{namespace}.{'.'.join(raw_topic.rsplit('.', 2)[1:])}"
        found |= {f"{base}.v{it.major}": str(it.standing) for it in majors.old}
        found[f"{base}.v{majors.newest}"] = "newest"
    return found


def kind_of(topic: str, relay: RelaySettings) -> str:
    """`raw`, `governed`, `dead letters`, or nothing for what is not part of the stream."""
    if topic == dead_letter_topic(relay.namespace):
        return "dead letters"
    if topic.startswith(f"{relay.namespace}."):
        return "governed"
    for prefix in relay.prefixes:
        parts = topic.removeprefix(f"{prefix}.")
        if parts != topic and parts.count(".") == 1:
            return "raw"
    return ""


def _sniff(reader: Reader, ranges: dict[TopicPartition, tuple[int, int]]) -> str:
    topics = {at.topic for at in ranges}
    start = {at.partition: max(first, end - SAMPLE_RECORDS) for at, (first, end) in ranges.items()}
    for topic in topics:
        for record in reader.read_to_end(topic, start):
            if record.value:
                return "avro" if record.value[0] == AVRO_MAGIC else "json"
    return ""


def check_topic(admin: TopicAdmin, name: str) -> None:
    """Nothing where the topic exists.

    Raises:
        ConfigError: it does not; near names are the hint.
    """
    names = admin.names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
        hint = f"near: {', '.join(near)}" if near else "cdc topics list"
        raise ConfigError(f"topic {name}: does not exist", hint=hint)
