"""A fenced member of a group: was it fenced by another process, or by the broker's own crash?

A broker that comes back from a crash can take a static member, whose join it has half forgotten,
for the successor of itself, and fences it (seen on Kafka 4.3: about one crash in three). Such a
fencing follows a lost connection; one by another process does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from confluent_kafka import KafkaError

TROUBLE_S = 60.0
"""How long after a lost connection a fencing counts as the broker's doing."""
AGAIN_S = 120.0
"""Fenced again within this time, it is another process all the same."""
_TROUBLE = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)  # noqa: SLF001 (the client's names)


class Membership:
    """Remembers lost connections; `now` gives seconds and never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._trouble_at = self._joined_again_at = float("-inf")

    def hear(self, error: KafkaError) -> None:
        """What the client says of its connections."""
        if error.code() in _TROUBLE:
            self._trouble_at = self._now()

    def may_join_again(self) -> bool:
        """Whether the fenced member should come back; asked once for each fencing."""
        now = self._now()
        was_broker = now - self._trouble_at < TROUBLE_S and now - self._joined_again_at >= AGAIN_S
        if was_broker:
            self._joined_again_at = now
        return was_broker
