"""`cdc policies k`: how many rows share their quasi-identifiers, as a picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.progress import show_progress
from cdc.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from cdc.anonymity import Anonymity
    from cdc.anonymity.levels import Level
    from cdc.config import Settings

WIDTH = 80
BAR = 34
"""Columns of the longest bar."""
STEPS = (1, 2, 4, 10, 20, 40, 100, 200, 400, 1000)
"""Multiples of k at which a bar of the picture begins; the last is open."""


@click.command()
@click.argument("names", nargs=-1, metavar="[TOPIC|DATABASE.TABLE]...")
@click.option(
    "--k", type=click.IntRange(2), help="Fewest rows in a cell (else what the policy says)."
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def k(ctx: click.Context, names: tuple[str, ...], k: int | None, output: str) -> int:
    """Count how many rows of a governed topic share their quasi-identifiers.

    Default: every table whose policy says `k`. A cell is what rows show in their columns of class
    `quasi`; NULL is a value like any other. Where cells have fewer than k rows, coarser levels are
    tried. Sizes and counts are shown, never a cell.

    \b
    Examples:
      cdc policies k pizzashop.users
      cdc policies k governed.pizzashop.users.v1 --k 10 --output json

    Exit codes: 0 no cell has fewer than k rows, 1 some have, 2 usage or policy, 4 Kafka or the
    registry is unreachable.
    """  # noqa: D301
    found = _count(settings_of(ctx), names, k)
    if output == "json":
        click.echo(json.dumps({"topics": [_as_json(it) for it in found]}, indent=2))
    else:
        _print(found)
    return ExitCode.FINE if all(it.ok for it in found) else ExitCode.FINDINGS


def _count(settings: Settings, names: Sequence[str], k: int | None) -> list[Anonymity]:
    from cdc.anonymity import choose_targets  # noqa: PLC0415 (help must be fast)
    from cdc.app import build_cell_counter  # noqa: PLC0415
    from cdc.privacy.policy import load_policies  # noqa: PLC0415

    policies = load_policies(settings.policies.dir)
    targets = choose_targets(policies, settings.relay.namespace, names, k)
    if not targets:
        click.echo("no policy says `k`: name a table and give --k", err=True)
        return []
    counter = build_cell_counter(settings)
    found = []
    for target in targets:
        with show_progress(target.table) as tick:
            found.append(counter.count_levels(target, tick))
    return found


def _as_json(found: Anonymity) -> dict[str, object]:
    sizes = [{"size": size, "cells": cells} for size, cells in found.sizes.items()]
    return {**found.summary(), "sizes": sizes, "levels": [asdict(it) for it in found.levels]}


def _print(found: Sequence[Anonymity]) -> None:
    from rich.console import Console  # noqa: PLC0415 (help must be fast)

    console = Console(highlight=False, width=WIDTH, soft_wrap=True)
    for it in found:
        _print_one(console, it)


def _print_one(console: Console, it: Anonymity) -> None:
    console.print(f"[bold]{it.table}[/] -> {it.topic}")
    console.print(f"k = {it.k} over {', '.join(it.columns)}")
    console.print(f"rows {it.rows:,}, cells {it.cells:,}, smallest cell {it.smallest:,}")
    console.print(
        f"below k: rows {it.rows_below:,} ({it.share_below:.2%}), cells {it.cells_below:,};"
        f" rows that show a NULL {it.null_rows_below:,}"
    )
    if it.unreadable:
        console.print(f"[bold red]{it.unreadable:,} records could not be read[/]")
    console.print("[green]ok[/]" if it.ok else "[bold red]BELOW k[/]")
    console.print()
    _draw_sizes(console, it)
    if it.levels:
        _print_levels(console, it)


def _draw_sizes(console: Console, it: Anonymity) -> None:
    """One bar for each range of sizes, as long as the rows in it."""
    bars = [(low, high, *_within(it.sizes, low, high)) for low, high in _ranges(it)]
    most = max((rows for *_, rows in bars), default=0)
    if not most:
        return
    console.print(f"{'ROWS IN A CELL':>15} {'':{BAR}} {'CELLS':>10} {'ROWS':>12}")
    for low, high, cells, rows in bars:
        bar = "█" * -(-rows * BAR // most)
        colour = "red" if low < it.k else "green"
        label = f"{low:,}" if low == high else f"{low:,}-{high:,}"
        console.print(f"{label:>15} [{colour}]{bar:{BAR}}[/] {cells:>10,} {rows:>12,}")
    console.print()


def _ranges(it: Anonymity) -> Iterator[tuple[int, int]]:
    """1, then below k, then between multiples of k, up to the largest cell."""
    largest = max(it.sizes, default=0)
    wanted = {1, 2, *(it.k * step for step in STEPS)}
    starts = [start for start in sorted(wanted) if start <= largest]
    ends = [start - 1 for start in starts[1:]] + [largest]
    return zip(starts, ends, strict=True)


def _within(sizes: Mapping[int, int], low: int, high: int) -> tuple[int, int]:
    """Cells and rows of a range of sizes."""
    chosen = {size: cells for size, cells in sizes.items() if low <= size <= high}
    return sum(chosen.values()), sum(size * cells for size, cells in chosen.items())


def _print_levels(console: Console, it: Anonymity) -> None:
    from rich.table import Table  # noqa: PLC0415 (help must be fast)

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("COARSER")
    for heading in ("CELLS", "SMALLEST", "ROWS BELOW", "SHARE"):
        table.add_column(heading, justify="right")
    for level in _shown(it.levels):
        changes = ", ".join(f"{name} {how}" for name, how in level.changes.items())
        counts = (level.cells, level.smallest, level.rows_below)
        share = f"{level.share_below:.2%}"
        colour = "" if level.rows_below else "green"
        table.add_row(changes, *(f"{count:,}" for count in counts), share, style=colour)
    console.print(f"What coarser columns would give, until k = {it.k} is reached:")
    console.print(table)


def _shown(levels: Sequence[Level]) -> Iterator[Level]:
    """Every step of all columns together; of the other combinations the last."""
    groups = [list(group) for _, group in groupby(levels, lambda level: tuple(level.changes))]
    for group in groups[:1]:
        yield from group
    for group in groups[1:]:
        yield group[-1]
