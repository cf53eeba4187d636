from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.relay.latency import WINDOW_S, Latencies

NOW_US = 1_700_000_000_000_000
MS = 1000


@given(st.lists(st.integers(1, 86_000_000), min_size=1, max_size=200))
def test_percentiles_are_at_most_an_eighth_too_high(took_ms: list[int]) -> None:
    """Never too low: what is promised to a person is a bound."""
    latencies = Latencies(lambda: 0.0)
    latencies.add(NOW_US - np.array(took_ms, np.int64) * MS, NOW_US)
    ordered = sorted(took_ms)
    for name, quantile in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        exact = ordered[int(np.ceil(quantile * len(ordered))) - 1]
        assert exact * 0.999 <= latencies.percentiles()[name] <= exact * 1.13 + 0.1


def test_only_the_last_minute_counts() -> None:
    """An old burst is forgotten; with nothing left there is nothing to say."""
    now = [0.0]
    latencies = Latencies(lambda: now[0])
    latencies.add(np.array([NOW_US - 5000 * MS]), NOW_US)
    now[0] = WINDOW_S / 2
    latencies.add(np.array([NOW_US - 10 * MS]), NOW_US)
    assert latencies.percentiles()["p99"] >= 5000
    now[0] = WINDOW_S + 1
    assert latencies.percentiles()["p99"] == pytest.approx(10, rel=0.13)
    now[0] = 2 * WINDOW_S
    assert latencies.percentiles() == {}


def test_unknown_times_and_clocks_that_are_behind() -> None:
    """An event without a time is left out; one from the future took no time at all."""
    latencies = Latencies(lambda: 0.0)
    latencies.add(np.array([0, 0], np.int64), NOW_US)
    assert latencies.percentiles() == {}
    latencies.add(np.array([NOW_US + 1000 * MS]), NOW_US)
    assert latencies.percentiles() == {"p50": 1.0, "p95": 1.0, "p99": 1.0}
