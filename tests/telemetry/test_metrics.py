from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cdc.telemetry.metrics import EVENTS, LAG, METRICS, ROUND_SECONDS, Kind, Metric, Metrics


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_explains_itself(metric: Metric) -> None:
    """Prefix, meaning, and the ending that its kind asks for."""
    assert metric.name.startswith("cdc_")
    assert metric.help
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert bool(metric.buckets) is (metric.kind is Kind.HISTOGRAM)


def test_names_are_unique() -> None:
    """One row a metric."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)


def test_values_are_rendered_as_prometheus_reads_them() -> None:
    """Counter, gauge and histogram, with their labels."""
    metrics = Metrics()
    metrics.add(EVENTS, 3, table="shop.users", outcome="governed", path="fast")
    metrics.add(EVENTS, table="shop.users", outcome="governed", path="fast")
    metrics.set(LAG, 7, table="shop.users")
    metrics.observe(ROUND_SECONDS, 0.003)

    families = text_string_to_metric_families(metrics.render().decode())
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    assert samples["cdc_relay_events_total"] == 4
    assert samples["cdc_relay_lag"] == 7
    assert samples["cdc_relay_round_seconds_count"] == 1
    assert metrics.value(EVENTS, table="shop.users", outcome="governed", path="fast") == 4
    assert metrics.value(EVENTS, table="shop.users", outcome="dead", path="slow") == 0


def test_children_that_went_away_are_forgotten() -> None:
    """A revoked table's lag must not stay for ever."""
    metrics = Metrics()
    metrics.set(LAG, 7, table="shop.users")
    metrics.forget(LAG)
    assert b"shop.users" not in metrics.render()
