"""`cdc registry`: a schema registry alone, and whole registries copied and checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli.progress import show_progress
from cdc.errors import ExitCode
from cdc.findings import FORMATS, render

if TYPE_CHECKING:
    from cdc.exchange import Plan

SHOWN = 20
"""How many versions and subjects of a plan are named in text."""


@click.group()
def registry() -> None:
    """A schema registry alone (serve), and whole registries: export, import, check."""


@registry.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to take.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8081,
    show_default=True,
    help="Port, 0 for a free one.",
)
@click.option(
    "--database",
    required=True,
    metavar="URL",
    help="sqlite:///FILE for one node; a PostgreSQL or MySQL URL may be shared by several.",
)
@click.option(
    "--profile",
    type=click.Choice(["default", "cp7", "cp8"]),
    default="default",
    show_default=True,
    help="Error codes and fields of which Confluent generation.",
)
def serve(host: str, port: int, database: str, profile: str) -> None:
    """Serve the schema registry and nothing else, in the foreground, until stopped.

    One process; run several on one PostgreSQL or MySQL database to share its load.
    """
    from cdc.admin.server import address_of, open_socket, run_server  # noqa: PLC0415 (not for help)
    from cdc.telemetry.logs import configure_logs  # noqa: PLC0415

    configure_logs()
    with open_socket(host, port) as listener:
        from cdc.app import build_registry  # noqa: PLC0415 (imports much: the socket comes first)

        app = build_registry(database, profile)
        click.echo(f"cdc registry serve: listening on {address_of(listener)}", err=True)
        run_server(app, listener)


@registry.command("export")
@click.argument("url")
@click.option("--out", type=click.Path(path_type=Path), help="File to write (default: stdout).")
def export(url: str, out: Path | None) -> None:
    """Write all of a registry as JSON lines: subjects, versions with their ids, levels, modes.

    Soft-deleted versions are among them. URL is any Confluent-compatible registry's.
    """
    from cdc.exchange import RegistryDoor, read_registry, write_lines  # noqa: PLC0415

    with show_progress("subjects") as tick:
        contents = read_registry(RegistryDoor(url), tick)
    if out is None:
        for line in contents.lines():
            click.echo(line)
    else:
        write_lines(contents, out)
    head = contents.head
    click.echo(f"exported {head.versions} versions of {head.subjects} subjects", err=True)


@registry.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "url", required=True, metavar="URL", help="The registry that is to have it.")
@click.option("--dry-run", is_flag=True, help="Only compare and say what would be done.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def import_(file: Path, url: str, output: str, *, dry_run: bool) -> int:
    """Bring an exported registry into another one, under the same ids and version numbers.

    Any Confluent-compatible registry that has mode IMPORT. What is there already is left alone, so
    an import that failed is repeated as it is; one contradiction (another schema under an id)
    stops it before anything is changed. The subjects' levels come along, the registry's own
    level and modes do not.

    Exit codes: 0 done, or nothing to do, 1 contradictions, 2 usage or refused, 4 unreachable.
    """
    from cdc.exchange import RegistryDoor, apply_plan, plan_import, read_file  # noqa: PLC0415

    contents, door = read_file(file), RegistryDoor(url)
    with show_progress("comparing") as tick:
        plan = plan_import(door, contents, tick)
    done = not dry_run and not plan.conflicts
    if done:
        with show_progress("importing") as tick:
            apply_plan(door, plan, tick)
    click.echo(_as_json(plan, done=done) if output == "json" else _describe(plan, done=done))
    return ExitCode.FINDINGS if plan.conflicts else ExitCode.FINE


def _as_json(plan: Plan, *, done: bool) -> str:
    shown = {
        "target": plan.target,
        "done": done,
        "missing": len(plan.missing),
        "present": len(plan.present) + len(plan.lingering),
        "steps": plan.steps,
        "conflicts": plan.conflicts,
    }
    return json.dumps(shown, indent=2)


def _describe(plan: Plan, *, done: bool) -> str:
    verb = "imported" if done else "to import"
    named = [f"{verb}: {step}" for step in plan.steps]
    lines = [f"contradiction: {conflict}" for conflict in plan.conflicts] + named[:SHOWN]
    if len(named) > SHOWN:
        lines.append(f"… and {len(named) - SHOWN} more")
    if plan.conflicts:
        lines.append("nothing was imported: the target contradicts the file")
    lines.append(
        f"{plan.target}: {len(plan.missing)} versions {verb},"
        f" {len(plan.present) + len(plan.lingering)} there already,"
        f" {len(plan.conflicts)} contradictions"
    )
    return "\n".join(lines)


@registry.command("check")
@click.argument("url")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
def check(url: str, format_: str) -> int:
    """Try what a registry can do, and say what degrades where it cannot.

    Subjects of its own are made and removed again; the ids that they were given stay used up.

    Exit codes: 0 all that is essential works, 1 something essential does not, 4 unreachable.
    """
    from cdc.exchange import RegistryDoor, check_registry  # noqa: PLC0415 (help must be fast)

    with show_progress("checking") as tick:
        report = check_registry(RegistryDoor(url), tick)
    click.echo(render(report, format_, has_colours=sys.stdout.isatty()), nl=format_ != "github")
    return ExitCode.FINDINGS if report.fails else ExitCode.FINE
