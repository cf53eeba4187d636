"""Starting failed tasks again by itself: after a wait that doubles, and not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cdc.connect.client import ConnectClient
from cdc.connect.states import ConnectorState, read_live
from cdc.errors import HeadworksError
from cdc.telemetry.logs import get_log
from cdc.telemetry.metrics import CONNECTOR_FAILED, CONNECTOR_RESTARTS, Metrics

POLL_S = 5.0
_LOG = get_log("cdc.connect")


@dataclass(slots=True)
class _Trial:
    """What has been tried for one connector; times are monotonic seconds."""

    count: int
    next_at: float
    healthy_since: float | None = None


class Backoff:
    """Which failed connectors are due: at most `limit` times in a row (0: never).

    The first time `backoff_s` seconds after the failure was seen, then after twice as long each
    time. A connector that has run as long as its last wait begins anew.
    """

    def __init__(self, limit: int, backoff_s: float) -> None:
        self._limit = limit
        self._backoff_s = backoff_s
        self._trials: dict[str, _Trial] = {}

    def find_due(self, states: Iterable[ConnectorState], now: float) -> list[tuple[str, int]]:
        """Connectors to restart now, each with the number of the attempt."""
        due = []
        for state in states:
            if not state.has_failed:
                self._note_health(state.name, now)
                continue
            trial = self._trials.setdefault(state.name, _Trial(0, now + self._backoff_s))
            trial.healthy_since = None
            if trial.count < self._limit and now >= trial.next_at:
                trial.count += 1
                trial.next_at = now + self._backoff_s * 2**trial.count
                due.append((state.name, trial.count))
        return due

    def _note_health(self, name: str, now: float) -> None:
        trial = self._trials.get(name)
        if trial is None:
            return
        if trial.healthy_since is None:
            trial.healthy_since = now
        if now - trial.healthy_since >= self._backoff_s * 2**trial.count:
            del self._trials[name]


class Restarter:
    """Watches a Connect cluster in a thread of its own and restarts what has failed."""

    def __init__(
        self,
        client: ConnectClient,
        backoff: Backoff,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._backoff = backoff
        self._metrics = metrics
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="connector-restarts", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End it; returns when nothing more will be asked of Connect."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_S):
            self.look()

    def look(self) -> None:
        """One round; a Connect that does not answer is left for the next one."""
        try:
            states = [live.state for live in read_live(self._client).values()]
            self._metrics.forget(CONNECTOR_FAILED)
            for state in states:
                self._metrics.set(CONNECTOR_FAILED, state.has_failed, connector=state.name)
            for name, attempt in self._backoff.find_due(states, self._clock()):
                _LOG.warning("connector_restarted", connector=name, attempt=attempt)
                self._metrics.add(CONNECTOR_RESTARTS, connector=name)
                self._client.restart(name)
        except HeadworksError as error:
            _LOG.debug("connect_not_watched", reason=type(error).__name__)
