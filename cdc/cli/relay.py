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
from cdc.errors import ExitCode

if TYPE_CHECKING:
    from cdc.control.status import RelayStatus, TableStatus

STYLES = {"running": "green", "waiting": "yellow", "stopped": "bold red", "silent": "bold red"}
WIDE = 240
HEADINGS = ("RELAY", "TABLE", "STATE", "LAG", "EVENTS", "DEAD", "PATH", "WITHHELD")


@click.group()
def relay() -> None:
    """The record path: raw topics in, governed topics out."""


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
    """Show what every relay does, and why a table is stopped.

    Exit code 1 when a table is stopped, a relay has fallen silent, or none runs.
    """
    from cdc.control.status import SILENT_AFTER_S, TableState, read_status  # noqa: PLC0415
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.kafka.layout import STATUS  # noqa: PLC0415

    settings = settings_of(ctx)
    records = KafkaAccess.of(settings).reader().read_to_end(STATUS)
    relays = read_status(records, settings.relay.group)
    now_ms = time.time_ns() // 1_000_000
    silent = {name for name, it in relays.items() if it.silent_s(now_ms) > SILENT_AFTER_S}
    if output == "json":
        click.echo(json.dumps({"relays": _as_json(relays, silent, now_ms)}, indent=2))
    else:
        _print(relays, silent, now_ms)
    states = {table.state for it in relays.values() for table in it.tables}
    healthy = relays and not silent and TableState.STOPPED not in states
    return ExitCode.FINE if healthy else ExitCode.FINDINGS


def _as_json(
    relays: Mapping[str, RelayStatus], silent: set[str], now_ms: int
) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "state": "silent" if name in silent else "running",
            "silent_s": round(it.silent_s(now_ms), 1),
            **asdict(it),
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
            justify="right" if heading in {"LAG", "EVENTS", "DEAD"} else "left",
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
    for it in relays.values():
        for row in it.tables:
            if row.code:
                click.echo(f"{row.raw_topic}: {row.state} ({row.code}): {row.message}")
                click.echo(f"  hint: {row.hint}" if row.hint else "", nl=bool(row.hint))


def _cells(row: TableStatus) -> tuple[str, ...]:
    state = f"[{STYLES[row.state]}]{row.state}[/]" + (f" {row.code}" if row.code else "")
    return (
        ".".join(row.raw_topic.rsplit(".", 2)[-2:]),
        state,
        f"{row.lag:,}",
        f"{row.events:,}",
        f"{row.dead_letters:,}",
        row.path,
        ", ".join(row.withheld),
    )
