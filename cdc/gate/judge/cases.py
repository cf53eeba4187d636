"""What one statement does to one table, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cdc.gate.forecast import Forecaster, Shape
from registry.derive.ddl import (
    Change,
    MySqlColumn,
    MySqlTable,
    Source,
    Span,
    Token,
    show_column,
)
from registry.derive.record import avro_name

if TYPE_CHECKING:
    from cdc.privacy.policy import Policy


@dataclass(frozen=True, slots=True)
class Pair:
    """A column before and after; a new one has no `old`.

    Types are as the server shows them, but where the statement leaves the column alone.
    """

    old: MySqlColumn | None
    new: MySqlColumn | None

    @property
    def name(self) -> str:
        """Its name now, or its last."""
        column = self.new or self.old
        assert column is not None  # noqa: S101 -- a pair has a side
        return column.name

    @property
    def former(self) -> str:
        """Its name before, "" for a new one."""
        return self.old.name if self.old else ""


@dataclass(frozen=True)
class Case:
    """A statement and a table that it touches: as MySQL has it, and what becomes of it.

    A table that is made has no `old`, one that is dropped no `new`; where the connector leaves it
    out, nothing becomes of it. `fills_nulls`: the connector's
    converter writes the default where a row says NULL.
    """

    source: Source
    change: Change
    old: MySqlTable | None
    new: MySqlTable | None
    before: Shape | None
    after: Shape | None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    fills_nulls: bool = False

    @property
    def table(self) -> str:
        """`database.table`, as it was called before."""
        table = self.old or self.new
        assert table is not None  # noqa: S101 -- a case has a side
        return table.qualified

    @property
    def policy(self) -> Policy | None:
        """What may leave of it."""
        return self.policies.get(self.table)

    @property
    def is_captured(self) -> bool:
        """The connector takes it, before or after."""
        return self.before is not None or self.after is not None

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Columns in the order of the new table, then those that go."""
        return tuple(_pair(self.old, self.new, _renames(self.change.tokens)))

    @property
    def kept(self) -> Iterator[Pair]:
        """The pairs with two sides."""
        return (pair for pair in self.pairs if pair.old and pair.new)

    @cached_property
    def changed(self) -> tuple[Pair, ...]:
        """The pairs with two sides that the statement speaks of."""
        return tuple(pair for pair in self.kept if pair.old != pair.new)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The statement's keywords and signs."""
        return tuple(token.word for token in self.change.tokens)

    def raw_field(self, name: str, *, is_new: bool) -> Mapping[str, Any]:
        """A column's field in the raw row, under its own or its adjusted name."""
        shape = self.after if is_new else self.before
        if shape is None:
            return {}
        row = shape.raw.value["fields"][0]["type"][1]
        return next((each for each in row["fields"] if each["name"] in {name, avro_name(name)}), {})

    def place(self, column: str) -> Span:
        """Where the statement speaks of a column ("": of the table)."""
        new = self.new.column(column) if self.new and column else None
        if new and _is_inside(new.span, self.change.span):
            return new.span
        wanted = column.lower() if column else self.table.rpartition(".")[2].lower()
        # A column that goes may be called as its table, which stands before it.
        tokens = self.change.tokens[::-1] if column else self.change.tokens
        for token in tokens:
            if token.kind in {"word", "name", "double"} and _plain(token).lower() == wanted:
                return self.source.span(token.start, token.end)
        return self.change.span


def open_cases(
    source: Source,
    change: Change,
    forecaster: Forecaster,
    policies: Mapping[str, Policy],
    *,
    fills_nulls: bool,
) -> Iterator[Case]:
    """A case for each table that a statement touches.

    Raises:
        RefusedSql: a column that the connector would fail at.
    """
    for old, new in _tables(change):
        yield Case(
            source,
            change,
            old,
            new,
            forecaster.shape(old) if old and forecaster.takes(old) else None,
            forecaster.shape(new) if new and forecaster.takes(new) else None,
            policies,
            fills_nulls,
        )


def _tables(change: Change) -> Iterator[tuple[MySqlTable | None, MySqlTable | None]]:
    for name, table in change.after.items():
        yield change.before.get(change.renamed.get(name, name)), table
    kept = {*change.after, *change.renamed.values()}
    for name, table in change.before.items():
        if name not in kept:
            yield table, None


def _pair(
    old: MySqlTable | None, new: MySqlTable | None, renamed: Mapping[str, str]
) -> Iterator[Pair]:
    if new is None:
        return
    left = {c.name.lower(): c for c in old.columns} if old else {}
    for column in new.columns:
        former = left.pop(renamed.get(column.name.lower(), column.name.lower()), None)
        if former is column:
            yield Pair(column, column)
        else:
            shown = show_column(old, former) if old and former else None
            yield Pair(shown, show_column(new, column))
    yield from (Pair(column, None) for column in left.values())


def _renames(tokens: tuple[Token, ...]) -> Mapping[str, str]:
    """New name → old name of each column that a statement renames, in lower case.

    CHANGE and RENAME are reserved: unquoted they are never a name.
    """
    found = {}
    for at, token in enumerate(tokens):
        rest = tokens[at + 1 : at + 5]
        if token.word == "CHANGE":
            rest = rest[1:] if rest[0].word == "COLUMN" else rest
            found[_plain(rest[1]).lower()] = _plain(rest[0]).lower()
        elif token.word == "RENAME" and rest[0].word == "COLUMN":
            found[_plain(rest[3]).lower()] = _plain(rest[1]).lower()
    return found


def _plain(token: Token) -> str:
    return token.text[1:-1] if token.kind in {"name", "double"} else token.text


def _is_inside(inner: Span, outer: Span) -> bool:
    start, end = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return inner.file == outer.file and start <= (inner.line, inner.column) < end
