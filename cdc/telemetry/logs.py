"""Log lines: one event a line, to stderr; the only door to structlog.

`key=value` on a terminal, JSON everywhere else. An event's name is a constant in snake_case, what
it is about goes into the keys: topics, tables, columns, codes, counts, times; never a row's value.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

Log = structlog.typing.FilteringBoundLogger


def get_log(name: str) -> Log:
    """The log of one room; set up by `configure_logs`, at whatever time that is called."""
    log: Log = structlog.get_logger(room=name)
    return log


def configure_logs(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write lines of `level` and above to `stream` (default: stderr)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.ExceptionRenderer(),
            _renderer(terminal=(stream or sys.stderr).isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
        # Modules take their log at import, before this call: they must not keep the first set-up.
        cache_logger_on_first_use=False,
    )


def _renderer(*, terminal: bool) -> Any:
    if terminal:
        return structlog.processors.LogfmtRenderer(key_order=["at", "level", "event"])
    return structlog.processors.JSONRenderer(sort_keys=False)


# structlog's own default prints everything to stdout, into the data of `cdc topics tail`.
configure_logs(level=logging.WARNING)
