"""`cdc relay`: the record path."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.orders import pause, resume
from cdc.errors import ExitCode

if TYPE_CHECKING:
    from cdc.control.signals import Backfill
    from cdc.control.status import RelayStatus, TableStatus
    from cdc.operations import TimeLeft

STYLES = {
    "running": "green",
    "waiting": "yellow",
    "paused": "yellow",
    "stopped": "bold red",
    "silent": "bold red",
}
WIDE = 240
HEADINGS = ("RELAY", "TABLE", "STATE", "LAG", "EVENTS", "DEAD", "OPEN", "PATH", "WITHHELD")
NUMBERS = frozenset({"LAG", "EVENTS", "DEAD", "OPEN"})


@click.group()
def relay() -> None:
    """The record path: raw topics in, governed topics out."""


relay.add_command(pause)
relay.add_command(resume)


@relay.command()
@click.option(
    "--instance",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Place in the group; each process has its own.",
)
@click.pass_context
def run(ctx: click.Context, instance: int) -> int:
    """Relay in the foreground until SIGTERM or Ctrl-C.

    Any number of instances share the tables. Health and metrics: /health, /ready and /metrics on
    relay.port.
    """
    from cdc.app import build_relay  # noqa: PLC0415 (help must be fast)
    from cdc.relay.process import run_relay  # noqa: PLC0415

    run_relay(settings_of(ctx), instance, build_relay)
    return ExitCode.FINE


@relay.command()
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def status(ctx: click.Context, output: str) -> int:
    """Show what every relay does, why a table is stopped, which majors it has.

    LAG is in raw offsets. Of a table that is behind, the time is told until the raw topic's
    retention may remove what is unread. Exit code 1 when that is close, when a table is stopped, a
    relay has fallen silent, or none runs.
    """
    from cdc.control.signals import read_backfills  # noqa: PLC0415
    from cdc.control.status import SILENT_AFTER_S, TableState, read_status  # noqa: PLC0415
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.kafka.layout import NOTIFICATIONS, STATUS  # noqa: PLC0415
    from cdc.operations import find_time_left  # noqa: PLC0415

    settings = settings_of(ctx)
    kafka = KafkaAccess.of(settings)
    reader = kafka.reader()
    relays = read_status(reader.read_to_end(STATUS), settings.relay.group)
    notes = read_backfills(reader.read_to_end(NOTIFICATIONS))
    backfills = _backfills(relays, notes, settings.relay.namespace)
    now_ms = time.time_ns() // 1_000_000
    left = find_time_left(relays.values(), kafka.topics(), reader, now_ms)
    silent = {name for name, it in relays.items() if it.silent_s(now_ms) > SILENT_AFTER_S}
    if output == "json":
        body = {
            "relays": _as_json(relays, silent, now_ms, backfills),
            "time_left_s": {topic: round(it.left_s) for topic, it in left.items()},
        }
        click.echo(json.dumps(body, indent=2))
    else:
        _print(relays, silent, now_ms)
        _print_majors(relays, backfills)
        _print_time_left(left)
    states = {table.state for it in relays.values() for table in it.tables}
    in_danger = any(it.is_alarming for it in left.values())
    healthy = relays and not silent and not in_danger and TableState.STOPPED not in states
    return ExitCode.FINE if healthy else ExitCode.FINDINGS


def _as_json(
    relays: Mapping[str, RelayStatus],
    silent: set[str],
    now_ms: int,
    backfills: Mapping[str, str],
) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "state": "silent" if name in silent else "running",
            "silent_s": round(it.silent_s(now_ms), 1),
            **asdict(it),
            "tables": [
                {**asdict(row), "backfill": backfills.get(row.raw_topic, "")} for row in it.tables
            ],
        }
        for name, it in relays.items()
    ]


def _print(relays: Mapping[str, RelayStatus], silent: set[str], now_ms: int) -> None:
    from rich.console import Console  # noqa: PLC0415 (only where a table is shown)
    from rich.table import Table  # noqa: PLC0415

    if not relays:
        click.echo("no relay has reported in the last hour")
        click.echo("hint: cdc stack up relay, or cdc relay run", err=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in HEADINGS:
        table.add_column(
            heading,
            justify="right" if heading in NUMBERS else "left",
            overflow="fold",
        )
    for name, it in relays.items():
        if name in silent:
            table.add_row(name, "", f"[{STYLES['silent']}]silent {it.silent_s(now_ms):.0f} s[/]")
        for row in it.tables:
            table.add_row(name, *_cells(row))
    # A pipe has no width: names must reach it whole.
    width = None if sys.stdout.isatty() else WIDE
    Console(highlight=False, width=width).print(table)
    for name, it in relays.items():
        if name in silent:
            click.echo(f"{name}: silent: it has ended, or is cut off from Kafka")
            click.echo("  hint: its log says why (cdc stack logs relay); cdc stack up relay")
        if it.latency_ms:
            took = ", ".join(f"{quantile} {ms:,.0f} ms" for quantile, ms in it.latency_ms.items())
            click.echo(f"{name}: commit to readable, last minute: {took}")
        for row in it.tables:
            _print_notes(row)


def _print_notes(row: TableStatus) -> None:
    """Why a table does not move, and what of its lock is stale."""
    if row.code:
        why = f"{row.state} ({row.code}): " if row.code != row.state else ""
        click.echo(f"{row.raw_topic}: {why}{row.message}")
        click.echo(f"  hint: {row.hint}" if row.hint else "", nl=bool(row.hint))
    if row.lock_stale:
        click.echo(f"{row.raw_topic}: lock is stale: {', '.join(row.lock_stale)}")
        click.echo("  hint: cdc schemas lock, and commit the files")


def _backfills(
    relays: Mapping[str, RelayStatus], notes: Mapping[str, Backfill], namespace: str
) -> dict[str, str]:
    """By raw topic, where its newest major is not its first: how that gets the rows before it."""
    found = {}
    for row in (row for it in relays.values() for row in it.tables):
        if row.majors is not None and row.majors.is_backfilled:
            table = ".".join(row.raw_topic.rsplit(".", 2)[1:])
            name = f"{namespace}.{table}.v{row.majors.newest}"
            found[row.raw_topic] = str(notes.get(name, "asked"))
    return found


def _print_majors(relays: Mapping[str, RelayStatus], backfills: Mapping[str, str]) -> None:
    """Tables that have more than one major."""
    for row in (row for it in relays.values() for row in it.tables):
        if row.majors is None or row.raw_topic not in backfills:
            continue
        backfill = backfills[row.raw_topic]
        click.echo(f"{row.raw_topic}: v{row.majors.newest} is the newest, backfill {backfill}")
        for old in row.majors.old:
            click.echo(f"  v{old.major} {old.standing}" + (f": {old.why}" if old.why else ""))


def _print_time_left(left: Mapping[str, TimeLeft]) -> None:
    for topic, it in left.items():
        hours, minutes = divmod(round(it.left_s / 60), 60)
        click.echo(f"{topic}: unread changes are kept for {hours} h {minutes} min more")
        if it.is_alarming:
            click.echo("  hint: let the table go on, or raise the raw topic's retention.ms")


def _cells(row: TableStatus) -> tuple[str, ...]:
    why = f" {row.code}" if row.code not in ("", row.state) else ""
    state = f"[{STYLES[row.state]}]{row.state}[/]{why}"
    return (
        ".".join(row.raw_topic.rsplit(".", 2)[-2:]),
        state,
        f"{row.lag:,}",
        f"{row.events:,}",
        f"{row.dead_letters:,}",
        f"{row.open_letters:,}",
        row.path,
        ", ".join(row.withheld),
    )
