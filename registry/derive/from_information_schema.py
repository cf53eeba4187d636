"""A live database read as `Table`s.

Enters: an open SQLAlchemy connection to MySQL. Leaves: the same `Table` that Debezium's own schemas
give for it, generated and invisible columns included.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, text

from registry.derive.table import Column, Table
from registry.derive.types import canonical_of_mysql

_COLUMNS = text("""
    SELECT column_name AS name, UPPER(data_type) AS type, column_type AS declared,
           is_nullable = 'YES' AS nullable, column_comment AS comment,
           numeric_precision AS digits, numeric_scale AS scale
    FROM information_schema.columns
    WHERE table_schema = :database AND table_name = :name
    ORDER BY ordinal_position
""")


def table_from_database(connection: Connection, database: str, name: str) -> Table | None:
    """Read one table's shape; None: there is no such table, or the user may not see it."""
    place = {"database": database, "name": name}
    columns = [_column(row) for row in connection.execute(_COLUMNS, place).mappings()]
    if not columns:
        return None
    return Table(database, name, tuple(columns), _key(_read_indexes(connection, database, name)))


def quote_name(name: str) -> str:
    """A MySQL identifier between backquotes, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"


def _column(row: RowMapping) -> Column:
    mysql_type, length, scale = _type(row)
    return Column(
        row["name"],
        canonical_of_mysql(mysql_type, length, scale),
        bool(row["nullable"]),
        mysql_type,
        row["comment"],
    )


def _type(row: RowMapping) -> tuple[str, int, int]:
    """Type name with UNSIGNED, the number in its parentheses (0: none), digits behind the point."""
    declared = row["declared"].lower()
    name: str = row["type"]
    if name == "FLOAT" and row["scale"] is not None:
        # FLOAT(7,4): Debezium sends a double for it, FLOAT without digits as a float.
        name = "DOUBLE"
    if "unsigned" in declared and f"{name} UNSIGNED" in _UNSIGNED:
        name += " UNSIGNED"
    if name == "DECIMAL":
        return name, row["digits"], row["scale"]
    length = re.search(r"\((\d+)\)", declared)
    return name, int(length[1]) if length else 0, 0


_UNSIGNED = frozenset(
    f"{name} UNSIGNED" for name in ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT")
)


def _read_indexes(connection: Connection, database: str, name: str) -> Iterable[RowMapping]:
    """One row per indexed column; unlike information_schema, in the order of CREATE TABLE."""
    # Without parameters the driver leaves `%` and SQLAlchemy `:` alone, which names may hold.
    return connection.exec_driver_sql(
        f"SHOW INDEX FROM {quote_name(database)}.{quote_name(name)}",
        execution_options={"no_parameters": True},
    ).mappings()


def _key(rows: Iterable[RowMapping]) -> tuple[str, ...]:
    """The primary key, else the first unique index whose columns are all NOT NULL."""
    indexes: dict[str, list[RowMapping]] = {}
    for row in rows:
        if not row["Non_unique"]:
            indexes.setdefault(row["Key_name"], []).append(row)
    for parts in indexes.values():
        if not any(part["Null"] or part["Column_name"] is None for part in parts):
            return tuple(part["Column_name"] for part in parts)
    return ()
