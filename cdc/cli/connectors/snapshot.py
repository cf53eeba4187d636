"""Reading a table anew while changes go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.connectors.show import progress_line
from cdc.cli.progress import show_progress
from cdc.errors import ConfigError, Unreachable

if TYPE_CHECKING:
    from cdc.connect.progress import SnapshotProgress

HUNDRED = 100


@click.command()
@click.argument("table", metavar="DATABASE.TABLE")
@click.option("--where", default="", help="Only rows that fulfil this SQL condition.")
@click.option("--cancel", is_flag=True, help="End the table's snapshot that is under way.")
@click.option("--no-wait", is_flag=True, help="Ask, and do not wait for its end.")
@click.option("--timeout", default=3600.0, show_default=True, help="Seconds to wait for its end.")
@click.option("--prefix", help="topic.prefix of the connector (default: the relay's first).")
@click.pass_context
def snapshot(
    ctx: click.Context,
    table: str,
    *,
    where: str,
    cancel: bool,
    no_wait: bool,
    timeout: float,
    prefix: str | None,
) -> None:
    r"""Read a table's rows again, in chunks between its changes (an incremental snapshot).

    The connector is asked through Kafka (signal.enabled.channels has kafka) and tells its progress
    by notifications; its profile `mysql-recommended` is set up for both.

    \b
    Examples:
      cdc connectors snapshot pizzashop.users
      cdc connectors snapshot pizzashop.users --where "id > 1000"
      cdc connectors snapshot pizzashop.users --cancel
    """
    from cdc.app import build_snapshots  # noqa: PLC0415 (help must be fast)

    if table.count(".") != 1:
        raise ConfigError(f"{table}: a table is named DATABASE.TABLE")
    settings = settings_of(ctx)
    raw_topic = f"{prefix or settings.relay.prefixes[0]}.{table}"
    snapshots = build_snapshots(settings)
    if cancel:
        snapshots.cancel(raw_topic)
        click.echo(f"{table}: asked to end", err=True)
        return
    name = snapshots.ask(raw_topic, where)
    if no_wait:
        click.echo(f"{table}: asked as {name}; cdc connectors status shows its progress", err=True)
        return
    with show_progress(table) as bar:

        def tell(one: SnapshotProgress) -> None:
            bar(int(one.share * HUNDRED), HUNDRED)

        end = snapshots.follow(raw_topic, name, timeout, tell)
    click.echo(f"{table}: {progress_line(end)}", err=True)
    if end.trouble:
        raise Unreachable(
            f"{table}: the connector could not read it ({end.trouble})", hint=_hint(end.trouble)
        )
    if end.state != "completed":
        raise Unreachable(f"{table}: the snapshot was {end.state}", hint="cdc connectors status")


def _hint(trouble: str) -> str:
    if trouble == "UNKNOWN_SCHEMA":
        return (
            "its schema history does not have the table: give the connector another topic.prefix"
            " and history topic, or run it once with snapshot.mode=recovery"
        )
    return "cdc stack logs connect"
