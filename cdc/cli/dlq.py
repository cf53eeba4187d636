"""`cdc dlq`: events that could not pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdc.cli import settings_of
from cdc.cli.letter_options import MS_PER_S, STATES, selecting, selection_of
from cdc.cli.orders import await_orders, order_options, orders_of
from cdc.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from cdc.config import Settings
    from cdc.operations import LetterRow, Letters


SHOWN = 50


def _letters_of(settings: Settings) -> Letters:
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.kafka.layout import dead_letter_topic  # noqa: PLC0415
    from cdc.operations import Letters  # noqa: PLC0415

    reader = KafkaAccess.of(settings).reader()
    return Letters(reader, dead_letter_topic(settings.relay.namespace))


@click.group()
def dlq() -> None:
    """Events that could not pass: list, show, replay, purge.

    A letter is open until it is replayed, purged, or superseded by a later change of its row.
    """


@dlq.command("list")
@selecting
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Repeatable.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def list_(ctx: click.Context, /, states: tuple[str, ...], output: str, **given: Any) -> int:
    """List dead letters: reason, stage, column, source position, time.

    Nothing of the events themselves is shown. Exit code 1 while a listed letter is open.

    \b
      cdc dlq list
      cdc dlq list --table pizzashop.users --state open --since 2h
      cdc dlq list --reason no_canonical_form --output json
    """  # noqa: D301
    from cdc.operations import summarize  # noqa: PLC0415 (help must be fast)

    rows = _letters_of(settings_of(ctx)).find(selection_of(states, given))
    if output == "json":
        names = ("table", "reason", "state", "letters")
        summary = [
            dict(zip(names, (*group, count), strict=True))
            for group, count in summarize(rows).items()
        ]
        body = {"summary": summary, "letters": [asdict(row) for row in rows]}
        click.echo(json.dumps(body, indent=2))
    else:
        _print(rows)
    return ExitCode.FINDINGS if any(row.state == "open" for row in rows) else ExitCode.FINE


@dlq.command()
@click.argument("letter")
@click.option("--reveal", is_flag=True, help="The original event, too: needs the key `dlq`.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to: a new file, mode 600.")
@click.pass_context
def show(ctx: click.Context, letter: str, out: Path | None, *, reveal: bool) -> int:
    """Show what a dead letter says in clear; with --reveal, write its original to a file.

    The original is a row with its personal data. It goes to a new file that you alone may read,
    never to the terminal; delete it when you are done.

    \b
      cdc dlq show mysql.pizzashop.users/0/42
      cdc dlq show mysql.pizzashop.users/0/42 --reveal --out letter.json
    """  # noqa: D301
    from cdc.operations import Selection  # noqa: PLC0415 (help must be fast)

    if reveal != (out is not None):
        raise ConfigError("--reveal and --out FILE go together: an original goes to a file only")
    settings = settings_of(ctx)
    letters = _letters_of(settings)
    (row,) = letters.find(Selection(frozenset({letter})))
    for name, value in asdict(row).items():
        shown = _iso(value) if name == "at_ms" else value
        click.echo(f"{name.removesuffix('_ms'):9} {'' if shown is None else shown}".rstrip())
    if out is not None:
        _reveal(settings, letters.sealed(letter), out)
        click.echo(f"original written to {out} (mode 600): it holds personal data", err=True)
    return ExitCode.FINE


def _reveal(settings: Settings, sealed: bytes, out: Path) -> None:
    from cdc.keys import load_keys  # noqa: PLC0415 (help must be fast)
    from cdc.operations import reveal  # noqa: PLC0415

    keys = load_keys(settings.privacy_keys)
    if "dlq" not in keys:
        raise ConfigError(f"{settings.privacy_keys}: no key `dlq`, which opens dead letters")
    reveal(sealed, keys["dlq"], out)


@dlq.command()
@selecting
@click.option("--all", "everything", is_flag=True, help="Every open letter.")
@order_options
@click.pass_context
def replay(ctx: click.Context, /, by: str, wait_s: float, *, everything: bool, **given: Any) -> int:
    """Pass open dead letters through the pipeline again, under today's policies.

    The relay that owns the table does it. A letter keeps the version of its event and never goes
    over a later change of its row: that change has closed it. One that fails again stays open with
    its new reason. Exit code 1 when a letter was not replayed.

    \b
      cdc dlq replay mysql.pizzashop.users/0/42
      cdc dlq replay --table pizzashop.users --reason no_canonical_form
    """  # noqa: D301
    rows = _chosen(ctx, ("open",), given, everything=everything)
    return _order(ctx, "replay", rows, (by, wait_s))


@dlq.command()
@selecting
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Repeatable.")
@click.option("--all", "everything", is_flag=True, help="Every letter.")
@click.option("--yes", is_flag=True, help="Without it, only say what would go.")
@order_options
@click.pass_context
def purge(
    ctx: click.Context,
    /,
    states: tuple[str, ...],
    by: str,
    wait_s: float,
    *,
    everything: bool,
    yes: bool,
    **given: Any,
) -> int:
    """Take dead letters back for good: a purged open letter is a change that is never relayed.

    \b
      cdc dlq purge --table pizzashop.users --until 7d
      cdc dlq purge mysql.pizzashop.users/0/42 --yes
    """  # noqa: D301
    rows = _chosen(ctx, states, given, everything=everything)
    if rows and not yes:
        _print(rows)
        open_ones = sum(row.state == "open" for row in rows)
        raise ConfigError(
            f"{len(rows):,} letters would be purged, {open_ones:,} of them open",
            hint="add --yes to do it",
        )
    return _order(ctx, "purge", rows, (by, wait_s))


def _chosen(
    ctx: click.Context, states: Sequence[str], given: dict[str, Any], *, everything: bool
) -> Sequence[LetterRow]:
    selection = selection_of(states, given)
    if selection.is_everything and not everything:
        raise ConfigError(
            "which letters? name positions or filters",
            hint="cdc dlq list shows them; --all takes every one",
        )
    return _letters_of(settings_of(ctx)).find(selection)


def _order(ctx: click.Context, kind: str, rows: Sequence[LetterRow], who: tuple[str, float]) -> int:
    from cdc.control.commands import Kind  # noqa: PLC0415 (help must be fast)

    if not rows:
        click.echo("no such letters; nothing to do")
        return ExitCode.FINE
    by, wait_s = who
    orders = orders_of(settings_of(ctx))
    return await_orders(orders, orders.for_letters(Kind(kind), rows, by), wait_s)


def _print(rows: Sequence[LetterRow]) -> None:
    from cdc.operations import summarize  # noqa: PLC0415 (help must be fast)

    if not rows:
        click.echo("no dead letters")
        return
    for row in rows[-SHOWN:]:
        where = f" {row.column}" if row.column else ""
        click.echo(f"{row.id}  {row.state}  {_iso(row.at_ms)}")
        click.echo(f"  {row.stage}: {row.reason}{where}: {row.message}")
    if len(rows) > SHOWN:
        click.echo(f"the last {SHOWN} of {len(rows):,} letters; --output json has all")
    click.echo()
    for (table, reason, state), count in summarize(rows).items():
        click.echo(f"{count:>9,}  {table}  {reason}  {state}")


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / MS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
