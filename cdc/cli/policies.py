"""`cdc policies`: what may leave, said in files; and the keys that hide the rest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.anonymity import k
from cdc.cli.policy_keys import keys
from cdc.cli.tables import print_table
from cdc.errors import ConfigError, ExitCode
from cdc.findings import FORMATS, Report, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdc.config import Settings
    from cdc.keys import KeyRing
    from cdc.policies import Leaving
    from registry.derive.table import Table

output_option = click.option(
    "--output", type=click.Choice(FORMATS), default="text", show_default=True
)
shown_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def policies() -> None:
    """What may leave: a first policy, what is wrong, what leaves, what changes, k, keys."""


policies.add_command(k)


@policies.command()
@click.argument("tables", nargs=-1, required=True, metavar="DATABASE.TABLE...")
@click.option(
    "--sql",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE|DIR",
    help="Read the tables from SQL files instead of MySQL.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a new file (else stdout)."
)
@click.pass_context
def init(ctx: click.Context, tables: tuple[str, ...], sql: Path | None, out: Path | None) -> int:
    """Write a first policy of each table, as MySQL or SQL files have it.

    Classes are guessed from names, types and `pii: WORD` in column comments. What is guessed is a
    comment in the file and does not leave until a person confirms it; the key becomes a token.

    Exit codes: 0 written, 2 no such table, no key, or the file is there, 4 MySQL is unreachable.
    """
    from cdc.policies import write_first_policy  # noqa: PLC0415 (help must be fast)

    for table in tables:
        if table.count(".") != 1:
            raise ConfigError(f"{table}: a table is named DATABASE.TABLE")
    shapes = _read_shapes(ctx, tables, sql)
    text = "---\n".join(write_first_policy(shape) for shape in shapes)
    if out is None:
        click.echo(text, nl=False)
    else:
        _write_new(out, text)
    return ExitCode.FINE


def _read_shapes(ctx: click.Context, names: tuple[str, ...], sql: Path | None) -> list[Table]:
    from cdc.app import read_tables  # noqa: PLC0415 (help must be fast)
    from cdc.gate import read_sql_tables  # noqa: PLC0415

    found: Mapping[str, Table | None] = (
        read_sql_tables(sql) if sql else read_tables(settings_of(ctx), names)
    )
    shapes = {name: found.get(name) for name in names}
    missing = [name for name, shape in shapes.items() if shape is None]
    if missing:
        where = str(sql) if sql else "MySQL"
        hidden = "" if sql else ", or the user may not see it"
        raise ConfigError(f"{where} has no table {', '.join(missing)}{hidden}")
    return [shape for shape in shapes.values() if shape is not None]


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({type(error).__name__})") from None


@policies.command()
@output_option
@click.option("--offline", is_flag=True, help="Without MySQL: what needs a table's shape is left.")
@click.pass_context
def lint(ctx: click.Context, output: str, *, offline: bool) -> int:
    """Say what is wrong with the policies.

    Unknown columns, columns without a rule, rules that cannot act, keys and personal columns in
    clear, sets of quasi-identifiers; see docs/policies.md for all.

    Exit codes: 0 no errors, 1 errors, 2 no folder of policies, 4 MySQL is unreachable.
    """
    from cdc.app import read_tables  # noqa: PLC0415 (help must be fast)
    from cdc.policies import lint_policies  # noqa: PLC0415

    settings = settings_of(ctx)
    report = lint_policies(
        settings.policies.dir,
        None if offline else lambda names: read_tables(settings, names),
        _keys(settings, offline=offline),
        settings.relay.namespace,
    )
    return _show_report(report, output)


def _keys(settings: Settings, *, offline: bool) -> KeyRing | None:
    """Offline (in CI) there need not be a key file."""
    from cdc.keys import load_keys  # noqa: PLC0415 (help must be fast)

    if offline and not settings.privacy_keys.exists():
        return None
    return load_keys(settings.privacy_keys)


@policies.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@output_option
def diff(old: Path, new: Path, output: str) -> int:
    """Say what changes from policy file OLD to NEW: for readers, and for privacy.

    Exit codes: 0 nothing leaves that did not before, 1 more leaves, or in clear, or finer,
    2 usage.
    """
    from cdc.policies import compare_policies  # noqa: PLC0415 (help must be fast)
    from cdc.privacy.policy import load_policy  # noqa: PLC0415

    return _show_report(compare_policies(load_policy(old), load_policy(new)), output)


def _show_report(report: Report, output: str) -> int:
    text = render(report, output, has_colours=sys.stdout.isatty())
    if text:
        click.echo(text)
    return ExitCode.FINDINGS if report.fails else ExitCode.FINE


@policies.command()
@click.argument("tables", nargs=-1, metavar="[DATABASE.TABLE]...")
@shown_option
@click.pass_context
def show(ctx: click.Context, tables: tuple[str, ...], output: str) -> int:
    """Show what leaves: for each topic its fields, and the columns that stay.

    Exit codes: 0 shown, 2 a policy cannot be carried out, 4 MySQL is unreachable.
    """
    leaving = _read_leaving(settings_of(ctx), tables)
    if output == "json":
        click.echo(json.dumps({"topics": [_as_json(topic) for topic in leaving]}, indent=2))
    else:
        for topic in leaving:
            _print_leaving(topic)
    return ExitCode.FINE


def _as_json(topic: Leaving) -> dict[str, object]:
    shown = asdict(topic)
    fields = [{key.rstrip("_"): v for key, v in field.items()} for field in shown["fields"]]
    return {**shown, "fields": fields}


def _read_leaving(settings: Settings, tables: tuple[str, ...]) -> list[Leaving]:
    from contextlib import closing  # noqa: PLC0415 (help must be fast)

    from cdc.app import open_database, plan_tables  # noqa: PLC0415
    from cdc.policies import describe_leaving  # noqa: PLC0415
    from cdc.privacy.policy import load_policies  # noqa: PLC0415

    loaded = load_policies(settings.policies.dir)
    with closing(open_database(settings)) as database:
        plans = plan_tables(settings, database, tables, {})
    return [describe_leaving(plan, loaded[plan.table.qualified]) for plan in plans]


def _print_leaving(topic: Leaving) -> None:
    kind = "; ".join((topic.format, *topic.options))
    click.echo(f"{topic.table} -> {topic.topic} ({kind})")
    print_table(
        ("COLUMN", "FIELD", "RULE", "CLASS", "TYPE", "KEY"),
        [
            (f.column, f.field, f.rule, f.class_, f.type, "key" if f.is_key else "")
            for f in topic.fields
        ],
    )
    for why, columns in (("dropped", topic.dropped), ("withheld", topic.withheld)):
        if columns:
            click.echo(f"{why}: {', '.join(columns)}")
    click.echo()


policies.add_command(keys)
