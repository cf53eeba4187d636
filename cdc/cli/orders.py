"""Commands to the relays: given, awaited with progress, and told what became of them."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cdc.cli import settings_of
from cdc.cli.progress import show_progress
from cdc.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from cdc.config import Settings
    from cdc.control.commands import Command
    from cdc.operations import Answer, Orders

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

WELL = frozenset({"replayed", "purged"})
"""What became of a letter as it was asked for; all else is a finding."""
SAYINGS = {
    "failed_again": "failed again",
    "not_open": "not open (superseded or dealt with before)",
    "original_not_kept": "whose original was too large to be kept",
    "row_unknown": "without a row's key (a later change of the row could not be told)",
    "expired": "no longer in the dead letter topic",
}


def order_options(command: Decorated) -> Decorated:
    """Who asks, and for how long the answer is awaited."""
    command = click.option(
        "--wait",
        "wait_s",
        type=click.FloatRange(0),
        default=30,
        show_default=True,
        help="Seconds to wait for the relay's answer.",
    )(command)
    return click.option(
        "--by", default=_whoever, help="Who asks, as status shows it (default: the user's name)."
    )(command)


def _whoever() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"


def orders_of(settings: Settings) -> Orders:
    """Gives commands through the broker of the settings."""
    from cdc.kafka.client import KafkaAccess  # noqa: PLC0415 (help must be fast)
    from cdc.operations import Orders  # noqa: PLC0415

    kafka = KafkaAccess.of(settings)
    return Orders(kafka.topics(), kafka.reader(), kafka.appender(), settings.relay)


def await_orders(orders: Orders, commands: Sequence[Command], wait_s: float) -> int:
    """Wait, and say what became of each; the exit code."""
    with show_progress("waiting for the relay") as tick:
        answers = orders.wait(commands, wait_s, tick)
    for answer in answers:
        click.echo(say(answer))
    return ExitCode.FINE if all(map(_is_well, answers)) else ExitCode.FINDINGS


def say(answer: Answer) -> str:
    """One line."""
    command, ack = answer.command, answer.ack
    counts = ", ".join(f"{count:,} {SAYINGS.get(it, it)}" for it, count in ack.counts.items())
    outcome = "" if ack.outcome == "done" and counts else f" {ack.outcome}"
    said = ": ".join(filter(None, (f"{command.kind}{outcome}", counts, ack.detail)))
    return f"{command.raw_topic}: {said}"


def _is_well(answer: Answer) -> bool:
    return answer.ack.outcome == "done" and answer.ack.counts.keys() <= WELL


def answer_as_json(answer: Answer) -> dict[str, object]:
    """For machines."""
    command = {name: it for name, it in asdict(answer.command).items() if name != "letters"}
    return {**command, **asdict(answer.ack)}


def _table_command(kind: str, help_text: str) -> click.Command:
    @click.command(kind, help=help_text)
    @click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
    @order_options
    @click.pass_context
    def command(ctx: click.Context, tables: tuple[str, ...], by: str, wait_s: float) -> int:
        from cdc.control.commands import Kind  # noqa: PLC0415

        if not by.strip():
            raise ConfigError("--by: empty; who asks is part of the record")
        orders = orders_of(settings_of(ctx))
        return await_orders(orders, orders.for_tables(Kind(kind), tables, by), wait_s)

    return command


pause = _table_command(
    "pause",
    """Stop relaying tables, until somebody says resume.

    A paused table stays at its offset, also after restarts and rebalances; the others go on. Raw
    retention does not wait: see `cdc relay status`.

    \b
      cdc relay pause pizzashop.users
      cdc relay pause pizzashop.users pizzashop.products --by ada
    """,
)
resume = _table_command(
    "resume",
    """Go on with tables that are paused or stopped.

    A stopped table is tried again; if the cause is still there, it stops again.

    \b
      cdc relay resume pizzashop.users
    """,
)
