"""Plans and progress as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cdc.connect.plan import Change, ConnectorPlan, Plan
    from cdc.connect.progress import SnapshotProgress

CAUSES: Mapping[str, str] = {
    "file": "  changed in the file:",
    "live": "  changed in Connect:",
    "both": "  changed in the file and in Connect:",
    "new": "",
}
BAR = 20
COLOURS: Mapping[str, str] = {"+": "green", "-": "red", "~": "yellow", "*": "yellow", "?": "cyan"}


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan for a script; keys are only ever added."""
    return {
        "drift": plan.is_drift,
        "connectors": [_connector_json(one) for one in plan.connectors],
        "orphans": list(plan.orphans),
    }


def _connector_json(one: ConnectorPlan) -> dict[str, Any]:
    return {
        "name": one.name,
        "file": str(one.wanted.file) if one.wanted else None,
        "drift": one.is_drift,
        "actions": list(one.actions),
        "changes": [asdict(change) for change in one.changes],
        "secrets": [asdict(secret) for secret in one.secrets],
        "state": {"live": one.state[0], "wanted": one.state[1]} if one.state else None,
        "failed": one.failed,
    }


def plan_text(plan: Plan, *, has_colours: bool) -> str:
    """A plan for a person."""
    lines = [line for one in plan.connectors for line in _connector_lines(one)]
    lines += [
        f"- {name}: applied before, its file is gone (--prune deletes it)" for name in plan.orphans
    ]
    moved = sum(one.is_drift for one in plan.connectors)
    in_order = len(plan.connectors) - moved
    lines.append(f"plan: {moved or 'nothing'} to do, {in_order} in order")
    return "\n".join(_paint(line) if has_colours else line for line in lines)


def _connector_lines(one: ConnectorPlan) -> Iterator[str]:
    secrets = list(_secret_lines(one))
    if not one.is_drift and not secrets:
        return
    what = ", ".join(one.actions) or ("remember its secret" if one.is_drift else "in order")
    yield f"{one.name}{f' ({one.wanted.file})' if one.wanted else ''}: {what}"
    for cause, changes in groupby(sorted(one.changes, key=_cause_of), key=_cause_of):
        yield from filter(None, [CAUSES[cause]])
        yield from map(_change_line, changes)
    yield from secrets
    if one.state:
        yield f"  ~ state: {one.state[0]} -> {one.state[1]}"
    if one.failed:
        yield f"  ! failed: {one.failed}"


def _cause_of(change: Change) -> str:
    return change.cause


def _change_line(change: Change) -> str:
    if change.live is None:
        return f"  + {change.key}: {change.wanted}"
    if change.wanted is None:
        return f"  - {change.key}: {change.live}"
    return f"  ~ {change.key}: {change.live} -> {change.wanted}"


def _secret_lines(one: ConnectorPlan) -> Iterator[str]:
    for secret in one.secrets:
        if secret.status == "changed":
            yield f"  * {secret.key}: another secret, {secret.before} -> {secret.now}"
        elif not one.is_new:
            yield f"  ? {secret.key}: unknown whether it has changed: {secret.reason}"


def _paint(line: str) -> str:
    mark = line.lstrip()[:2].strip()
    if mark in COLOURS:
        return click.style(line, fg=COLOURS[mark])
    return line if line.startswith(" ") else click.style(line, bold=True)


def progress_line(one: SnapshotProgress) -> str:
    """A snapshot in one line, with a bar while it is under way."""
    tables = f"{one.done} of {one.total} tables" if one.total else "no table yet"
    rows = f", {one.rows} rows" if one.rows else ""
    if one.state not in ("running", "paused"):
        return f"{one.kind} snapshot {one.state}{rows}"
    full = round(one.share * BAR)
    bar = "#" * full + "." * (BAR - full)
    now = f", now {one.current}" if one.current else ""
    return f"{one.kind} snapshot {one.state} [{bar}] {one.share:.0%}, {tables}{rows}{now}"
