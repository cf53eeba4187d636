"""`cdc connectors`: Debezium connectors as files."""

import json
from dataclasses import asdict

import click

from cdc.cli import settings_of
from cdc.cli.substitutions import substitutions_of
from cdc.connect.apply import ConnectorState, apply_connectors, read_state, require_known
from cdc.connect.client import ConnectClient
from cdc.connect.desired import find_files
from cdc.errors import ExitCode

DEADLINE_S = 60.0


@click.group()
def connectors() -> None:
    """Debezium connectors as files: apply, status, delete.

    A file is {"name": ..., "config": {...}}. In its values {{NAME:default}} is filled in here
    (SECRETS_DIR, MYSQL_HOST, MYSQL_PORT, KAFKA_BOOTSTRAP, REPLICATION_FACTOR and the environment);
    ${provider:path:key} is resolved by Kafka Connect.
    """


@connectors.command()
@click.argument("names", nargs=-1, metavar="[FILE|NAME]...")
@click.option(
    "--timeout", default=DEADLINE_S, show_default=True, help="Seconds for each connector to run."
)
@click.pass_context
def apply(ctx: click.Context, names: tuple[str, ...], timeout: float) -> None:
    """Bring connectors to the state of their files (default: all of connect.dir)."""
    settings = settings_of(ctx)
    results = apply_connectors(
        ConnectClient(settings.connect_url),
        find_files(settings.connect.dir, names),
        substitutions_of(settings),
        timeout,
    )
    for result in results:
        click.echo(f"{result.name}: {result.change}, runs ({result.took_s:.1f} s)", err=True)


@connectors.command()
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def status(ctx: click.Context, output: str) -> int:
    """Show all connectors and their tasks. Exit code 4 when one has failed."""
    client = ConnectClient(settings_of(ctx).connect_url)
    found = [read_state(client, name) for name in client.list_connectors()]
    states = [state for state in found if state is not None]
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


@connectors.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Remove a connector. Its topics and offsets stay: applied again, it goes on from there."""
    client = ConnectClient(settings_of(ctx).connect_url)
    require_known(client, name)
    client.delete(name)
    click.echo(f"{name}: removed", err=True)
