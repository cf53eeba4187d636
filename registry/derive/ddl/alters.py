"""ALTER TABLE: one action after another, each from one table to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from registry.derive.ddl.columns import (
    Definition,
    charset_of,
    read_charset,
    read_default,
    read_definition,
)
from registry.derive.ddl.cursor import Cursor
from registry.derive.ddl.facts import MySqlColumn, MySqlTable
from registry.derive.ddl.names import TYPES
from registry.derive.ddl.tables import (
    add_column,
    declare_keys,
    read_elements,
    read_index,
    read_option,
)

_INDEX_WORDS = ("INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL", "PRIMARY", "FOREIGN", "CHECK")
# What may stand in an ALTER and leaves the shape of the table alone.
_SHAPELESS = frozenset(
    {
        *("ALGORITHM", "LOCK", "ENGINE", "AUTO_INCREMENT", "COMMENT", "ROW_FORMAT", "FORCE"),
        *("ENABLE", "DISABLE", "ORDER", "WITH", "WITHOUT", "KEY_BLOCK_SIZE", "TABLESPACE"),
        *("STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "CHECKSUM"),
        *("DELAY_KEY_WRITE", "MAX_ROWS", "MIN_ROWS", "AVG_ROW_LENGTH", "PACK_KEYS"),
        *("COMPRESSION", "ENCRYPTION", "CONNECTION", "INSERT_METHOD", "UNION", "PASSWORD"),
        *("DATA", "DISCARD", "IMPORT", "SECONDARY_ENGINE", "SECONDARY_LOAD", "SECONDARY_UNLOAD"),
        *("ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "AUTOEXTEND_SIZE", "START"),
        *("PARTITION", "REMOVE", "REORGANIZE", "REBUILD", "COALESCE", "TRUNCATE", "ANALYZE"),
        *("OPTIMIZE", "REPAIR", "CHECK", "EXCHANGE"),
    }
)
# Options may follow each other without commas.
_CHARSET_WORDS = frozenset({"DEFAULT", "CHARACTER", "CHARSET", "COLLATE"})
_PARTITION_WORDS = frozenset({"PARTITION", "REORGANIZE", "EXCHANGE", "ORDER"})


def read_actions(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    """Read all actions of an ALTER TABLE onto a table.

    Raises:
        RefusedSql: an action is not understood, or names what is not there.
    """
    table = _read_action(cursor, table)
    while cursor.take(",") or cursor.word in _SHAPELESS or cursor.word in _CHARSET_WORDS:
        table = _read_action(cursor, table)
    return table


def _read_action(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    changed = read_option(cursor, table)
    if changed is not None:
        return changed
    word = cursor.word
    if word in _ACTIONS:
        cursor.step()
        return _ACTIONS[word](cursor, table)
    if word in _SHAPELESS:
        _skip_shapeless(cursor)
        return table
    raise cursor.refuse("expected an action of ALTER TABLE")


def _skip_shapeless(cursor: Cursor) -> None:
    if cursor.word in _PARTITION_WORDS or cursor.sees("ANALYZE", "PARTITION"):
        cursor.skip_rest()
        return
    cursor.step()
    cursor.skip_until(",", *(_SHAPELESS - {"KEY_BLOCK_SIZE", "PARTITION", "TABLESPACE"}))


def _add(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    if cursor.take("PARTITION"):
        cursor.skip_until()
        return table
    if cursor.word in {*_INDEX_WORDS, "CONSTRAINT"}:
        return read_index(cursor, table)
    cursor.take("COLUMN")
    if cursor.word == "(":
        return read_elements(cursor, table)
    start = cursor.at
    name = cursor.name()
    if table.column(name):
        raise cursor.refuse(f"{table.qualified} has a column {name} already")
    definition = read_definition(cursor, name, start, table.charset)
    table = _keep_key(table, add_column(table, definition), definition)
    return _place(cursor, table, name)


def _change(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    cursor.take("COLUMN")
    old = _find(cursor, table)
    return _redefine(cursor, table, old)


def _modify(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    cursor.take("COLUMN")
    old = _find(cursor, table)
    cursor.at -= 1
    return _redefine(cursor, table, old)


def _redefine(cursor: Cursor, table: MySqlTable, old: MySqlColumn) -> MySqlTable:
    start = cursor.at
    name = cursor.name()
    if name.lower() != old.name.lower() and table.column(name):
        raise cursor.refuse(f"{table.qualified} has a column {name} already")
    definition = read_definition(cursor, name, start, table.charset)
    changed = table.with_column(old.name, definition.column)
    table = _keep_key(changed, declare_keys(changed, definition), definition)
    return _place(cursor, table, name)


def _keep_key(before: MySqlTable, after: MySqlTable, definition: Definition) -> MySqlTable:
    """In an ALTER, a connector does not take a column's own UNIQUE for the key."""
    return after if definition.primary else replace(after, key=before.key)


def _place(cursor: Cursor, table: MySqlTable, name: str) -> MySqlTable:
    """FIRST and AFTER."""
    if cursor.take("FIRST"):
        position = 0
    elif cursor.take("AFTER"):
        anchor = _find(cursor, table)
        rest = [c for c in table.columns if c.name != name]
        if anchor not in rest:
            raise cursor.refuse(f"column {name} cannot stand behind itself")
        position = rest.index(anchor) + 1
    else:
        return table
    moved = [c for c in table.columns if c.name != name]
    moved.insert(position, next(c for c in table.columns if c.name == name))
    return replace(table, columns=tuple(moved))


def _find(cursor: Cursor, table: MySqlTable) -> MySqlColumn:
    at = cursor.at
    name = cursor.name()
    column = table.column(name)
    if column is None:
        cursor.at = at
        raise cursor.refuse(f"{table.qualified} has no column {name}")
    return column


def _drop(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    if cursor.take("PRIMARY", "KEY"):
        return replace(table, key=(), primary=())
    if cursor.take_one("INDEX", "KEY"):
        return drop_index(table, cursor.name())
    if cursor.take("PARTITION"):
        cursor.skip_until()
        return table
    if cursor.take("FOREIGN", "KEY") or cursor.take_one("CHECK", "CONSTRAINT"):
        return drop_index(table, cursor.name())
    cursor.take("COLUMN")
    column = _find(cursor, table)
    cursor.take_one("RESTRICT", "CASCADE")
    if len(table.columns) == 1:
        raise cursor.refuse(f"{table.qualified} cannot lose its last column")
    return table.without_column(column.name)


def drop_index(table: MySqlTable, name: str) -> MySqlTable:
    """The table without a unique index; a connector that streams keeps it as its key."""
    left = tuple(index for index in table.uniques if index.name.lower() != name.lower())
    return replace(table, uniques=left)


def _alter(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    if cursor.take_one("INDEX", "CHECK", "CONSTRAINT"):
        cursor.skip_until(",")
        return table
    cursor.take("COLUMN")
    column = _find(cursor, table)
    if cursor.take("SET", "DEFAULT"):
        return table.with_column(column.name, replace(column, default=read_default(cursor)))
    if cursor.take("DROP", "DEFAULT"):
        return table.with_column(column.name, replace(column, default=None))
    cursor.need("SET")
    if not cursor.take_one("VISIBLE", "INVISIBLE"):
        raise cursor.refuse("expected DEFAULT, VISIBLE or INVISIBLE")
    return table


def _rename(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    if cursor.take("COLUMN"):
        column = _find(cursor, table)
        cursor.need("TO")
        name = cursor.name()
        if name.lower() != column.name.lower() and table.column(name):
            raise cursor.refuse(f"{table.qualified} has a column {name} already")
        return table.with_column(column.name, replace(column, name=name))
    if cursor.take_one("INDEX", "KEY"):
        old = cursor.name().lower()
        cursor.need("TO")
        new = cursor.name()
        uniques = tuple(replace(i, name=new) if i.name.lower() == old else i for i in table.uniques)
        return replace(table, uniques=uniques)
    cursor.take_one("TO", "AS")
    database, name = cursor.table_name(table.database)
    return replace(table, database=database, name=name)


def _convert(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    cursor.need("TO")
    if not cursor.take("CHARSET"):
        cursor.need("CHARACTER", "SET")
    charset = "" if cursor.take("DEFAULT") else read_charset(cursor)
    if cursor.take("COLLATE"):
        collation = read_charset(cursor)
        charset = charset or charset_of(collation)
    columns = tuple(
        replace(c, type=replace(c.type, charset=charset)) if TYPES[c.type.base].is_text else c
        for c in table.columns
    )
    return replace(table, columns=columns, charset=charset)


_ACTIONS: Mapping[str, Callable[[Cursor, MySqlTable], MySqlTable]] = {
    "ADD": _add,
    "CHANGE": _change,
    "MODIFY": _modify,
    "DROP": _drop,
    "ALTER": _alter,
    "RENAME": _rename,
    "CONVERT": _convert,
}
