"""Where a connector is in the binlog: show, set, reset."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import click

from cdc.cli.connectors.context import client_of, output_option
from cdc.errors import ConfigError

yes_option = click.option("--yes", is_flag=True, help="Do it; else it is only told.")


@click.group()
def offsets() -> None:
    """Where a connector is in the binlog: show, set, reset."""


@offsets.command()
@click.argument("name")
@output_option
@click.pass_context
def show(ctx: click.Context, name: str, output: str) -> None:
    """Show the binlog position and the GTIDs that a connector has committed."""
    from cdc.connect.offsets import read_positions  # noqa: PLC0415 (help must be fast)
    from cdc.connect.states import require_known  # noqa: PLC0415

    client = client_of(ctx)
    require_known(client, name)
    positions = read_positions(client.offsets(name))
    if output == "json":
        click.echo(json.dumps({"offsets": [asdict(one) for one in positions]}, indent=2))
        return
    for one in positions:
        click.echo(f"{one.server}: {one.describe()}")
    if not positions:
        click.echo(f"{name} has no offset yet", err=True)


@offsets.command("set")
@click.argument("name")
@click.option("--file", help="Binlog file, such as binlog.000002.")
@click.option("--pos", type=click.IntRange(4), help="Position in it.")
@click.option("--gtids", help="All GTIDs that count as read; it goes on after them.")
@yes_option
@click.pass_context
def set_(
    ctx: click.Context,
    name: str,
    *,
    file: str | None,
    pos: int | None,
    gtids: str | None,
    yes: bool,
) -> None:
    r"""Put a stopped connector elsewhere in the binlog.

    Where the server has GTIDs, these decide and file and position only say where to look. Back: the
    same events come again. Ahead: what lies between is never seen.

    \b
    Example:
      cdc connectors stop pizzashop
      cdc connectors offsets set pizzashop --file binlog.000002 --pos 4 --gtids UUID:1-17 --yes
      cdc connectors resume pizzashop
    """
    from cdc.connect.gtids import parse_gtids  # noqa: PLC0415 (help must be fast)
    from cdc.connect.offsets import read_positions, require_stopped  # noqa: PLC0415

    given = {"file": file, "pos": pos, "gtids": gtids}
    changes = {key: value for key, value in given.items() if value is not None}
    if not changes:
        raise ConfigError("where to? --file, --pos, --gtids")
    try:
        parse_gtids(gtids or "")
    except ValueError:
        raise ConfigError("--gtids: no set of GTIDs", hint="UUID:1-17,UUID:1-3") from None
    client = client_of(ctx)
    require_stopped(client, name)
    positions = read_positions(client.offsets(name))
    if len(positions) != 1:
        raise ConfigError(f"{name}: has {len(positions)} offsets; only one can be set from here")
    wanted = replace(positions[0], snapshot=False, **changes)  # type: ignore[arg-type]  # by option
    click.echo(f"{name}: from {positions[0].describe()}")
    click.echo(f"{' ' * len(name)}    to {wanted.describe()}")
    if _agreed(yes=yes):
        client.put_offsets(name, [wanted.to_offset()])


@offsets.command()
@click.argument("name")
@yes_option
@click.pass_context
def reset(ctx: click.Context, name: str, *, yes: bool) -> None:
    """Let a stopped connector forget where it was: started again, it takes a new snapshot.

    With snapshot.mode=initial all rows come again, as reads; deletes of the time between are lost
    to readers of the raw topics.
    """
    from cdc.connect.offsets import read_positions, require_stopped  # noqa: PLC0415

    client = client_of(ctx)
    require_stopped(client, name)
    for one in read_positions(client.offsets(name)):
        click.echo(f"{name}: from {one.describe()} to nowhere")
    if _agreed(yes=yes):
        client.delete_offsets(name)


def _agreed(*, yes: bool) -> bool:
    click.echo("done" if yes else "nothing has been done: --yes does it", err=True)
    return yes
