"""CREATE TABLE: columns, keys and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from registry.derive.ddl.columns import (
    Definition,
    charset_of,
    read_charset,
    read_definition,
    read_reference,
)
from registry.derive.ddl.cursor import Cursor
from registry.derive.ddl.facts import Index, MySqlTable

_INDEX_WORDS = frozenset(
    {"PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "CONSTRAINT"}
)
_OPTION_WORDS = frozenset({"USING", "KEY_BLOCK_SIZE", "COMMENT", "WITH", "VISIBLE", "INVISIBLE"})


def read_elements(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    """Read `(column or index, …)` onto a table.

    Raises:
        RefusedSql: an element is not understood.
    """
    cursor.need("(")
    table = read_element(cursor, table)
    while cursor.take(","):
        table = read_element(cursor, table)
    cursor.need(")")
    return table


def read_element(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    """Read one column or index onto a table."""
    if cursor.word in _INDEX_WORDS:
        return read_index(cursor, table)
    start = cursor.at
    name = cursor.name()
    if table.column(name):
        raise cursor.refuse(f"column {name} is there twice")
    return add_column(table, read_definition(cursor, name, start, table.charset))


def add_column(table: MySqlTable, definition: Definition) -> MySqlTable:
    """The table with one more column, and the keys that its definition declares."""
    column = definition.column
    grown = replace(table, columns=(*table.columns, column))
    return declare_keys(grown, definition)


def declare_keys(table: MySqlTable, definition: Definition) -> MySqlTable:
    """The table with the keys of a column's definition.

    A unique column is a keyless table's key at once: a connector does not ask whether it is NULL.
    """
    name = definition.column.name
    if definition.primary:
        table = replace(table, key=(name,), primary=(name,))
    if definition.unique:
        uniques = (*table.uniques, Index(name, (name,)))
        table = replace(table, uniques=uniques, key=table.key or (name,))
    return table


def read_index(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    """Read an index or a constraint; only keys that tell rows apart change the table."""
    constraint = ""
    if cursor.take("CONSTRAINT") and cursor.word not in _INDEX_WORDS:
        constraint = cursor.name()
    word = cursor.step().word
    reader = _INDEXES.get(word)
    if reader is None:
        cursor.at -= 1
        raise cursor.refuse("expected an index or a constraint")
    return reader(cursor, table, constraint)


def _primary(cursor: Cursor, table: MySqlTable, _constraint: str) -> MySqlTable:
    cursor.need("KEY")
    _skip_index_options(cursor)
    names = _read_parts(cursor, table)
    _skip_index_options(cursor)
    return make_primary(table, names)


def make_primary(table: MySqlTable, names: tuple[str, ...]) -> MySqlTable:
    """The table with a primary key; its columns cannot be NULL."""
    low = {name.lower() for name in names}
    columns = tuple(
        replace(c, nullable=False) if c.name.lower() in low else c for c in table.columns
    )
    return replace(table, columns=columns, key=names, primary=names)


def _unique(cursor: Cursor, table: MySqlTable, constraint: str) -> MySqlTable:
    cursor.take_one("KEY", "INDEX")
    name = _read_index_name(cursor) or constraint
    return make_unique(cursor, table, name)


def make_unique(cursor: Cursor, table: MySqlTable, name: str) -> MySqlTable:
    """Read a unique index's columns; the first that has no NULL is the key of a keyless table."""
    names = _read_parts(cursor, table)
    _skip_index_options(cursor)
    index = Index(name or names[0], names)
    table = replace(table, uniques=(*table.uniques, index))
    return table if table.key or not is_total(table, index) else replace(table, key=names)


def is_total(table: MySqlTable, index: Index) -> bool:
    """Whether an index tells every row apart: columns only, none of them nullable."""
    found = [table.column(name) for name in index.columns]
    return all(column is not None and not column.nullable for column in found)


def _plain(cursor: Cursor, table: MySqlTable, _constraint: str) -> MySqlTable:
    cursor.take_one("KEY", "INDEX")
    _read_index_name(cursor)
    _skip_index_options(cursor)
    cursor.skip_parentheses()
    _skip_index_options(cursor)
    return table


def _foreign(cursor: Cursor, table: MySqlTable, _constraint: str) -> MySqlTable:
    cursor.need("KEY")
    _read_index_name(cursor)
    cursor.skip_parentheses()
    cursor.need("REFERENCES")
    read_reference(cursor)
    return table


def _check(cursor: Cursor, table: MySqlTable, _constraint: str) -> MySqlTable:
    cursor.skip_parentheses()
    if not cursor.take("NOT", "ENFORCED"):
        cursor.take("ENFORCED")
    return table


_INDEXES: Mapping[str, Callable[[Cursor, MySqlTable, str], MySqlTable]] = {
    "PRIMARY": _primary,
    "UNIQUE": _unique,
    "INDEX": _plain,
    "KEY": _plain,
    "FULLTEXT": _plain,
    "SPATIAL": _plain,
    "FOREIGN": _foreign,
    "CHECK": _check,
}


def _read_index_name(cursor: Cursor) -> str:
    name = "" if cursor.word in {"(", "USING"} else cursor.name()
    if cursor.take("USING"):
        cursor.step()
    return name


def _skip_index_options(cursor: Cursor) -> None:
    while cursor.word in _OPTION_WORDS:
        word = cursor.step().word
        cursor.take("=")
        if word == "WITH":
            cursor.need("PARSER")
        if word not in {"VISIBLE", "INVISIBLE"}:
            cursor.step()


def _read_parts(cursor: Cursor, table: MySqlTable) -> tuple[str, ...]:
    cursor.need("(")
    parts = [_read_part(cursor, table)]
    while cursor.take(","):
        parts.append(_read_part(cursor, table))
    cursor.need(")")
    return tuple(parts)


def _read_part(cursor: Cursor, table: MySqlTable) -> str:
    if cursor.word == "(":
        cursor.skip_parentheses()
        cursor.take_one("ASC", "DESC")
        return ""
    at = cursor.at
    name = cursor.name()
    column = table.column(name)
    if column is None:
        cursor.at = at
        raise cursor.refuse(f"the table has no column {name}")
    if cursor.word == "(":
        cursor.skip_parentheses()
    cursor.take_one("ASC", "DESC")
    return column.name


def read_option(cursor: Cursor, table: MySqlTable) -> MySqlTable | None:
    """Read an option that bears on columns; None: it is none of them."""
    at = cursor.at
    cursor.take("DEFAULT")
    if cursor.take("CHARACTER", "SET") or cursor.take("CHARSET"):
        return replace(table, charset=read_charset(cursor))
    if cursor.take("COLLATE"):
        return replace(table, charset=charset_of(read_charset(cursor)))
    cursor.at = at
    return None
