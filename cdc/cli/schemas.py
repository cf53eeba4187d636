"""`cdc schemas`: schema files against what is registered or committed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.forecast import forecast
from cdc.cli.progress import show_progress
from cdc.errors import ConfigError, ExitCode
from cdc.findings import FORMATS, Report, render
from registry.model import CompatibilityLevel

if TYPE_CHECKING:
    from cdc.exchange import RegistryDoor
    from cdc.schemas import Candidate, Histories

LEVELS = [level.lower() for level in CompatibilityLevel]

against_option = click.option(
    "--against",
    metavar="URL|DIR|git:REF",
    help="A registry, a folder of <subject>.avsc, or the same files at a git revision"
    " (default: the registry of the settings).",
)
subject_option = click.option(
    "--subject", help="Subject of FILE (default: its name without .avsc), or the only one of DIR."
)
level_option = click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    metavar="LEVEL",
    help="Compatibility level (default: the subject's in the registry, BACKWARD elsewhere).",
)
format_option = click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True
)


@click.group()
def schemas() -> None:
    """Governed schemas as files: check, register, explain, lock, forecast."""


schemas.add_command(forecast)


@schemas.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE|DIR")
@against_option
@subject_option
@level_option
@format_option
@click.pass_context
def check(
    ctx: click.Context,
    path: Path,
    *,
    against: str | None,
    subject: str | None,
    level: str | None,
    format_: str,
) -> int:
    """Say whether schemas may follow what is registered or committed.

    Every version that the level looks at is compared; a subject that is not there yet is fine. In
    a folder each file <subject>.avsc is for that subject. Types from references are not known in
    FILE: write them out.

    Exit codes: 0 all may follow, 1 one may not, 2 usage, or an earlier schema cannot be used,
    4 the registry is unreachable.
    """
    candidates, histories = _open(ctx, path, subject, against)
    report = _check(candidates, histories, level)
    return _show(report, format_)


@schemas.command()
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE|DIR")
@against_option
@subject_option
@level_option
@click.option("--dry-run", is_flag=True, help="Only check; nothing is registered.")
@format_option
@click.pass_context
def register(
    ctx: click.Context,
    path: Path,
    *,
    against: str | None,
    subject: str | None,
    level: str | None,
    format_: str,
    dry_run: bool,
) -> int:
    """Check schemas, and register them where all of them may follow.

    Exit codes as of check; with 1 nothing has been registered, or the registry refused what it
    names.
    """
    from cdc.schemas import register_candidates  # noqa: PLC0415 (help must be fast)

    candidates, histories = _open(ctx, path, subject, against)
    door = None if dry_run else _require_registry(histories, against)
    report = _check(candidates, histories, level)
    if door is not None and not report.fails:
        with show_progress("registering") as tick:
            report = register_candidates(door, candidates, tick)
    return _show(report, format_)


def _require_registry(histories: Histories, against: str | None) -> RegistryDoor:
    from cdc.schemas import RegistryHistories  # noqa: PLC0415 (help must be fast)

    if isinstance(histories, RegistryHistories):
        return histories.door
    raise ConfigError(
        f"--against {against}: schemas are registered in a registry only",
        hint="--against http://HOST:PORT, or --dry-run to check against a folder or revision",
    )


@schemas.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    metavar="LEVEL",
    default="full",
    show_default=True,
    help="Compatibility level; full shows what breaks at any level.",
)
@click.option(
    "--passing", is_flag=True, help="Print NEW changed so that it passes the level, and only that."
)
@format_option
def explain(old: Path, new: Path, level: str, format_: str, *, passing: bool) -> int:
    """Explain what changing the schema file OLD into NEW breaks: column, cause, remedy.

    Exit codes: 0 nothing, 1 something (with --passing: no schema that passes is known), 2 usage.
    """
    from cdc.schemas import explain_files  # noqa: PLC0415 (help must be fast)

    explained = explain_files(old, new, CompatibilityLevel.parse(level))
    if not passing:
        return _show(explained.report, format_)
    if explained.passing_schema is None:
        click.echo(f"no change of {new} is known that passes {level.upper()}", err=True)
        return ExitCode.FINDINGS
    click.echo(explained.passing_schema)
    return ExitCode.FINE


@schemas.command()
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit 1 where it is stale.")
@click.option(
    "--sql",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE|DIR",
    help="Read the tables from SQL files instead of MySQL.",
)
@format_option
@click.pass_context
def lock(ctx: click.Context, sql: Path | None, format_: str, *, is_check: bool) -> int:
    """Write <subject>.avsc of every governed key and value into policies.lock.

    The files are the contract: commit them, review what changes. They follow from the policies
    and from the tables, in MySQL or in SQL files; no key is needed. Where readers of the newest
    major could not go on, the next one is written beside it if the policy says
    `on_breaking: new_major`.

    \b
      cdc schemas lock                               after a migration, or a change of a policy
      cdc schemas lock --check                       is the lock in step with MySQL?
      cdc schemas lock --check --sql bootstrap.sql   and with SQL files, in CI?

    Exit codes: 0 written, or in step; 1 stale (--check), or a table that cannot be locked;
    2 usage; 4 MySQL is unreachable.
    """  # noqa: D301
    from cdc.app import read_tables  # noqa: PLC0415 (help must be fast)
    from cdc.evolution.lock import LockFolder  # noqa: PLC0415
    from cdc.gate import read_sql_tables  # noqa: PLC0415
    from cdc.privacy.policy import load_policies  # noqa: PLC0415
    from cdc.schemas import Locker, report_lock, write_lock  # noqa: PLC0415

    settings = settings_of(ctx)
    policies = load_policies(settings.policies.dir)
    folder = LockFolder(settings.policies.lock)
    locker = Locker(policies, settings.relay.namespace, folder)
    known = read_sql_tables(sql) if sql else read_tables(settings, policies)
    locks = locker.compare({name: known.get(name) for name in policies})
    if not is_check:
        for file in write_lock(locks):
            click.echo(f"{file}: written", err=True)
        locks = [replace(it, stale={}) for it in locks]
    return _show(report_lock(locks), format_)


def _open(
    ctx: click.Context, path: Path, subject: str | None, against: str | None
) -> tuple[list[Candidate], Histories]:
    from cdc.schemas import find_candidates, open_histories  # noqa: PLC0415 (help must be fast)

    candidates = find_candidates(path, subject)
    return candidates, open_histories(against or settings_of(ctx).registry_url)


def _check(candidates: list[Candidate], histories: Histories, level: str | None) -> Report:
    from cdc.schemas import check_candidates  # noqa: PLC0415 (help must be fast)

    chosen = None if level is None else CompatibilityLevel.parse(level)
    with show_progress("checking") as tick:
        return check_candidates(candidates, histories, chosen, tick)


def _show(report: Report, format_: str) -> int:
    text = render(report, format_, has_colours=sys.stdout.isatty())
    if text:
        click.echo(text)
    return ExitCode.FINDINGS if report.fails else ExitCode.FINE
