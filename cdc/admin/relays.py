"""Relays as they are shown: their last word, and whether they still speak."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from cdc.control.status import SILENT_AFTER_S, RelayStatus


def show_relays(statuses: Mapping[str, RelayStatus], now_ms: int) -> Sequence[Mapping[str, object]]:
    """A row for each relay: `name`, `state` (running, silent), `silent_s` and its last status."""
    return [_row(name, status, status.silent_s(now_ms)) for name, status in statuses.items()]


def _row(name: str, status: RelayStatus, silent_s: float) -> Mapping[str, object]:
    state = "silent" if silent_s > SILENT_AFTER_S else "running"
    return {"name": name, "state": state, "silent_s": silent_s, **asdict(status)}
