"""`cdc doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.errors import ExitCode
from cdc.findings import FORMATS, Report, Severity, render

if TYPE_CHECKING:
    from cdc.config import Settings
    from cdc.doctor import Scope
    from cdc.doctor.world import Connector, Relaying

FAIL_ON = {
    "error": frozenset({Severity.ERROR}),
    "warning": frozenset({Severity.ERROR, Severity.WARNING}),
}


@click.command()
@click.option(
    "--connector",
    "files",
    multiple=True,
    metavar="FILE|NAME",
    help="A connector's file, running or not; may be repeated (else: those that run).",
)
@click.option("--offline", is_flag=True, help="Connector files alone; nothing is asked.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(list(FAIL_ON)),
    default="error",
    show_default=True,
    help="The least severity that makes exit code 1.",
)
@click.pass_context
def doctor(
    ctx: click.Context, files: tuple[str, ...], format_: str, fail_on: str, *, offline: bool
) -> int:
    """Say what is wrong with MySQL, connectors, tables and topics, and what to do.

    \b
      cdc doctor                                  the running connectors
      cdc doctor --connector new.json             one before it is applied
      cdc doctor --offline --format sarif         the files of connect.dir, in CI

    Each finding's code is a page: docs/doctor/CODE.md. A part that does not answer is a
    finding too, and the rest is still looked at.

    Exit codes: 0 fine, 1 findings, 2 usage or configuration, 4 a part is unreachable.
    """  # noqa: D301
    from cdc.app import build_access  # noqa: PLC0415 (help must be fast)
    from cdc.doctor import diagnose, gather  # noqa: PLC0415

    settings = settings_of(ctx)
    scope = _scope(settings, files, offline=offline)
    report = diagnose(gather(scope, None if offline else build_access(settings)))
    text = render(report, format_, has_colours=sys.stdout.isatty())
    if text:
        click.echo(text)
    return _exit_code(report, FAIL_ON[fail_on])


def _scope(settings: Settings, files: tuple[str, ...], *, offline: bool) -> Scope:
    from cdc.connect.desired import find_files  # noqa: PLC0415 (help must be fast)
    from cdc.doctor import Scope  # noqa: PLC0415
    from cdc.doctor.files import read_connector_file  # noqa: PLC0415

    values = _substitutions(settings, offline=offline)
    folder = settings.connect.dir

    def read(paths: list[Path]) -> list[Connector]:
        return [read_connector_file(path, values) for path in paths]

    named = read(find_files(folder, files)) if files else []
    return Scope(_relaying(settings), named, lambda: read(find_files(folder)))


def _substitutions(settings: Settings, *, offline: bool) -> Mapping[str, str]:
    """Offline there need not be a stack whose ports could be told."""
    from cdc.cli.substitutions import substitutions_of  # noqa: PLC0415 (help must be fast)

    return os.environ if offline else substitutions_of(settings)


def _relaying(settings: Settings) -> Relaying:
    from cdc.doctor.world import Relaying  # noqa: PLC0415 (help must be fast)
    from cdc.privacy.policy import load_policies  # noqa: PLC0415

    folder = settings.policies.dir
    files = [policy.file for policy in load_policies(folder).values()] if folder.is_dir() else []
    return Relaying(
        settings.relay.namespace,
        tuple(settings.relay.prefixes),
        settings.relay.governed_partitions,
        frozenset(file.table for file in files if file.key),
        frozenset(file.table for file in files if file.append_only),
    )


def _exit_code(report: Report, failing: frozenset[Severity]) -> ExitCode:
    from cdc.doctor import UNREACHABLE  # noqa: PLC0415 (help must be fast)

    if any(finding.code == UNREACHABLE for finding in report.findings):
        return ExitCode.UNREACHABLE
    bad = any(finding.severity in failing for finding in report.findings)
    return ExitCode.FINDINGS if bad else ExitCode.FINE
