"""Pieces of statements that the catalogue steps over, and what a table's options change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry.derive.ddl.cursor import Cursor
from registry.derive.ddl.facts import MySqlTable
from registry.derive.ddl.lexer import Source, Token
from registry.derive.ddl.names import TYPES
from registry.derive.ddl.tables import read_option

_PASSED_OBJECTS = frozenset(
    {
        *("USER", "ROLE", "VIEW", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "SERVER"),
        *("TABLESPACE", "UNDO", "LOGFILE", "RESOURCE", "SPATIAL", "INSTANCE", "LIBRARY"),
        *("AGGREGATE", "TEMPORARY", "FULLTEXT", "INDEX", "PREPARE"),
    }
)
_OPTIONS = frozenset(
    {
        *("ENGINE", "AUTO_INCREMENT", "COMMENT", "ROW_FORMAT", "KEY_BLOCK_SIZE", "TABLESPACE"),
        *("STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "CHECKSUM"),
        *("DELAY_KEY_WRITE", "MAX_ROWS", "MIN_ROWS", "AVG_ROW_LENGTH", "PACK_KEYS"),
        *("COMPRESSION", "ENCRYPTION", "CONNECTION", "INSERT_METHOD", "UNION", "PASSWORD"),
        *("SECONDARY_ENGINE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE"),
        *("AUTOEXTEND_SIZE", "STORAGE"),
    }
)


def read_options(cursor: Cursor, table: MySqlTable) -> MySqlTable:
    """Read the options and partitions behind a table's columns.

    Raises:
        RefusedSql: an option is not known, or the table is filled by a query.
    """
    while not cursor.is_done:
        cursor.take(",")
        changed = read_option(cursor, table)
        if changed is not None:
            table = changed
        elif cursor.word == "PARTITION":
            cursor.skip_until("AS", "SELECT", "IGNORE", "REPLACE")
        elif cursor.take("DATA", "DIRECTORY") or cursor.take("INDEX", "DIRECTORY"):
            _skip_value(cursor)
        elif cursor.word in _OPTIONS:
            cursor.step()
            _skip_value(cursor)
        else:
            raise cursor.refuse("expected an option of a table")
    return table


def _skip_value(cursor: Cursor) -> None:
    cursor.take("=")
    if cursor.word == "(":
        cursor.skip_parentheses()
    else:
        cursor.step()


def inherit_charset(table: MySqlTable) -> MySqlTable:
    """Text columns without a character set have their table's."""
    columns = tuple(
        replace(c, type=replace(c.type, charset=table.charset))
        if TYPES[c.type.base].is_text and not c.type.charset
        else c
        for c in table.columns
    )
    return replace(table, columns=columns)


def pass_object(cursor: Cursor) -> None:
    """Let a statement about something that is no table go.

    Raises:
        RefusedSql: it may be about a table.
    """
    while cursor.word in {"ALGORITHM", "DEFINER", "SQL"}:
        _skip_view_word(cursor)
    if cursor.word not in _PASSED_OBJECTS:
        raise cursor.refuse("not a statement that is known here")
    cursor.skip_rest()


def _skip_view_word(cursor: Cursor) -> None:
    """ALGORITHM = x, DEFINER = user@host, SQL SECURITY x."""
    if cursor.take("SQL", "SECURITY"):
        cursor.step()
        return
    cursor.step()
    cursor.need("=")
    cursor.step()
    if cursor.word.startswith("@"):
        is_alone = cursor.step().text == "@"
        if is_alone:
            cursor.step()
    elif cursor.word == "(":
        cursor.skip_parentheses()


def refuse_undecoded(source: Source, tokens: Sequence[Token]) -> None:
    """A statement that shapes tables must be UTF-8.

    Raises:
        RefusedSql: it has other bytes outside comments.
    """
    for token in tokens:
        if not token.text.isascii() and any("\ud800" <= c <= "\udfff" for c in token.text):
            raise source.refuse(token.start, "not UTF-8: save the file as UTF-8")
