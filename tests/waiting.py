"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], deadline_s: float = 30.0, what: str = "") -> None:
    """Poll until `condition` holds; fail with what it was waiting for."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            name = what or getattr(condition, "__name__", "condition")
            raise AssertionError(f"not within {deadline_s:g} s: {name}")
        time.sleep(0.05)
