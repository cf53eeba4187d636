"""Tables as SQL statements leave them: state before, statement, state after.

Enters: the text of files, in order. Leaves: per statement which tables it touched and what they
were and are, each with the place where it stands. What is not understood is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from registry.derive.ddl.alters import drop_index, read_actions
from registry.derive.ddl.columns import charset_of, read_charset
from registry.derive.ddl.cursor import Cursor
from registry.derive.ddl.facts import MySqlTable, Span
from registry.derive.ddl.lexer import Source, Token, split_statements
from registry.derive.ddl.options import (
    inherit_charset,
    pass_object,
    read_options,
    refuse_undecoded,
)
from registry.derive.ddl.tables import make_unique, read_elements

Tables = Mapping[str, MySqlTable]

# Statements that shape no table.
_PASSED = frozenset(
    {
        *("INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH", "TABLE", "VALUES", "SET"),
        *("GRANT", "REVOKE", "FLUSH", "LOCK", "UNLOCK", "START", "BEGIN", "COMMIT", "ROLLBACK"),
        *("SAVEPOINT", "RELEASE", "ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "CHECKSUM", "DO"),
        *("LOAD", "TRUNCATE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "KILL", "CHANGE", "STOP"),
        *("RESET", "PURGE", "INSTALL", "UNINSTALL", "XA", "HANDLER", "IMPORT", "CACHE", "("),
    }
)
_HIDDEN = frozenset({"CALL", "PREPARE", "EXECUTE", "DEALLOCATE", "SOURCE"})


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that touched tables; `before` and `after` name those it touched.

    A table that a statement makes is in `after` alone, one that it drops in `before` alone; a
    renamed one is under its old name in `before` and under its new one in `after` (`renamed`).
    `tokens` are the statement's own.
    """

    span: Span
    before: Tables
    after: Tables
    renamed: Mapping[str, str]
    tokens: tuple[Token, ...] = ()


class Catalogue:
    """The tables of a server, changed by one statement after another."""

    def __init__(self, tables: Tables | None = None, database: str = "") -> None:
        self._tables = dict(tables or {})
        self.database = database
        """Of names without one: the last USE, else what was given."""
        self._charsets: dict[str, str] = {}
        self._renamed: dict[str, str] = {}

    @property
    def tables(self) -> Tables:
        """All tables by `database.table`."""
        return dict(self._tables)

    def run(self, source: Source) -> Iterator[Change]:
        """Carry out a file's statements and give those that touched tables.

        Raises:
            RefusedSql: a statement is not understood, or does not fit the tables.
        """
        for tokens in split_statements(source):
            before = dict(self._tables)
            self._renamed = {}
            cursor = Cursor(source, tokens)
            touched = self._carry_out(cursor)
            if touched is None:
                continue
            refuse_undecoded(source, tokens)
            if not cursor.is_done:
                raise cursor.refuse("expected the end of the statement")
            yield Change(
                cursor.span(0),
                {name: before[name] for name in touched if name in before},
                {name: self._tables[name] for name in touched if name in self._tables},
                self._renamed,
                tuple(tokens),
            )

    def _carry_out(self, cursor: Cursor) -> list[str] | None:
        """The names of the tables that a statement touches; None: it is none that shapes any."""
        word = cursor.step().word
        if word in _STATEMENTS:
            return _STATEMENTS[word](self, cursor)
        if word in _PASSED:
            return None
        cursor.at = 0
        if word in _HIDDEN:
            raise cursor.refuse("what this statement does cannot be seen from the SQL")
        raise cursor.refuse("not a statement that is known here")

    def _use(self, cursor: Cursor) -> None:
        self.database = cursor.name()

    def _create(self, cursor: Cursor) -> list[str] | None:
        if cursor.take("OR", "REPLACE") and cursor.word == "TABLE":
            raise cursor.refuse("MySQL has no CREATE OR REPLACE TABLE")
        if cursor.take("TABLE"):
            return self._create_table(cursor)
        if cursor.take_one("DATABASE", "SCHEMA"):
            self._alter_database(cursor)
            return None
        if cursor.take("UNIQUE"):
            return self._create_unique(cursor)
        pass_object(cursor)
        return None

    def _create_table(self, cursor: Cursor) -> list[str]:
        is_lenient = cursor.take("IF", "NOT", "EXISTS")
        start = cursor.at
        database, name = cursor.table_name(self.database)
        table = MySqlTable(database, name, cursor.span(start))
        exists = table.qualified in self._tables
        if exists and not is_lenient:
            raise cursor.refuse(f"table {table.qualified} is there already")
        table = self._read_body(cursor, table)
        if exists:
            return []
        self._tables[table.qualified] = table
        return [table.qualified]

    def _read_body(self, cursor: Cursor, table: MySqlTable) -> MySqlTable:
        is_wrapped = cursor.sees("(", "LIKE") and cursor.take("(")
        if cursor.take("LIKE"):
            model = self._find(cursor)
            if is_wrapped:
                cursor.need(")")
            return replace(model, database=table.database, name=table.name, span=table.span)
        if cursor.word != "(":
            raise cursor.refuse("expected columns; a table made by a query has no known shape")
        table = read_elements(cursor, table)
        if not table.columns:
            raise cursor.refuse(f"table {table.qualified} has no columns")
        table = read_options(cursor, table)
        charset = table.charset or self._charsets.get(table.database, "")
        return inherit_charset(replace(table, charset=charset))

    def _alter(self, cursor: Cursor) -> list[str] | None:
        if cursor.take_one("DATABASE", "SCHEMA"):
            self._alter_database(cursor)
            return None
        if not cursor.take("TABLE"):
            pass_object(cursor)
            return None
        table = self._find(cursor)
        return self._replace(cursor, table, read_actions(cursor, table))

    def _replace(self, cursor: Cursor, old: MySqlTable, new: MySqlTable) -> list[str]:
        if new.qualified == old.qualified:
            self._tables[new.qualified] = new
            return [new.qualified]
        if new.qualified in self._tables:
            raise cursor.refuse(f"table {new.qualified} is there already")
        del self._tables[old.qualified]
        self._tables[new.qualified] = new
        origin = self._renamed.pop(old.qualified, old.qualified)
        self._renamed[new.qualified] = origin
        return [old.qualified, new.qualified]

    def _drop(self, cursor: Cursor) -> list[str] | None:
        if cursor.take_one("TABLE", "TABLES"):
            return self._drop_tables(cursor)
        if cursor.take_one("DATABASE", "SCHEMA"):
            cursor.take("IF", "EXISTS")
            name = cursor.name()
            gone = [key for key, table in self._tables.items() if table.database == name]
            for key in gone:
                del self._tables[key]
            return gone
        if cursor.take("INDEX"):
            name = cursor.name()
            cursor.need("ON")
            table = self._find(cursor)
            cursor.skip_until()
            return self._replace(cursor, table, drop_index(table, name))
        pass_object(cursor)
        return None

    def _drop_tables(self, cursor: Cursor) -> list[str]:
        is_lenient = cursor.take("IF", "EXISTS")
        gone = []
        while True:
            at = cursor.at
            key = ".".join(cursor.table_name(self.database))
            if key in self._tables:
                del self._tables[key]
                gone.append(key)
            elif not is_lenient:
                cursor.at = at
                raise cursor.refuse(f"there is no table {key}")
            if not cursor.take(","):
                break
        cursor.take_one("RESTRICT", "CASCADE")
        return gone

    def _rename(self, cursor: Cursor) -> list[str] | None:
        if cursor.take("USER"):
            cursor.skip_until()
            return None
        if not cursor.take_one("TABLE", "TABLES"):
            raise cursor.refuse("expected TABLE")
        touched: dict[str, None] = {}
        while True:
            old = self._find(cursor)
            cursor.need("TO")
            database, name = cursor.table_name(self.database)
            new = replace(old, database=database, name=name)
            touched |= dict.fromkeys(self._replace(cursor, old, new))
            if not cursor.take(","):
                return list(touched)

    def _create_unique(self, cursor: Cursor) -> list[str]:
        cursor.need("INDEX")
        name = cursor.name()
        if cursor.take("USING"):
            cursor.step()
        cursor.need("ON")
        table = self._find(cursor)
        changed = make_unique(cursor, table, name)
        cursor.skip_until()
        return self._replace(cursor, table, changed)

    def _alter_database(self, cursor: Cursor) -> None:
        cursor.take("IF", "NOT", "EXISTS")
        name = self.database
        if cursor.word not in {"DEFAULT", "CHARACTER", "CHARSET", "COLLATE"}:
            name = cursor.name()
        while not cursor.is_done:
            if cursor.take("CHARACTER", "SET") or cursor.take("CHARSET"):
                self._charsets[name] = read_charset(cursor)
            elif cursor.take("COLLATE"):
                self._charsets[name] = charset_of(read_charset(cursor))
            else:
                cursor.step()

    def _find(self, cursor: Cursor) -> MySqlTable:
        at = cursor.at
        key = ".".join(cursor.table_name(self.database))
        if key not in self._tables:
            cursor.at = at
            raise cursor.refuse(f"there is no table {key}")
        return self._tables[key]


_STATEMENTS: Mapping[str, Callable[[Catalogue, Cursor], list[str] | None]] = {
    "USE": Catalogue._use,  # noqa: SLF001 -- a table of its methods
    "CREATE": Catalogue._create,  # noqa: SLF001
    "ALTER": Catalogue._alter,  # noqa: SLF001
    "DROP": Catalogue._drop,  # noqa: SLF001
    "RENAME": Catalogue._rename,  # noqa: SLF001
}
