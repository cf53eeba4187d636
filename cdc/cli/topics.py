"""`cdc topics`: what is in the raw and governed topics."""

import json
import sys
from contextlib import suppress
from dataclasses import asdict

import click

from cdc.cli import settings_of
from cdc.errors import ExitCode

WIDE = 240


@click.group()
def topics() -> None:
    """Governed and raw topics: list, tail, retire."""


@topics.command("list")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def list_(ctx: click.Context, output: str) -> None:
    """List the stream's topics with partitions, records and format.

    MAJOR says of a governed topic whether it is its table's newest, or an earlier one that is
    served, or frozen: not written any more.

    Records count offsets (end - start): transaction markers and records that compaction has
    removed are among them.
    """
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.topics import TopicRow, list_topics  # noqa: PLC0415

    settings = settings_of(ctx)
    kafka = KafkaAccess.of(settings)
    rows: list[TopicRow] = list_topics(kafka.topics(), kafka.reader(), settings.relay)
    if output == "json":
        click.echo(json.dumps({"topics": [asdict(row) for row in rows]}, indent=2))
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("TOPIC", "KIND", "PARTITIONS", "RECORDS", "FORMAT", "MAJOR"):
        table.add_column(
            heading, justify="right" if heading[-1] == "S" else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(
            row.name, row.kind, str(row.partitions), f"{row.records:,}", row.format, row.standing
        )
    # A pipe has no width: names must reach it whole.
    width = None if sys.stdout.isatty() else WIDE
    Console(highlight=False, width=width).print(table)


@topics.command()
@click.argument("topic")
@click.option("--follow", "-f", is_flag=True, help="Go on with new records until Ctrl-C.")
@click.option("--from-beginning", is_flag=True, help="All records, oldest first.")
@click.option("--key", help="Only this key: its JSON, or the value of a key of one column.")
@click.option("-n", "--lines", type=click.IntRange(1), help="How many records (else the last 10).")
@click.pass_context
def tail(
    ctx: click.Context,
    topic: str,
    key: str | None,
    lines: int | None,
    *,
    follow: bool,
    from_beginning: bool,
) -> int:
    """Print records of TOPIC, decoded, one JSON object a line.

    A tombstone's value is null. Raw topics hold personal data: so does what is printed here.
    """
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.topics import RecordDecoder, Tail, TailRequest  # noqa: PLC0415
    from registry.client import RegistryClient  # noqa: PLC0415

    settings = settings_of(ctx)
    kafka = KafkaAccess.of(settings)
    decoder = RecordDecoder(
        lambda number: RegistryClient(settings.registry_url).schema_by_id(number)
    )
    request = TailRequest(topic, key, lines, from_beginning, follow)
    with suppress(KeyboardInterrupt):
        for line in Tail(kafka.topics(), kafka.reader(), decoder).lines(request):
            click.echo(line)
    return ExitCode.FINE


@topics.command()
@click.argument("topic")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask: all that TOPIC holds is lost.")
@click.pass_context
def retire(ctx: click.Context, topic: str, *, is_sure: bool) -> int:
    """Delete TOPIC, an earlier major of its table, once the newest one has everything.

    Refused unless the newest major's backfill is completed and `cdc verify` finds it equal to
    MySQL. The relay stops writing TOPIC first; its subjects are soft-deleted, their ids can still
    be read.

    \b
      cdc topics retire governed.shop.orders.v1

    Exit codes: 0 deleted, 1 the newest major differs from MySQL, or you said no, 2 TOPIC is no
    earlier major's or the backfill is not completed, 4 something needed is unreachable.
    """  # noqa: D301
    from cdc.app import build_retirer, verify_table  # noqa: PLC0415 (help must be fast)

    settings = settings_of(ctx)
    retirer = build_retirer(settings)
    found = retirer.find(topic)
    if not verify_table(settings, found.table, found.raw_topic).is_equal:
        click.echo(f"{found.newest}: differs from MySQL; see cdc verify {found.table}", err=True)
        return ExitCode.FINDINGS
    if not is_sure:
        click.confirm(f"delete {topic} and all that it holds?", abort=True, err=True)
    retirer.carry_out(found)
    click.echo(f"{topic}: deleted; {found.newest} goes on", err=True)
    return ExitCode.FINE
