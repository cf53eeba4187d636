"""`cdc demo`: everything from one command."""

from __future__ import annotations

from pathlib import Path

import click

from cdc.cli import settings_of


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> None:
    """Start everything, then show what becomes of MySQL rows, step by step.

    A real MySQL, Kafka, Kafka Connect with Debezium, the schema registry and the relay; then an
    INSERT, an UPDATE, a new column and a DELETE, seen at both ends. Everything is left running:
    `cdc stack down` stops it.
    """
    from cdc.demo.play import play  # noqa: PLC0415 (not for --help)

    config: Path | None = ctx.find_root().obj
    play(settings_of(ctx), config)
