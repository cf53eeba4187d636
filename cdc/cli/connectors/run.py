"""Connectors that run: status."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cdc.cli.connectors.context import client_of, output_option
from cdc.errors import ExitCode

if TYPE_CHECKING:
    from cdc.connect.states import ConnectorState


@click.command()
@output_option
@click.pass_context
def status(ctx: click.Context, output: str) -> int:
    """Show all connectors and their tasks. Exit code 4 when one has failed."""
    from cdc.connect.states import read_live  # noqa: PLC0415 (help must be fast)

    states = [live.state for live in read_live(client_of(ctx)).values()]
    if output == "json":
        click.echo(json.dumps({"connectors": [asdict(state) for state in states]}, indent=2))
    else:
        _print_states(states)
    failed = any(state.has_failed for state in states)
    return ExitCode.UNREACHABLE if failed else ExitCode.FINE


def _print_states(states: list[ConnectorState]) -> None:
    if not states:
        click.echo("no connectors; cdc connectors apply makes those of connect.dir", err=True)
    for state in states:
        tasks = ", ".join(state.tasks) or "none"
        click.echo(f"{state.name}: {state.connector}, tasks: {tasks}")
        if state.reason:
            click.echo(f"  {state.reason}")
