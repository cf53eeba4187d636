"""Files and Connect: plan, apply, export, delete."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.connectors.context import client_of, output_option, read_wanted
from cdc.cli.connectors.show import plan_json, plan_text
from cdc.cli.progress import show_progress
from cdc.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from cdc.connect.steps import Outcome

DEADLINE_S = 60.0
JOBS = 8

names_argument = click.argument("names", nargs=-1, metavar="[FILE|NAME]...")
prune_option = click.option(
    "--prune", is_flag=True, help="Also connectors applied before whose file is gone: delete them."
)


@click.command()
@names_argument
@prune_option
@output_option
@click.pass_context
def plan(ctx: click.Context, names: tuple[str, ...], *, prune: bool, output: str) -> int:
    """Show what apply would do (default: all files of connect.dir). Changes nothing.

    Three sides are compared: the file, the last apply, and what Connect has, so each difference
    says who changed it. What would change is validated by Connect. A secret is only compared by
    fingerprint: `*` it is another one, `?` nothing can be said and why.

    Exit codes: 0 nothing to do, 2 a file or configuration is wrong, 3 there is something to do,
    4 Connect or MySQL is unreachable.
    """
    from cdc.app import build_reconciler  # noqa: PLC0415 (help must be fast)

    _refuse_part(names, prune=prune)
    settings = settings_of(ctx)
    made = build_reconciler(settings).plan(read_wanted(settings, names), prune=prune)
    if output == "json":
        click.echo(json.dumps(plan_json(made), indent=2))
    else:
        click.echo(plan_text(made, has_colours=sys.stdout.isatty()))
    return ExitCode.DRIFT if made.is_drift else ExitCode.FINE


@click.command()
@names_argument
@prune_option
@click.option(
    "--timeout", default=DEADLINE_S, show_default=True, help="Seconds for each connector to run."
)
@click.option(
    "--jobs",
    default=JOBS,
    type=click.IntRange(1),
    show_default=True,
    help="Connectors under way at once; 1: each runs before the next begins.",
)
@click.pass_context
def apply(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    prune: bool,
    timeout: float,
    jobs: int,
) -> int:
    """Bring connectors to the state of their files (default: all of connect.dir).

    All files are read and validated before the first change. Connectors begin in the order of
    their names (or as given); after a failure no further one begins, and it is told what was done.
    The same command again goes on from there.

    \b
    Examples:
      cdc connectors apply                  all files
      cdc connectors apply pizzashop        one
      cdc connectors apply --prune          and delete what has no file any more

    Exit codes: 0 all are as declared, 2 a file or configuration is wrong, 4 one does not run.
    """  # noqa: D301 (click's mark)
    from cdc.app import build_reconciler  # noqa: PLC0415 (help must be fast)
    from cdc.connect.reconcile import Pace  # noqa: PLC0415

    _refuse_part(names, prune=prune)
    settings = settings_of(ctx)
    reconciler = build_reconciler(settings)
    made = reconciler.plan(read_wanted(settings, names), prune=prune)
    with show_progress("connectors") as progress:
        outcomes = reconciler.apply(made, Pace(timeout, jobs), progress)
    _tell(outcomes)
    failures = [outcome.error for outcome in outcomes if outcome.error]
    if failures:
        raise failures[0]
    return ExitCode.FINE


def _refuse_part(names: tuple[str, ...], *, prune: bool) -> None:
    if names and prune:
        raise ConfigError("--prune needs all files: name none", hint="cdc connectors apply --prune")


def _tell(outcomes: list[Outcome]) -> None:
    words = {"running": "runs", "paused": "is paused", "stopped": "is stopped", "removed": ""}
    for one in outcomes:
        end = "failed" if one.error else words.get(one.state, "")
        did = ", ".join(part for part in (one.did, end) if part)
        click.echo(f"{one.name}: {did}{f' ({one.took_s:.1f} s)' if one.took_s else ''}", err=True)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write NAME.yaml there."
)
@click.pass_context
def export(ctx: click.Context, names: tuple[str, ...], out: Path | None) -> None:
    """Write live connectors as files (default: all, to stdout).

    A secret that Connect holds written out is not copied: the file refers to an environment
    variable in its place, and a warning names it.

    \b
    Example:
      cdc connectors export --out connectors
    """  # noqa: D301 (click's mark)
    from cdc.connect.export import export_connector  # noqa: PLC0415 (help must be fast)
    from cdc.connect.states import read_live, require_known  # noqa: PLC0415

    client = client_of(ctx)
    for name in names:
        require_known(client, name)
    live = read_live(client)
    for number, name in enumerate(names or live):
        passwords = client.validate({**live[name].config, "name": name}).passwords
        made = export_connector(name, live[name], passwords)
        if out is None:
            click.echo(("---\n" if number else "") + made.text, nl=False)
        else:
            click.echo(f"{made.write(out)}", err=True)
        for key in made.written_out:
            click.echo(f"warning: {name}: {key} is written out in Connect", err=True)


@click.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Remove a connector. Its topics and offsets stay: applied again, it goes on from there."""
    from cdc.app import build_reconciler  # noqa: PLC0415 (help must be fast)
    from cdc.connect.states import require_known  # noqa: PLC0415

    require_known(client_of(ctx), name)
    build_reconciler(settings_of(ctx)).delete(name)
    click.echo(f"{name}: removed", err=True)
