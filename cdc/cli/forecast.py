"""`cdc schemas forecast`: what SQL that has not run yet will register."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.sql_options import base_option, existing
from cdc.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cdc.gate import Forecast, Forecaster
    from cdc.privacy.policy import Policy


@click.command()
@click.option(
    "--connector",
    type=existing,
    required=True,
    metavar="FILE",
    help="A connector's file: prefix, modes and lists shape the schemas.",
)
@base_option
@click.option(
    "--migrations", type=existing, metavar="FILE|DIR", help="The SQL that will run, in its order."
)
@click.option("--policies", type=existing, metavar="DIR", help="Adds the governed schemas.")
@click.option("--database", default="", help="Of tables named without one.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.pass_context
def forecast(
    ctx: click.Context,
    *,
    connector: Path,
    base: Path,
    migrations: Path | None,
    policies: Path | None,
    database: str,
    format_: str,
) -> int:
    """Foresee the schemas that SQL will register, without running it.

    For each table of the base, and behind each migration for each table that it touches: the raw
    schemas of key and value as Debezium and the Avro converter register them, and the governed one.
    Flyway, golang-migrate, dbmate, goose, Liquibase's formatted SQL, the output of
    `alembic upgrade --sql` and plain files are known; nothing is contacted.

    \b
    cdc schemas forecast --connector connectors/pizzashop.json \\
        --base mysql/bootstrap.sql --migrations mysql/migrations

    Exit codes: 0 foreseen, 2 SQL or a setting that is not understood.
    """  # noqa: D301
    from cdc.gate import read_steps  # noqa: PLC0415 (help must be fast)

    forecaster = _make_forecaster(ctx, connector, policies)
    steps = read_steps(migrations) if migrations else []
    foreseen = forecaster.run(read_steps(base), steps, database)
    if format_ == "json":
        click.echo(json.dumps([each.as_json() for each in foreseen]))
    else:
        _print(foreseen)
    return ExitCode.FINE


def _make_forecaster(ctx: click.Context, connector: Path, policies: Path | None) -> Forecaster:
    from cdc.cli.substitutions import substitutions_of  # noqa: PLC0415 (help must be fast)
    from cdc.connect.desired import read_connector  # noqa: PLC0415
    from cdc.gate import Forecaster  # noqa: PLC0415
    from cdc.privacy.policy import load_policies  # noqa: PLC0415

    settings = settings_of(ctx)
    config = read_connector(connector, substitutions_of(settings)).config
    loaded: Mapping[str, Policy] = load_policies(policies) if policies else {}
    return Forecaster(config, loaded, settings.relay.namespace)


def _print(foreseen: Iterable[Forecast]) -> None:
    """A line per table and step: what becomes of each schema since the step before."""
    last: dict[str, Forecast] = {}
    step = ""
    for each in foreseen:
        if each.step != step:
            step = each.step
            click.echo(step)
        click.echo(f"  {each.table}: {_describe(last.get(each.table), each)}")
        if each.stopped:
            click.echo(f"    the relay stops: {each.stopped}")
        last[each.table] = each


def _describe(before: Forecast | None, now: Forecast) -> str:
    if not now.captured:
        return "not captured"
    if now.value_schema is None:
        return "gone"
    parts = {
        "key": (before and before.key_schema, now.key_schema),
        "value": (before and before.value_schema, now.value_schema),
        "governed": (before and before.governed_schema, now.governed_schema),
    }
    return ", ".join(f"{name} {_word(*pair)}" for name, pair in parts.items())


def _word(before: object, now: object) -> str:
    if now is None:
        return "gone" if before else "none"
    if before is None:
        return "new"
    return "same" if before == now else "changes"
