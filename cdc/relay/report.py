"""What the relay says of itself: counters after each commit, `_cdc.status` every 2 s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cdc import __version__
from cdc.control.status import PERIOD_S, RelayStatus, status_key, status_value
from cdc.kafka.port import TopicPartition
from cdc.relay.latency import Latencies
from cdc.relay.ports import Clock, Ports
from cdc.relay.table import Table
from cdc.relay.work import Tally, Work
from cdc.telemetry.metrics import (
    DEAD_LETTERS,
    EPOCH,
    EVENTS,
    LAG,
    LATENCY,
    OPEN_LETTERS,
    REPAIRED,
    ROUND_EVENTS,
    ROUND_SECONDS,
    STOPPED,
    TABLES,
    TRANSACTIONS,
    WITHHELD,
    Metrics,
)

US_PER_MS = 1000
MS_PER_S = 1000


class Report:
    """Counts committed work and tells it."""

    def __init__(self, group: str, instance: int, ports: Ports) -> None:
        self._group = group
        self._instance = instance
        self._source = ports.source
        self._metrics: Metrics = ports.metrics
        self._clock: Clock = ports.clock
        self._latencies = Latencies(ports.clock.now)
        self._started_ms = ports.clock.wall_ms()
        self._events = 0
        self._said_at = float("-inf")
        self._said_events = 0

    @property
    def key(self) -> bytes:
        """This relay's key in `_cdc.status`."""
        return status_key(self._group, self._instance)

    @property
    def due(self) -> bool:
        """Whether it is time to speak again."""
        return self._clock.now() - self._said_at >= PERIOD_S

    def say(self, tables: Mapping[TopicPartition, Table]) -> bytes:
        """The status as it is now; gauges follow."""
        lags = self._lags(tables.values())
        status = RelayStatus(
            __version__,
            self._group,
            self._instance,
            self._clock.wall_ms(),
            self._started_ms,
            self._rate(),
            tuple(table.status(lags.get(at, 0)) for at, table in sorted(tables.items())),
            self._latencies.percentiles(),
        )
        self._gauge(tables.values(), lags)
        for name, latency_ms in status.latency_ms.items():
            self._metrics.set(LATENCY, latency_ms / MS_PER_S, quantile=name)
        return status_value(status)

    def count(self, work: Work, tables: Mapping[TopicPartition, Table], seconds: float) -> None:
        """A round has been committed."""
        self._metrics.add(TRANSACTIONS, outcome="committed")
        events = sum(self._count(tables[at], tally) for at, tally in work.tallies.items())
        self._events += events
        now_us = self._clock.wall_ms() * US_PER_MS
        for tally in work.tallies.values():
            for source_ts_us in tally.source_ts_us:
                self._latencies.add(source_ts_us, now_us)
        if events:
            self._metrics.observe(ROUND_SECONDS, seconds)
            self._metrics.observe(ROUND_EVENTS, events)

    def count_aborted(self) -> None:
        """A transaction has been aborted."""
        self._metrics.add(TRANSACTIONS, outcome="aborted")

    def _count(self, table: Table, tally: Tally) -> int:
        dead = tally.dead.total()
        outcomes = {
            ("governed", "fast"): tally.governed - tally.slow,
            ("governed", "slow"): tally.slow,
            ("skipped", "fast"): tally.skipped,
            ("dead", "slow"): dead,
        }
        for (outcome, path), amount in outcomes.items():
            self._metrics.add(EVENTS, amount, table=table.name, outcome=outcome, path=path)
        for reason, amount in tally.dead.items():
            self._metrics.add(DEAD_LETTERS, amount, table=table.name, reason=reason)
        for column, amount in tally.repaired.items():
            self._metrics.add(REPAIRED, amount, table=table.name, column=column)
        events = sum(outcomes.values())
        table.events += events
        table.dead_letters += dead
        table.slow += tally.slow + dead
        table.repaired.update(tally.repaired)
        return events

    def _lags(self, tables: Iterable[Table]) -> Mapping[TopicPartition, int]:
        """In raw offsets; of a table that stands still up to the end that a look has told."""
        standing = [table for table in tables if table.halt is not None]
        return {**self._source.lag(), **{it.at: max(0, it.end - it.position) for it in standing}}

    def _rate(self) -> float:
        now = self._clock.now()
        passed = now - self._said_at
        rate = (self._events - self._said_events) / passed
        self._said_at, self._said_events = now, self._events
        return round(rate, 1)

    def _gauge(self, tables: Iterable[Table], lags: Mapping[TopicPartition, int]) -> None:
        for metric in (LAG, LATENCY, STOPPED, WITHHELD, EPOCH, OPEN_LETTERS):
            self._metrics.forget(metric)
        owned = list(tables)
        self._metrics.set(TABLES, len(owned))
        for table in owned:
            self._metrics.set(LAG, lags.get(table.at, 0), table=table.name)
            self._metrics.set(EPOCH, table.epoch, table=table.name)
            self._metrics.set(OPEN_LETTERS, len(table.letters), table=table.name)
            if table.shown is not None:
                self._metrics.set(STOPPED, 1, table=table.name, code=table.shown.code)
            if table.program is not None:
                self._metrics.set(WITHHELD, len(table.program.withheld), table=table.name)
