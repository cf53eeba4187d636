"""What apply would do: three sides compared (the file, the last apply, Connect), nothing touched.

A key is in order when file and Connect agree, or when neither has moved since the last apply: so
what a worker adds or masks by itself is no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cdc.connect.applied import LastApplied
from cdc.connect.desired import DesiredConnector
from cdc.connect.secrets import Fingerprint, show_value
from cdc.connect.states import LiveConnector

Cause = Literal["file", "live", "both", "new"]
Action = Literal["create", "update", "restart", "pause", "resume", "stop", "delete", "none"]
_VERBS: Mapping[str, Action] = {"running": "resume", "paused": "pause", "stopped": "stop"}


@dataclass(frozen=True, slots=True)
class Change:
    """A key that would get another value; None: absent. `cause` says which side has moved."""

    key: str
    live: str | None
    wanted: str | None
    cause: Cause


@dataclass(frozen=True, slots=True)
class SecretState:
    """A secret that is not known to be the same; fingerprints and reasons, never values."""

    key: str
    status: Literal["changed", "unknown"]
    before: str = ""
    now: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """What would be done to one connector; `wanted` is None for one to delete.

    `state` is (now, wanted) where the two differ.
    """

    name: str
    wanted: DesiredConnector | None
    changes: tuple[Change, ...] = ()
    secrets: tuple[SecretState, ...] = ()
    state: tuple[str, str] | None = None
    failed: str = ""
    is_new: bool = False

    @property
    def actions(self) -> tuple[Action, ...]:
        """The steps, in order; empty when there is nothing to do."""
        if self.wanted is None:
            return ("delete",)
        if self.is_new:
            return ("create",)
        moved: tuple[Action, ...] = (_VERBS[self.state[1]],) if self.state else ()
        if self.changes:
            # One that shall not run is halted first: it never starts with its new configuration.
            return ("update", *moved) if moved == ("resume",) else (*moved, "update")
        if self.wanted.state == "running" and not moved and (self.failed or self.secret_changed):
            return ("restart",)
        return moved

    @property
    def secret_changed(self) -> bool:
        """A secret is another one than at the last apply."""
        return any(secret.status == "changed" for secret in self.secrets)

    @property
    def is_drift(self) -> bool:
        """There is something to do."""
        return bool(self.actions) or self.secret_changed


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it, in the order of the files; `orphans` were applied once and have no file now."""

    connectors: tuple[ConnectorPlan, ...]
    orphans: tuple[str, ...] = ()

    @property
    def is_drift(self) -> bool:
        """There is something to do."""
        return any(one.is_drift for one in self.connectors)


@dataclass(frozen=True, slots=True)
class Sides:
    """What is known beside the files: Connect's connectors, the last applies, both by name."""

    live: Mapping[str, LiveConnector]
    applied: Mapping[str, LastApplied]


def plan_connector(
    wanted: DesiredConnector, sides: Sides, fingerprints: Mapping[str, Fingerprint]
) -> ConnectorPlan:
    """Compare one connector's three sides; `fingerprints` are those of its secrets now."""
    live, last = sides.live.get(wanted.name), sides.applied.get(wanted.name)
    if live is None:
        changes = tuple(Change(key, None, value, "new") for key, value in wanted.config.items())
        return ConnectorPlan(wanted.name, wanted, changes, is_new=True)
    before = last.fingerprints if last else {}
    now = live.state.target
    return ConnectorPlan(
        wanted.name,
        wanted,
        tuple(_changes(wanted.config, live.config, last)),
        tuple(_secrets(fingerprints, before)),
        None if now == wanted.state else (now, wanted.state),
        live.state.reason or "a part of it has failed" if live.state.has_failed else "",
    )


def _changes(
    wanted: Mapping[str, str], live: Mapping[str, str], last: LastApplied | None
) -> Sequence[Change]:
    return [
        Change(key, live.get(key), wanted.get(key), _cause(key, wanted, live, last))
        for key in sorted({*wanted, *live})
        if not _is_in_order(key, wanted, live, last)
    ]


def _is_in_order(
    key: str, wanted: Mapping[str, str], live: Mapping[str, str], last: LastApplied | None
) -> bool:
    if wanted.get(key) == live.get(key):
        return True
    return last is not None and _moved(key, wanted, live, last) == (False, False)


def _cause(
    key: str, wanted: Mapping[str, str], live: Mapping[str, str], last: LastApplied | None
) -> Cause:
    if last is None:
        return "new"
    return "both" if all(_moved(key, wanted, live, last)) else _one_cause(key, wanted, last)


def _one_cause(key: str, wanted: Mapping[str, str], last: LastApplied) -> Cause:
    return "live" if wanted.get(key) == last.wanted.get(key) else "file"


def _moved(
    key: str, wanted: Mapping[str, str], live: Mapping[str, str], last: LastApplied
) -> tuple[bool, bool]:
    """Whether the file, and whether Connect, has another value than at the last apply."""
    return wanted.get(key) != last.wanted.get(key), live.get(key) != last.live.get(key)


def _secrets(
    now: Mapping[str, Fingerprint], before: Mapping[str, Fingerprint]
) -> Sequence[SecretState]:
    states = []
    for key, mark in now.items():
        old = before.get(key)
        match mark.compare(old):
            case "changed":
                states.append(SecretState(key, "changed", old.digest if old else "", mark.digest))
            case "unknown":
                states.append(SecretState(key, "unknown", reason=_why_unknown(mark, old)))
    return states


def hide_values(plan: ConnectorPlan, passwords: frozenset[str]) -> ConnectorPlan:
    """The same with what may not be shown hidden; `passwords` are keys that the class declares."""

    def hide(key: str, value: str | None) -> str | None:
        return None if value is None else show_value(key, value, passwords)

    changes = (
        replace(one, live=hide(one.key, one.live), wanted=hide(one.key, one.wanted))
        for one in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _why_unknown(mark: Fingerprint, old: Fingerprint | None) -> str:
    if mark.reason:
        return mark.reason
    if old is None:
        return "never applied from here"
    return old.reason or "the last apply was made with another fingerprint key"
