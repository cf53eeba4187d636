"""How long a change takes from its commit in MySQL until it is readable, governed.

Counted in buckets that grow by an eighth each, so that a batch costs one search in a sorted array.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

import numpy as np

from cdc.column import IntArray

WINDOW_S = 60.0
QUANTILES: Mapping[str, float] = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_US_PER_MS = 1000
_BOUNDS_US = np.geomspace(_US_PER_MS, 86_400_000_000, 156).astype(np.int64)
"""1 ms to a day."""


class Latencies:
    """Of the last minute's events; `now` in seconds, never going back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._counted: deque[tuple[float, IntArray]] = deque()

    def add(self, source_ts_us: IntArray, now_us: int) -> None:
        """Events committed at these times (µs since 1970; 0: not known) are readable now."""
        known = source_ts_us[source_ts_us > 0]
        if len(known):
            places = np.searchsorted(_BOUNDS_US, now_us - known)
            counts = np.bincount(places, minlength=len(_BOUNDS_US) + 1)
            self._counted.append((self._now(), counts))

    def percentiles(self) -> dict[str, float]:
        """By name, ms: each at most an eighth too high; empty where nothing has passed."""
        while self._counted and self._counted[0][0] < self._now() - WINDOW_S:
            self._counted.popleft()
        if not self._counted:
            return {}
        reached = np.cumsum(np.sum([counts for _, counts in self._counted], axis=0))
        bounds = np.append(_BOUNDS_US, _BOUNDS_US[-1]) / _US_PER_MS
        return {
            name: round(float(bounds[np.searchsorted(reached, quantile * reached[-1])]), 1)
            for name, quantile in QUANTILES.items()
        }
