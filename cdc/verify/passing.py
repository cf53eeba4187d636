"""Waiting until the relay has passed a moment of MySQL.

A moment is a set of GTIDs. It has been passed when

1. the source offset that Debezium has committed contains the set and is not one of a snapshot
   under way (which carries the snapshot's GTIDs from its first row on), and then
2. the relay's position leaves no event of the table's raw topic before the end that it has then.

On an idle server step 1 waits for the binlog's next heartbeat: a committed offset names the last
transaction only once something has come after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cdc.control.status import RelayStatus
from cdc.errors import Unreachable
from cdc.kafka.port import Reader, TopicAdmin, TopicPartition
from cdc.source import Database

POLL_S = 0.2

SourceOffsets = Callable[[], Sequence[Mapping[str, Any]]]
"""What Connect says of each connector's committed source offsets."""
Statuses = Callable[[], Mapping[str, RelayStatus]]


class RelayPassing:
    """Knows how far Debezium and the relay have come."""

    def __init__(
        self,
        database: Database,
        source_offsets: SourceOffsets,
        statuses: Statuses,
        topics: TopicAdmin,
        reader: Reader,
    ) -> None:
        self._database = database
        self._source_offsets = source_offsets
        self._statuses = statuses
        self._topics = topics
        self._reader = reader

    def await_passed(self, gtids: str, raw_topic: str, deadline: float) -> None:
        """Return once the moment has been passed; `deadline` is a monotonic time.

        Raises:
            Unreachable: it has not been by then; says who is behind.
        """
        _poll(
            lambda: self._debezium_passed(gtids, raw_topic),
            deadline,
            f"{raw_topic}: Debezium has not yet read what MySQL has committed",
            "cdc connectors status",
        )
        end = self._end(raw_topic)
        _poll(
            lambda: self._relay_passed(raw_topic, end),
            deadline,
            f"{raw_topic}: the relay has not yet passed offset {end}",
            "cdc relay status",
        )

    def _debezium_passed(self, gtids: str, raw_topic: str) -> bool:
        prefix = raw_topic.rsplit(".", 2)[0]
        return any(
            self._database.is_gtid_subset(gtids, str(entry["offset"].get("gtids") or ""))
            for connector in self._source_offsets()
            for entry in connector.get("offsets", ())
            if _streams(entry, prefix)
        )

    def _end(self, raw_topic: str) -> int:
        return self._topics.ranges([raw_topic]).get(TopicPartition(raw_topic), (0, 0))[1]

    def _relay_passed(self, raw_topic: str, end: int) -> bool:
        """Behind the relay's position only transaction markers may be left."""
        position = self._position(raw_topic)
        if position is None:
            return end == 0
        return position >= end or not any(
            record.offset < end for record in self._reader.read_to_end(raw_topic, {0: position})
        )

    def _position(self, raw_topic: str) -> int | None:
        positions = [
            table.position
            for status in self._statuses().values()
            for table in status.tables
            if table.raw_topic == raw_topic
        ]
        return max(positions, default=None)


def _streams(entry: Mapping[str, Any], prefix: str) -> bool:
    """Whether an offset is that of the connector with this `topic.prefix`, past its snapshot."""
    offset = entry.get("offset") or {}
    server = (entry.get("partition") or {}).get("server")
    return bool(offset) and server == prefix and not offset.get("snapshot")


def _poll(done: Callable[[], bool], deadline: float, what: str, hint: str) -> None:
    while not done():
        if time.monotonic() > deadline:
            raise Unreachable(what, hint=hint)
        time.sleep(POLL_S)
