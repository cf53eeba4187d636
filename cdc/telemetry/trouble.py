"""A trouble that lasts is said once, then every `REMIND_S`, and once more when it is over.

Enters: every failed and every successful try. Leaves: log lines, few enough to be read.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from cdc.telemetry.logs import Log

REMIND_S = 30.0
_LASTS = ""


class Pace:
    """Lets each saying through once in `every_s`; `now` gives seconds and never goes back."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, every_s: float = REMIND_S
    ) -> None:
        self._now = now
        self._every_s = every_s
        self._said_at: dict[str, float] = {}

    def is_due(self, saying: str) -> bool:
        """Whether to say it now; it then counts as said."""
        now = self._now()
        for old in [it for it, at in self._said_at.items() if now - at >= self._every_s]:
            del self._said_at[old]
        if saying in self._said_at:
            return False
        self._said_at[saying] = now
        return True


class Trouble:
    """Tries that fail, from the first until one succeeds: one trouble, whatever each of them says.

    `hint` is the next step where an error brings none.
    """

    def __init__(self, log: Log, hint: str, now: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._hint = hint
        self._now = now
        self._pace = Pace(now)
        self._since: float | None = None
        self._tries = 0
        self._is_said = False

    def say(self, event: str, message: str, hint: str = "") -> None:
        """One more try has failed."""
        is_first = self._since is None
        if self._since is None:
            self._since, self._tries, self._is_said = self._now(), 0, False
        self._tries += 1
        if not self._pace.is_due(message if is_first else _LASTS):
            return
        if is_first:
            self._pace.is_due(_LASTS)
        self._is_said = True
        lasted_s = round(self._now() - self._since, 1)
        self._log.warning(
            event, message=message, hint=hint or self._hint, for_s=lasted_s, tries=self._tries
        )

    def over(self, event: str) -> None:
        """A try has succeeded; said only if its trouble was."""
        if self._since is None:
            return
        if self._is_said:
            self._log.info(event, after_s=round(self._now() - self._since, 1), tries=self._tries)
        self._since = None
