"""Which dead letters: the arguments and options that `cdc dlq` shares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cdc.operations import Selection

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MS_PER_S = 1000
STATES = ("open", "superseded", "replayed", "unwatched")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _moment(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """Ms since 1970 from ISO 8601 (UTC where it says nothing), or from how long ago: 30m, 2h."""
    if text is None:
        return None
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        moment = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise click.BadParameter("a time is 2026-01-31T12:00:00, or 30m, 2h, 7d ago") from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * MS_PER_S)


def _offsets(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """First and last source offset from 42 or 42..99."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text)
    if match is None:
        raise click.BadParameter("an offset is 42, a range 42..99")
    return int(match[1]), int(match[2] or match[1])


def selecting(command: Decorated) -> Decorated:
    """Which letters: positions and filters."""
    for decorate in (
        click.argument("letters", nargs=-1, metavar="[LETTER]..."),
        click.option("--table", default="", help="<database>.<table>, or a raw topic."),
        click.option("--reason", default="", help="For example no_canonical_form."),
        click.option(
            "--since",
            metavar="TIME",
            callback=_moment,
            help="Refused at or after: a time, or 2h (ago).",
        ),
        click.option("--until", metavar="TIME", callback=_moment, help="Refused before."),
        click.option("--key", default="", help="A token that stands in the governed key."),
        click.option(
            "--offsets", metavar="N[..M]", callback=_offsets, help="Source offset, or a range N..M."
        ),
    ):
        command = decorate(command)
    return command


def selection_of(states: Sequence[str], given: Mapping[str, Any]) -> Selection:
    """What the options of `selecting` say."""
    from cdc.operations import Selection  # noqa: PLC0415 (help must be fast)

    return Selection(
        frozenset(given["letters"]),
        given["table"],
        given["reason"],
        frozenset(states),
        given["since"],
        given["until"],
        given["offsets"],
        given["key"],
    )
