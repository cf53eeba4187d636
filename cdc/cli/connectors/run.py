"""Connectors that run: status, restart, pause, resume, stop, logs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.connectors.context import client_of, output_option
from cdc.cli.connectors.show import progress_line
from cdc.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from cdc.app import Standing
    from cdc.connect.client import Verb

STATES_AFTER = {"pause": "paused", "resume": "running", "stop": "stopped"}
DEADLINE_S = 60.0
LEVELS = ("OFF", "ERROR", "WARN", "INFO", "DEBUG", "TRACE")

name_argument = click.argument("name")


@click.command()
@output_option
@click.pass_context
def status(ctx: click.Context, output: str) -> int:
    """Show all connectors: tasks, why one has failed, lag, snapshots.

    Lag counts the transactions that MySQL has committed and the connector has not; a snapshot's
    progress comes from its notifications. Either is left out where MySQL or Kafka cannot be asked.

    Exit codes: 0 none has failed, 4 one has, or Connect is unreachable.
    """
    from cdc.app import read_standings  # noqa: PLC0415 (help must be fast)

    standings = read_standings(settings_of(ctx), client_of(ctx))
    if output == "json":
        shown = [_standing_json(one) for one in standings]
        click.echo(json.dumps({"connectors": shown}, indent=2))
    else:
        _print(standings)
    failed = any(one.state.has_failed for one in standings)
    return ExitCode.UNREACHABLE if failed else ExitCode.FINE


def _standing_json(one: Standing) -> dict[str, object]:
    snapshot = asdict(one.snapshot) | {"share": one.snapshot.share} if one.snapshot else None
    return {**asdict(one.state), "lag_transactions": one.lag, "snapshot": snapshot}


def _print(standings: list[Standing]) -> None:
    if not standings:
        click.echo("no connectors; cdc connectors apply makes those of connect.dir", err=True)
    for one in standings:
        tasks = ", ".join(one.state.tasks) or "none"
        lag = "" if one.lag is None else f", lag: {one.lag} transactions"
        click.echo(f"{one.state.name}: {one.state.connector}, tasks: {tasks}{lag}")
        if one.state.reason:
            click.echo(f"  {one.state.reason}")
        if one.snapshot and one.snapshot.state != "skipped":
            click.echo(f"  {progress_line(one.snapshot)}")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--failed", is_flag=True, help="Only connectors and tasks that have failed.")
@click.pass_context
def restart(ctx: click.Context, names: tuple[str, ...], *, failed: bool) -> None:
    r"""Start connectors and their tasks anew, and wait until they run.

    \b
    Examples:
      cdc connectors restart pizzashop
      cdc connectors restart --failed       whatever has failed
    """
    from cdc.connect.states import STANDS_S, await_state, read_live  # noqa: PLC0415

    if not names and not failed:
        raise ConfigError("name a connector, or all that failed by --failed")
    client = client_of(ctx)
    live = read_live(client)
    _refuse_unknown(names, [*live])
    chosen = [name for name in names or live if not failed or live[name].state.has_failed]
    for name in chosen:
        client.restart(name, only_failed=failed)
    for name in chosen:
        await_state(client, name, live[name].state.target, DEADLINE_S, stands_s=STANDS_S)
        click.echo(f"{name}: restarted, runs", err=True)
    if not chosen:
        click.echo("nothing has failed", err=True)


def _refuse_unknown(names: tuple[str, ...], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(
            f"no connector {', '.join(unknown)}; there are: {', '.join(known) or 'none'}"
        )


def _make_steering(verb: Verb, says: str) -> click.Command:
    @click.command(verb, help=says)
    @name_argument
    @click.pass_context
    def command(ctx: click.Context, name: str) -> None:
        from cdc.connect.states import await_state, require_known  # noqa: PLC0415

        client = client_of(ctx)
        require_known(client, name)
        client.steer(name, verb)
        await_state(client, name, STATES_AFTER[verb], DEADLINE_S)
        click.echo(f"{name}: {STATES_AFTER[verb]}", err=True)

    return command


pause = _make_steering("pause", "Let a connector rest: its tasks stay, and read nothing.")
resume = _make_steering("resume", "Let a paused or stopped connector go on where it was.")
stop = _make_steering("stop", "End a connector's tasks; its offsets may then be changed.")


@click.command()
@click.argument("logger", required=False)
@click.argument("level", required=False, type=click.Choice(LEVELS, case_sensitive=False))
@click.pass_context
def logs(ctx: click.Context, logger: str | None, level: str | None) -> None:
    r"""Show or set the log levels of Connect's workers, until they restart.

    At DEBUG and TRACE, Debezium may write values of rows into the worker's log.

    \b
    Examples:
      cdc connectors logs                              those that are set
      cdc connectors logs io.debezium DEBUG            on every worker
    """
    client = client_of(ctx)
    if logger is None:
        for name, level_set in client.loggers().items():
            click.echo(f"{name}: {level_set}")
        return
    if level is None:
        raise ConfigError(f"{logger}: which level? One of {', '.join(LEVELS)}")
    client.put_logger(logger, level.upper())
    click.echo(f"{logger}: {level.upper()}", err=True)
