"""The dead-letter limit: a table that buries too many events stops instead of being drained."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from cdc.config import RelaySettings
from cdc.errors import TableStopped
from cdc.event import Reject
from cdc.kafka.port import TopicPartition
from cdc.relay.ports import Clock
from cdc.relay.table import Table
from cdc.relay.work import Work

MOST_OPEN = 10_000
"""Open letters of one table: they are in memory, and in `_cdc.state`, which is read whole."""


class DeadLetterLimit:
    """Counts each table's committed letters of the last `dead_letter_window_s` seconds."""

    def __init__(self, settings: RelaySettings, clock: Clock) -> None:
        self._most = settings.dead_letter_limit
        self._window_s = settings.dead_letter_window_s
        self._clock = clock
        self._buried: dict[TopicPartition, deque[tuple[float, int]]] = {}

    def find_cut(self, table: Table, work: Work, rejects: Sequence[Reject]) -> int | None:
        """Place of the event whose letter would be one too many; None where all may be written."""
        if not rejects:
            return None
        left = self._left(table, work)
        return sorted(it.index for it in rejects)[left] if len(rejects) > left else None

    def reached(self, table: Table) -> TableStopped:
        """Why the table stops."""
        reasons = Counter(letter.reason for letter in table.letters).most_common(1)
        mostly = f", mostly `{reasons[0][0]}`" if reasons else ""
        many = (
            f"{MOST_OPEN:,} dead letters are open"
            if len(table.letters) >= MOST_OPEN
            else f"{self._most:,} dead letters within {self._window_s:g} s"
        )
        return TableStopped(
            "dead_letter_limit",
            f"{table.name}: {many}{mostly}",
            hint=f"cdc dlq list --table {table.name}; correct the cause, then "
            f"cdc relay resume {table.name}",
        )

    def committed(self, work: Work) -> None:
        """A round has been committed."""
        for at, tally in work.tallies.items():
            if buried := tally.dead.total():
                self._buried.setdefault(at, deque()).append((self._clock.now(), buried))

    def forget(self, at: TopicPartition) -> None:
        """Start counting anew."""
        self._buried.pop(at, None)

    def _left(self, table: Table, work: Work) -> int:
        buried = self._buried.get(table.at, deque())
        while buried and buried[0][0] <= self._clock.now() - self._window_s:
            buried.popleft()
        counted = sum(count for _, count in buried) + work.tally(table.at).dead.total()
        return max(0, min(self._most - counted, MOST_OPEN - len(table.letters)))
