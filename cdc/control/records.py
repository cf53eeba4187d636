"""What both control topics share: keyed JSON records, the last one of a key counts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import orjson


class KeyedValue(Protocol):
    """A record as far as this room looks at it."""

    @property
    def key(self) -> bytes | None:
        """Text."""

    @property
    def value(self) -> bytes | None:
        """JSON; None takes the key back."""


def latest_values(records: Iterable[KeyedValue]) -> dict[str, dict[str, Any]]:
    """The last value of each key; what is not of this form (a later version's) is passed over."""
    values: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.key is None:
            continue
        key = record.key.decode(errors="replace")
        value = _object(record.value)
        if value is None:
            values.pop(key, None)
        else:
            values[key] = value
    return values


def _object(value: bytes | None) -> dict[str, Any] | None:
    if value is None:
        return None
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None
