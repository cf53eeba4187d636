"""`cdc stack`: a real MySQL, Kafka and Connect on this machine."""

import json
from pathlib import Path

import click

from cdc.cli import settings_of
from cdc.errors import ConfigError, ExitCode
from cdc.stack.lifecycle import bring_down, bring_up, remove_stack
from cdc.stack.parts import PARTS, select_parts
from cdc.stack.processes import follow_lines, tail_lines
from cdc.stack.report import Report
from cdc.stack.seed import USERS, seed_tables
from cdc.stack.site import Site
from cdc.stack.status import PartStatus, read_status

PART = click.Choice([part.name for part in PARTS])


@click.group()
def stack() -> None:
    """A real MySQL, Kafka and Kafka Connect with Debezium on this machine, no Docker.

    Everything listens on 127.0.0.1. State is in .cdc/ (setting stack.dir), downloads are in
    ~/.cache/headworks (stack.cache).
    """


def _site(ctx: click.Context) -> Site:
    config: Path | None = ctx.find_root().obj
    return Site(settings_of(ctx), config)


@stack.command()
@click.argument("parts", nargs=-1, type=PART)
@click.pass_context
def up(ctx: click.Context, parts: tuple[str, ...]) -> None:
    """Start PARTS (default: mysql kafka connect) and wait until they are ready.

    What PARTS need is started too; what runs already is left alone.
    """
    selected = select_parts(parts)
    with Report() as report:
        bring_up(_site(ctx), selected, report)


@stack.command()
@click.argument("parts", nargs=-1, type=PART)
@click.pass_context
def down(ctx: click.Context, parts: tuple[str, ...]) -> None:
    """Stop PARTS (default: all that this stack has started). Data stays."""
    with Report() as report:
        selected = [part for part in PARTS if not parts or part.name in parts]
        bring_down(_site(ctx), selected, report)


@stack.command()
@click.pass_context
def clean(ctx: click.Context) -> None:
    """Stop all parts and remove .cdc/ with all its data; downloads stay."""
    with Report() as report:
        remove_stack(_site(ctx), report)


@stack.command()
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def status(ctx: click.Context, output: str) -> int:
    """Show which parts run. Exit code 4 when one has died."""
    parts = read_status(_site(ctx))
    if output == "json":
        click.echo(json.dumps({"parts": [part.as_dict() for part in parts]}, indent=2))
    else:
        _print_table(parts)
    dead = any(part.state == "dead" for part in parts)
    return ExitCode.UNREACHABLE if dead else ExitCode.FINE


STYLES = {"running": "green", "dead": "bold red", "stopped": "dim", "outside": "cyan"}


def _print_table(parts: list[PartStatus]) -> None:
    from rich.console import Console  # noqa: PLC0415 (only where a table is shown)
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("PART", "STATE", "ADDRESS", "PID", "MEMORY", "SINCE"):
        table.add_column(heading, justify="right" if heading in {"PID", "MEMORY"} else "left")
    for part in parts:
        table.add_row(
            part.part,
            f"[{STYLES[part.state]}]{part.state}[/]",
            part.address,
            str(part.pid or ""),
            f"{part.memory_bytes / 1e6:.0f} MB" if part.memory_bytes else "",
            (part.since or "").replace("+00:00", "Z"),
        )
    Console(highlight=False).print(table)


@stack.command()
@click.argument("part", type=PART)
@click.option("-n", "--lines", default=40, show_default=True, help="How many last lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.pass_context
def logs(ctx: click.Context, part: str, lines: int, *, follow: bool) -> None:
    """Print the last lines of a part's log."""
    log = _site(ctx).log(part)
    if not log.exists():
        raise ConfigError(f"{log}: {part} has not been started yet", hint=f"cdc stack up {part}")
    for line in tail_lines(log, lines):
        click.echo(line)
    if follow:
        for line in follow_lines(log):
            click.echo(line)


@stack.command()
@click.option(
    "--rows", type=click.IntRange(1), default=USERS, show_default=True, help="How many users."
)
@click.pass_context
def seed(ctx: click.Context, rows: int) -> None:
    """Fill the pizza shop: users and its menu of 81 products, the same rows every time."""
    with Report() as report:
        seed_tables(_site(ctx), rows, report)
