"""The count, again and again, beside the service: the last result, metrics, a warning below k."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from cdc.anonymity.counting import CellCounter
from cdc.anonymity.report import Anonymity
from cdc.anonymity.targets import Target
from cdc.errors import HeadworksError
from cdc.telemetry.logs import get_log
from cdc.telemetry.metrics import (
    K_BELOW,
    K_CELL,
    K_COUNTED,
    K_ROWS_BELOW,
    Metrics,
)

_LOG = get_log("cdc.anonymity")
_MS_PER_S = 1000

GRACE_S = 3.0
"""So long a count under way may take to notice that it is to stop."""


class _StoppedError(Exception):
    """The service stops, in the middle of a count."""


class AnonymityWatch:
    """Counts every `every_s` seconds in a thread of its own; 0: never.

    `targets` is asked each time, so that an edit of a policy is followed. What cannot be counted
    is logged, and the count before it stays.
    """

    def __init__(
        self,
        targets: Callable[[], Sequence[Target]],
        counter: CellCounter,
        metrics: Metrics,
        every_s: float,
    ) -> None:
        self._targets = targets
        self._counter = counter
        self._metrics = metrics
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="anonymity", daemon=True)
        self._last: Mapping[str, Anonymity] = {}

    def start(self) -> None:
        """Count now and from now on; returns at once."""
        if self._every_s:
            self._thread.start()

    def stop(self) -> None:
        """Begin no further count, and give up one under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(GRACE_S)

    def last(self) -> list[Mapping[str, object]]:
        """The last count of each topic."""
        return [found.summary() for found in self._last.values()]

    def look(self) -> None:
        """Count every target once."""
        try:
            targets = self._targets()
        except HeadworksError as error:
            _LOG.warning("k_not_counted", message=error.message, hint=error.hint)
            return
        found = {target.topic: self._count(target) for target in targets}
        self._last = {topic: it for topic, it in found.items() if it is not None}
        self._tell()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except _StoppedError:
                return
            except Exception as error:  # noqa: BLE001 (its text may quote a row; the watch goes on)
                _LOG.error("k_watch_failed", error=type(error).__name__)
            if self._stop.wait(self._every_s):
                return

    def _count(self, target: Target) -> Anonymity | None:
        try:
            return self._counter.count(target, self._tick)
        except HeadworksError as error:
            _LOG.warning(
                "k_not_counted", topic=target.topic, message=error.message, hint=error.hint
            )
            return self._last.get(target.topic)

    def _tick(self, _done: int, _total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def _tell(self) -> None:
        for metric in (K_CELL, K_ROWS_BELOW, K_BELOW, K_COUNTED):
            self._metrics.forget(metric)
        for topic, found in self._last.items():
            self._metrics.set(K_CELL, found.smallest, topic=topic)
            self._metrics.set(K_ROWS_BELOW, found.rows_below, topic=topic)
            self._metrics.set(K_BELOW, not found.ok, topic=topic)
            self._metrics.set(K_COUNTED, found.at_ms / _MS_PER_S, topic=topic)
            if not found.ok:
                _warn(found)


def _warn(found: Anonymity) -> None:
    _LOG.warning(
        "below_k",
        topic=found.topic,
        k=found.k,
        smallest_cell=found.smallest,
        cells_below=found.cells_below,
        rows_below=found.rows_below,
        unreadable=found.unreadable,
        hint=f"cdc policies k {found.table}",
    )
