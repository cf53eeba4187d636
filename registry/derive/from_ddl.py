"""SQL text read as `Table`s: the same that a live database gives once the text has run there."""

from __future__ import annotations

from registry.derive.ddl.cursor import decode
from registry.derive.ddl.facts import DataType, MySqlColumn, MySqlTable
from registry.derive.ddl.shown import show_as_server
from registry.derive.table import Column, Table
from registry.derive.types import canonical_of_mysql

_INTEGERS = frozenset({"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT"})


def table_from_ddl(declared: MySqlTable) -> Table:
    """A declared table's shape, as the server shows it."""
    table = show_as_server(declared)
    columns = tuple(map(_column, table.columns))
    return Table(table.database, table.name, columns, table.key)


def _column(column: MySqlColumn) -> Column:
    name = _name(column.type)
    canonical = canonical_of_mysql(name, column.type.length or 0, column.type.scale or 0)
    comment = decode(column.comment or "")
    return Column(column.name, canonical, column.nullable, name, comment)


def _name(kind: DataType) -> str:
    """MySQL's name as the type table has it: UNSIGNED counts for integers alone."""
    if kind.base == "FLOAT" and kind.scale is not None:
        return "DOUBLE"
    is_unsigned = kind.base in _INTEGERS and "UNSIGNED" in kind.name
    return f"{kind.base} UNSIGNED" if is_unsigned else kind.base
