"""How much time is left until raw retention removes what the relay has not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cdc.control.status import RelayStatus
from cdc.kafka.layout import read_retention
from cdc.kafka.port import Reader, TopicAdmin

ALARMING = 0.25
"""A table with less than this part of its retention left is in danger."""
_MS_PER_S = 1000


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Of a table that is behind: seconds until its oldest unread change may be removed."""

    left_s: float
    retention_s: float

    @property
    def is_alarming(self) -> bool:
        """Whether somebody should act now."""
        return self.left_s < self.retention_s * ALARMING


def find_time_left(
    relays: Iterable[RelayStatus], topics: TopicAdmin, reader: Reader, now_ms: int
) -> Mapping[str, TimeLeft]:
    """By raw topic; tables that have read everything, or are kept for ever, are left out.

    Raises:
        Unreachable: Kafka does not answer.
    """
    behind = {it.raw_topic: it.position for relay in relays for it in relay.tables if it.lag > 0}
    found = {}
    for topic, config in topics.configs(sorted(behind)).items():
        retention_ms = read_retention(config["cleanup.policy"], config["retention.ms"])
        oldest = next(iter(reader.read_to_end(topic, {0: behind[topic]})), None)
        if retention_ms is not None and oldest is not None:
            left_ms = oldest.timestamp_ms + retention_ms - now_ms
            found[topic] = TimeLeft(max(0.0, left_ms / _MS_PER_S), retention_ms / _MS_PER_S)
    return found
