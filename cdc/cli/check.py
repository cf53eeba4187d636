"""`cdc check`: what migrations break, for whom, and how to do it safely."""

from __future__ import annotations

import importlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.progress import show_progress
from cdc.cli.sql_options import base_option, existing
from cdc.errors import ConfigError, ExitCode
from cdc.findings import FORMATS, Report, render
from registry.model import CompatibilityLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cdc.gate import Earlier, Sql, Terms
    from registry.compatibility import EarlierVersion

_file = click.Path(path_type=Path)
_KINDS = ("breaking", "semantic", "privacy", "operations", "any")
_DEFAULTS = {"topic.prefix": "mysql"}
_GIT = "git:"


@click.command()
@base_option
@click.option(
    "--migrations",
    type=existing,
    required=True,
    metavar="FILE|DIR",
    help="The SQL that will run, in its order.",
)
@click.option(
    "--connector",
    type=existing,
    metavar="FILE",
    help="A connector's file (default: Debezium's own defaults, prefix mysql).",
)
@click.option(
    "--policies",
    type=existing,
    metavar="DIR",
    help="Judges governed topics and privacy too.",
)
@click.option("--consumers", type=existing, metavar="FILE", help="Who reads what.")
@click.option("--waivers", type=existing, metavar="FILE", help="Findings that are wanted.")
@click.option("--baseline", type=_file, metavar="FILE", help="Findings that were there before.")
@click.option("--write-baseline", is_flag=True, help="Write what is found to --baseline.")
@click.option(
    "--against",
    metavar="URL|DIR|git:REF",
    help="A registry or a folder of <subject>.avsc (the lock): their versions count too."
    " git:REF: the migrations that are there have run.",
)
@click.option(
    "--raw-level",
    type=click.Choice([level.lower() for level in CompatibilityLevel], case_sensitive=False),
    metavar="LEVEL",
    help="Level of raw subjects (default: none with --policies, where the relay alone reads"
    " them; else full).",
)
@click.option(
    "--fail-on",
    type=click.Choice(_KINDS),
    multiple=True,
    default=("breaking", "semantic", "privacy"),
    show_default=True,
    help="Kinds whose errors end with 1; any: warnings too.",
)
@click.option("--database", default="", help="Of tables named without one.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.pass_context
def check(
    ctx: click.Context,
    *,
    base: Path,
    migrations: Path,
    connector: Path | None,
    policies: Path | None,
    consumers: Path | None,
    waivers: Path | None,
    baseline: Path | None,
    write_baseline: bool,
    against: str | None,
    raw_level: str | None,
    fail_on: tuple[str, ...],
    database: str,
    format_: str,
) -> int:
    """Say what migrations break for the readers of topics, before they run.

    Forecasts the schemas that each statement leads to, judges them (compatibility, meaning,
    privacy, what MySQL has to do), and shows the SQL, whom it hurts and a safe way. Nothing is
    contacted but a registry that --against names. docs/check.md lists the rules.

    \b
    cdc check --base mysql/bootstrap.sql --migrations mysql/migrations \\
        --connector connectors/pizzashop.json --policies schemas/policies
    cdc check --base schema.sql --migrations db/migrations --against git:origin/main

    Exit codes: 0 fine, 1 findings, 2 usage, or SQL that is not understood, 4 the registry is
    unreachable.
    """  # noqa: D301
    from cdc.gate import check_migrations  # noqa: PLC0415 (help must be fast)
    from cdc.gate import write_baseline as write  # noqa: PLC0415

    if write_baseline and baseline is None:
        raise ConfigError("--write-baseline needs --baseline FILE")
    sql = _read_sql(base, migrations, against, database)
    level = raw_level or ("none" if policies else "full")
    terms = _read_terms(
        fail_on,
        CompatibilityLevel.parse(level),
        {"policies": policies, "consumers": consumers, "waivers": waivers}
        | ({} if write_baseline else {"baseline": baseline}),
    )
    namespace = settings_of(ctx).relay.namespace if policies else ""
    with show_progress("checking") as tick:
        report = check_migrations(
            _read_connector(ctx, connector),
            namespace,
            sql,
            terms,
            earlier=_open_earlier(against),
            tick=tick,
        )
    if baseline is not None and write_baseline:
        write(baseline, [each for each in report.findings if each.severity != "note"])
        click.echo(f"{baseline}: written", err=True)
        return ExitCode.FINE
    _show(report, format_)
    return ExitCode.FINDINGS if report.fails else ExitCode.FINE


def _read_sql(base: Path, migrations: Path, against: str | None, database: str) -> Sql:
    from cdc.gate import Sql, read_steps  # noqa: PLC0415 (help must be fast)

    steps = read_steps(migrations)
    if not against or not against.startswith(_GIT):
        return Sql(read_steps(base), steps, database=database)
    from cdc.gate.against import read_steps_at, split_steps  # noqa: PLC0415

    revision = against.removeprefix(_GIT)
    split = split_steps(revision, migrations, steps)
    then = read_steps_at(revision, base) or read_steps(base)
    return Sql(then, split.new, split.done, split.edited, database)


def _read_terms(
    fail_on: Sequence[str], raw_level: CompatibilityLevel, files: Mapping[str, Path | None]
) -> Terms:
    from cdc.gate import Terms  # noqa: PLC0415 (help must be fast)

    read = {name: _READERS[name](path) for name, path in files.items() if path is not None}
    today = datetime.now(tz=UTC).date()
    return Terms(Path.cwd(), today, fail_on, raw_level, **read)  # type: ignore[arg-type]


def _imported(name: str) -> Callable[[Path], object]:
    """A reader that is imported when it is called: pydantic and numpy take a while."""

    def read(path: Path) -> object:
        module, _, function = name.partition(":")
        found: object = getattr(importlib.import_module(module), function)(path)
        return found

    return read


_READERS = {
    "policies": _imported("cdc.privacy.policy:load_policies"),
    "consumers": _imported("cdc.gate.consumers:read_consumers"),
    "waivers": _imported("cdc.gate.waiver_file:read_waivers"),
    "baseline": _imported("cdc.gate.baseline:read_baseline"),
}


def _read_connector(ctx: click.Context, connector: Path | None) -> Mapping[str, str]:
    if connector is None:
        return _DEFAULTS
    from cdc.cli.substitutions import substitutions_of  # noqa: PLC0415 (help must be fast)
    from cdc.connect.desired import read_connector  # noqa: PLC0415

    return read_connector(connector, substitutions_of(settings_of(ctx))).config


class _Earlier:
    """The versions of a registry or a folder, as the gate asks for them."""

    def __init__(self, against: str) -> None:
        from cdc.schemas import RegistryHistories, open_histories  # noqa: PLC0415

        self._histories = open_histories(against)
        self._has_levels = isinstance(self._histories, RegistryHistories)

    def find(self, subject: str) -> tuple[Sequence[EarlierVersion], CompatibilityLevel | None]:
        """What is there for a subject; a folder has no levels, nor a subject that is not there."""
        from cdc.schemas import Candidate  # noqa: PLC0415

        history = self._histories.find(Candidate(subject, Path(subject), ""))
        has_level = self._has_levels and bool(history.versions)
        return history.versions, history.level if has_level else None


def _open_earlier(against: str | None) -> Earlier | None:
    return None if against is None or against.startswith(_GIT) else _Earlier(against)


def _show(report: Report, format_: str) -> None:
    text = render(report, format_, has_colours=sys.stdout.isatty())
    if text:
        click.echo(text)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if format_ == "github" and summary:
        _append(Path(summary), f"### {report.command}\n\n```text\n{render(report, 'text')}\n```\n")


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"$GITHUB_STEP_SUMMARY {path}: {error.strerror}") from None
