"""Waiting for a condition, never for a while."""

import time
from collections.abc import Callable

POLL_S = 0.05


def wait_until(
    condition: Callable[[], object], deadline_s: float, *, poll_s: float = POLL_S
) -> bool:
    """Ask `condition` until it is truthy; False when `deadline_s` seconds have passed before.

    What `condition` raises ends the wait.
    """
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(poll_s)
    return True
