"""What SQL text says of tables: columns as MySQL declares them, and where each one stands."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a file; lines and columns count from 1, the end is behind the last character."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class DataType:
    """A column's type as it is declared, synonyms and all.

    `name` is upper case with its modifiers (`INT UNSIGNED`, `NATIONAL CHAR`); `length` is the first
    number in parentheses, `scale` the second. `labels` are those of ENUM and SET between their
    quotes, escapes as they are written. `charset` is "" where it does not apply or is not known.
    """

    name: str
    length: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    charset: str = ""

    @property
    def base(self) -> str:
        """The name without UNSIGNED, SIGNED, ZEROFILL and BINARY behind it."""
        words = self.name.split()
        while len(words) > 1 and words[-1] in {"UNSIGNED", "SIGNED", "ZEROFILL", "BINARY", "BYTE"}:
            words.pop()
        return " ".join(words)


@dataclass(frozen=True, slots=True)
class Default:
    """A column's literal default: `kind` text, number, bits, hex, word or now; `text` as written.

    A text is what stands between the quotes, escapes as they are.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MySqlColumn:
    """A column as MySQL declares it; `default` None: none, NULL or an expression."""

    name: str
    type: DataType
    nullable: bool
    span: Span
    default: Default | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Index:
    """A unique index; a part that is an expression is an empty name."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MySqlTable:
    """A table; `key` is what a connector that follows the statements takes for its key.

    `primary` and `uniques` are MySQL's own; a connector that streams may hold another key than one
    that takes a snapshot (see `shown`).
    """

    database: str
    name: str
    span: Span
    columns: tuple[MySqlColumn, ...] = ()
    key: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()
    uniques: tuple[Index, ...] = ()
    charset: str = ""

    @property
    def qualified(self) -> str:
        """`database.table`."""
        return f"{self.database}.{self.name}"

    def column(self, name: str) -> MySqlColumn | None:
        """The column of that name, whatever its case, as MySQL looks it up."""
        low = name.lower()
        return next((c for c in self.columns if c.name.lower() == low), None)

    def with_column(self, old: str, new: MySqlColumn) -> MySqlTable:
        """The same table with a column replaced, its name in keys and indexes too."""
        renamed = {old.lower(): new.name}

        def fresh(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(renamed.get(name.lower(), name) for name in names)

        return replace(
            self,
            columns=tuple(new if c.name.lower() == old.lower() else c for c in self.columns),
            key=fresh(self.key),
            primary=fresh(self.primary),
            uniques=tuple(Index(index.name, fresh(index.columns)) for index in self.uniques),
        )

    def without_column(self, name: str) -> MySqlTable:
        """The same table without a column; indexes lose it, and go with their last column."""
        low = name.lower()

        def rest(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(each for each in names if each.lower() != low)

        left = (Index(index.name, rest(index.columns)) for index in self.uniques)
        return replace(
            self,
            columns=tuple(c for c in self.columns if c.name.lower() != low),
            key=rest(self.key),
            primary=rest(self.primary),
            uniques=tuple(index for index in left if index.columns),
        )
