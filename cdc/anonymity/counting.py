"""A governed topic's rows by cell: read to its end, committed records only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cdc.anonymity.cells import Cells
from cdc.anonymity.levels import find_levels
from cdc.anonymity.report import Anonymity
from cdc.anonymity.targets import Target
from cdc.kafka.port import Reader, Record, TopicAdmin
from cdc.topics import RecordDecoder, to_json
from registry.derive.record import DELETED, avro_name

Tick = Callable[[int, int], None]
"""Told how many offsets of how many are behind."""

EVERY = 1000
NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class CellCounter:
    """Counts governed topics, exactly: what a reader of the whole topic could count too."""

    topics: TopicAdmin
    reader: Reader
    decoder: RecordDecoder

    def count(self, target: Target, tick: Tick = lambda _done, _total: None) -> Anonymity:
        """The cells of a topic as it is now; one that does not exist has none.

        Raises:
            Unreachable, TransientError: Kafka or the registry does not answer.
        """
        return self._count(target, tick)[0]

    def count_levels(self, target: Target, tick: Tick) -> Anonymity:
        """The same, and what coarser columns would give where k is not reached.

        Raises:
            Unreachable, TransientError: see `count`.
        """
        found, cells = self._count(target, tick)
        if not found.rows_below:
            return found
        levels = find_levels(target.quasi, cells.counts, target.k)
        return replace(found, levels=tuple(levels))

    def _count(self, target: Target, tick: Tick) -> tuple[Anonymity, Cells]:
        at_ms = time.time_ns() // NS_PER_MS
        total = sum(end - first for first, end in self.topics.ranges([target.topic]).values())
        cells, unreadable = Cells(), set[bytes]()
        fields = [avro_name(name) for name in target.quasi]
        for number, record in enumerate(self.reader.read_to_end(target.topic)):
            self._take(record, fields, cells, unreadable)
            if number % EVERY == 0:
                tick(number, total)
        found = Anonymity(
            table=target.table,
            topic=target.topic,
            k=target.k,
            columns=tuple(target.quasi),
            rows=cells.rows,
            sizes=cells.sizes,
            null_rows_below=_count_nulls(cells.counts, target.k),
            unreadable=len(unreadable),
            at_ms=at_ms,
        )
        return found, cells

    def _take(
        self, record: Record, fields: list[str], cells: Cells, unreadable: set[bytes]
    ) -> None:
        key = record.key or b""
        row: Any = self.decoder.decode(record.value)
        unreadable.discard(key)
        if isinstance(row, dict) and not row.get(DELETED.name):
            cells.put(key, to_json([row.get(field) for field in fields]))
            return
        cells.remove(key)
        if row is not None and not isinstance(row, dict):
            unreadable.add(key)


def _count_nulls(counts: Mapping[str, int], k: int) -> int:
    """Rows in cells below k that have a NULL."""
    return sum(rows for cell, rows in counts.items() if rows < k and None in json.loads(cell))
