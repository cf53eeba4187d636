"""Every metric there is, as data: the only door to prometheus-client.

Values are added per batch, never per event. Labels are names (tables, columns, reasons), never
values of rows. `METRICS` is what the docs and the tests walk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Kind(Enum):
    """What a metric does over time."""

    COUNTER = Counter
    GAUGE = Gauge
    HISTOGRAM = Histogram


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name as scraped, kind, meaning (with unit), labels, bucket bounds."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


EVENTS = Metric(
    "cdc_relay_events_total",
    Kind.COUNTER,
    "raw events by what became of them: governed, dead (letter), skipped (Kafka tombstone); and by"
    " which path: fast (kernels) or slow (event by event)",
    ("table", "outcome", "path"),
)
DEAD_LETTERS = Metric(
    "cdc_relay_dead_letters_total", Kind.COUNTER, "dead letters", ("table", "reason")
)
OPEN_LETTERS = Metric(
    "cdc_relay_open_dead_letters",
    Kind.GAUGE,
    "dead letters neither replayed, superseded nor purged",
    ("table",),
)
REPAIRED = Metric(
    "cdc_relay_repaired_values_total",
    Kind.COUNTER,
    "values that had to be changed to reach their canonical form",
    ("table", "column"),
)
TRANSACTIONS = Metric(
    "cdc_relay_transactions_total", Kind.COUNTER, "Kafka transactions", ("outcome",)
)
ROUND_SECONDS = Metric(
    "cdc_relay_round_seconds",
    Kind.HISTOGRAM,
    "from a batch in hand to its commit, seconds",
    (),
    (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
ROUND_EVENTS = Metric(
    "cdc_relay_round_events",
    Kind.HISTOGRAM,
    "events in one transaction",
    (),
    (1, 10, 50, 100, 500, 1000, 2000, 5000, 10_000, 50_000),
)
LAG = Metric("cdc_relay_lag", Kind.GAUGE, "raw offsets not yet relayed", ("table",))
LATENCY = Metric(
    "cdc_relay_latency_seconds",
    Kind.GAUGE,
    "from commit in MySQL to readable governed record, last minute (p50, p95, p99)",
    ("quantile",),
)
STOPPED = Metric(
    "cdc_relay_table_stopped", Kind.GAUGE, "1 while a table is stopped or waits", ("table", "code")
)
WITHHELD = Metric(
    "cdc_relay_withheld_columns",
    Kind.GAUGE,
    "columns without a rule, which therefore do not leave",
    ("table",),
)
EPOCH = Metric(
    "cdc_relay_epoch", Kind.GAUGE, "rises when the raw topic is created anew", ("table",)
)
TABLES = Metric("cdc_relay_tables", Kind.GAUGE, "raw topics assigned to this relay")
DEPENDENCY_UP = Metric(
    "cdc_dependency_up",
    Kind.GAUGE,
    "1 where `cdc serve` found it answering when readiness was last asked for, else 0",
    ("name",),
)
K_CELL = Metric(
    "cdc_anonymity_smallest_cell",
    Kind.GAUGE,
    "rows in the smallest cell of quasi-identifiers when last counted",
    ("topic",),
)
K_ROWS_BELOW = Metric(
    "cdc_anonymity_rows_below_k",
    Kind.GAUGE,
    "rows in cells of fewer than the policy's k when last counted",
    ("topic",),
)
K_BELOW = Metric(
    "cdc_anonymity_below_k",
    Kind.GAUGE,
    "1 where rows are below k or records could not be counted, else 0: alert on it",
    ("topic",),
)
K_COUNTED = Metric(
    "cdc_anonymity_counted_seconds",
    Kind.GAUGE,
    "when the last count began, seconds since 1970",
    ("topic",),
)

CONNECTOR_FAILED = Metric(
    "cdc_connector_failed",
    Kind.GAUGE,
    "1 while a connector or a task of it has failed, as `cdc serve` sees it, else 0",
    ("connector",),
)
CONNECTOR_RESTARTS = Metric(
    "cdc_connector_restarts_total",
    Kind.COUNTER,
    "restarts of failed tasks by `cdc serve`",
    ("connector",),
)

METRICS: Sequence[Metric] = (
    EVENTS,
    DEAD_LETTERS,
    OPEN_LETTERS,
    REPAIRED,
    TRANSACTIONS,
    ROUND_SECONDS,
    ROUND_EVENTS,
    LAG,
    LATENCY,
    STOPPED,
    WITHHELD,
    EPOCH,
    TABLES,
    DEPENDENCY_UP,
    K_CELL,
    K_ROWS_BELOW,
    K_BELOW,
    K_COUNTED,
    CONNECTOR_FAILED,
    CONNECTOR_RESTARTS,
)


class Metrics:
    """The metrics of one process (or one test): `METRICS`, each starting at nothing."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._collectors = {metric: self._register(metric) for metric in METRICS}

    def add(self, metric: Metric, amount: float = 1, **labels: str) -> None:
        """Raise a counter."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, **labels: str) -> None:
        """Move a gauge."""
        self._child(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        self._child(metric, labels).observe(value)

    def forget(self, metric: Metric) -> None:
        """Drop all children of a gauge whose labels come and go."""
        self._collectors[metric].clear()

    def value(self, metric: Metric, **labels: str) -> float:
        """A counter's or gauge's present value; 0 where there is none."""
        return self._registry.get_sample_value(metric.name, labels) or 0.0

    def render(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self._registry)

    def _register(self, metric: Metric) -> Counter | Gauge | Histogram:
        more = {"buckets": metric.buckets} if metric.buckets else {}
        collector: Counter | Gauge | Histogram = metric.kind.value(
            metric.name, metric.help, metric.labels, registry=self._registry, **more
        )
        return collector

    def _child(self, metric: Metric, labels: dict[str, str]) -> Any:
        collector = self._collectors[metric]
        return collector.labels(**labels) if metric.labels else collector
