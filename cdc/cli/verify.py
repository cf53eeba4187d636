"""`cdc verify`: governed topics against MySQL."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.errors import ConfigError, ExitCode, HeadworksError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from cdc.config import Settings
    from cdc.privacy.plan import Plan
    from cdc.verify import TableReport

WIDTH = 80


@click.command()
@click.argument("tables", nargs=-1, metavar="[DATABASE.TABLE]...")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--timeout",
    type=click.FloatRange(1),
    default=60.0,
    show_default=True,
    help="Seconds that the relay has to catch up with what MySQL held at the start.",
)
@click.pass_context
def verify(ctx: click.Context, tables: tuple[str, ...], output: str, timeout: float) -> int:
    """Compare governed topics with MySQL under their policies, row by row.

    Default: every table that has a policy. Rows may change meanwhile: only keys that differ twice,
    the second time after the relay has passed that moment, count. Dead-lettered rows and withheld
    columns are shown apart, append-only tables are left out.

    Exit codes: 0 equal, 1 rows are missing, extra or different, 2 usage or policy, 4 something
    needed is unreachable or the relay does not catch up.
    """
    reports: list[TableReport] = []
    try:
        _verify(settings_of(ctx), tables, timeout, reports)
    except HeadworksError:
        # What has been compared is shown even where a later table cannot be.
        if reports:
            _show(reports, output)
        raise
    _show(reports, output)
    return ExitCode.FINE if all(report.is_equal for report in reports) else ExitCode.FINDINGS


def _verify(
    settings: Settings, tables: tuple[str, ...], timeout_s: float, reports: list[TableReport]
) -> None:
    """Compare table by table; `reports` grows."""
    from cdc.app import (  # noqa: PLC0415
        build_verifier,
        newest_majors,
        plan_tables,
        raw_topic_of,
    )

    verifier = build_verifier(settings)
    with closing(verifier.database), _progress() as bars:
        majors = newest_majors(verifier.reader)
        plans = plan_tables(settings, verifier.database, tables, majors)
        for plan in _comparable(plans, tables):
            task = bars.add_task(plan.table.qualified, total=None)
            tick = partial(bars.advance, task)
            reports.append(verifier.verify(plan, raw_topic_of(settings, plan), timeout_s, tick))
            bars.remove_task(task)


def _comparable(plans: list[Plan], named: tuple[str, ...]) -> Iterator[Plan]:
    """The plans but for append-only tables; one that was asked for by name is refused."""
    for plan in plans:
        if not plan.append_only:
            yield plan
            continue
        why = (
            f"{plan.table.qualified}: append-only: its topic holds every row that was ever added,"
            " not what MySQL holds now"
        )
        if named:
            raise ConfigError(why, hint="leave it out: it cannot be compared")
        click.echo(f"note: {why}; not compared", err=True)


def _progress() -> Progress:
    """Rows and records read, on a terminal only."""
    from rich.console import Console  # noqa: PLC0415 (help must be fast)
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.completed:,}"))
    is_terminal = sys.stderr.isatty()
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_terminal)


def _show(reports: list[TableReport], output: str) -> None:
    if output == "json":
        click.echo(json.dumps({"tables": [_as_json(report) for report in reports]}, indent=2))
    else:
        _print(reports)


def _as_json(report: TableReport) -> dict[str, object]:
    return {**asdict(report), "equal": report.is_equal}


def _print(reports: list[TableReport]) -> None:
    from rich.console import Console  # noqa: PLC0415 (help must be fast)
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(highlight=False, width=WIDTH, soft_wrap=True)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("TABLE")
    for heading in ("MYSQL", "GOVERNED", "MISSING", "EXTRA", "DIFFERING", "DEAD"):
        table.add_column(heading, justify="right")
    table.add_column("VERDICT")
    for it in reports:
        counts = (it.source_rows, it.governed_rows, it.missing, it.extra, it.differing)
        verdict = "[green]equal[/]" if it.is_equal else "[bold red]DIFFERS[/]"
        numbers = [f"{number:,}" for number in (*counts, it.dead_lettered)]
        table.add_row(it.table, *numbers, verdict)
    console.print(table)
    took_s = sum(report.took_s for report in reports)
    console.print(f"[dim]compared in {took_s:.1f} s[/]")
    for report in reports:
        for line in _notes(report):
            console.print(escape(line))


def _notes(report: TableReport) -> list[str]:
    notes = (
        []
        if report.topic_exists
        else [f"topic {report.topic} does not exist yet; see `cdc relay status`"]
    )
    for kind, findings in report.named.items():
        for finding in findings:
            where = f" in {', '.join(finding.columns)}" if finding.columns else ""
            notes.append(f"{kind}: {finding.key}{where}")
    if report.withheld:
        notes.append(f"withheld, for want of a rule: {', '.join(report.withheld)}")
    if report.dropped:
        notes.append(f"dropped by the policy: {', '.join(report.dropped)}")
    return [f"{report.table}: {note}" for note in notes]
