"""What a server says of itself: its variables, every column that it has, what a user may do.

Enters: an open connection. Leaves: plain values. No row of a table is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, RowMapping, text

NOW = "CURRENT_TIMESTAMP"
_SYSTEM = "('mysql', 'sys', 'information_schema', 'performance_schema')"

_COLUMNS = text(f"""
    SELECT table_schema AS db, table_name AS tbl, column_name AS name, data_type AS type,
           column_type AS declared, is_nullable = 'YES' AS nullable, column_default AS fallback,
           extra AS extra, character_set_name AS charset,
           numeric_precision AS digits, numeric_scale AS scale
    FROM information_schema.columns JOIN information_schema.tables
         USING (table_schema, table_name)
    WHERE table_type = 'BASE TABLE' AND table_schema NOT IN {_SYSTEM}
    ORDER BY table_schema, table_name, ordinal_position
""")  # noqa: S608 (a constant)
_ROWS = text("""
    SELECT table_schema AS db, table_name AS tbl, table_rows AS estimate
    FROM information_schema.tables
""")
_UNIQUE = text("""
    SELECT table_schema AS db, table_name AS tbl, index_name AS idx, column_name AS name,
           nullable = 'YES' OR column_name IS NULL AS nullable
    FROM information_schema.statistics WHERE non_unique = 0
    ORDER BY table_schema, table_name, index_name <> 'PRIMARY', index_name, seq_in_index
""")
_CASCADES = text("""
    SELECT constraint_schema AS db, table_name AS tbl
    FROM information_schema.referential_constraints
    WHERE 'CASCADE' IN (delete_rule, update_rule) OR 'SET NULL' IN (delete_rule, update_rule)
""")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column: `type` as `decimal`, `declared` as `decimal(10,8) unsigned`.

    `fallback` is its DEFAULT, none for an expression; `charset` is empty where it holds no text.
    """

    name: str
    type: str
    declared: str = ""
    nullable: bool = True
    fallback: str | None = None
    charset: str = ""
    digits: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table; `key` as Debezium finds it, `cascades`: a foreign key may change its rows."""

    database: str
    name: str
    columns: tuple[ColumnFacts, ...] = ()
    key: tuple[str, ...] = ()
    rows: int = 0
    cascades: bool = False

    @property
    def qualified(self) -> str:
        """`database.table`."""
        return f"{self.database}.{self.name}"


def read_variables(connection: Connection) -> Mapping[str, str]:
    """The server's global variables, names in lower case."""
    rows = connection.execute(text("SHOW GLOBAL VARIABLES"))
    return {name.lower(): value for name, value in rows}


def read_table_facts(connection: Connection) -> tuple[TableFacts, ...]:
    """Every table that the user may see, but for the server's own."""
    keys = _keys(connection.execute(_UNIQUE).mappings())
    rows = {_place(r): int(r["estimate"] or 0) for r in connection.execute(_ROWS).mappings()}
    cascades = {_place(row) for row in connection.execute(_CASCADES).mappings()}
    return tuple(
        TableFacts(
            *place,
            tuple(map(_column, columns)),
            keys.get(place, ()),
            rows.get(place, 0),
            place in cascades,
        )
        for place, columns in groupby(connection.execute(_COLUMNS).mappings(), _place)
    )


def read_grants(connection: Connection) -> tuple[str, ...]:
    """The lines of SHOW GRANTS for the user that asks, those of its active roles included."""
    roles = connection.execute(text("SELECT CURRENT_ROLE()")).scalar_one()
    using = "" if roles == "NONE" else f" USING {roles}"  # the server quotes the names
    lines = connection.exec_driver_sql(
        f"SHOW GRANTS FOR CURRENT_USER(){using}", execution_options={"no_parameters": True}
    )
    return tuple(str(line) for (line,) in lines)


def _place(row: RowMapping) -> tuple[str, str]:
    return row["db"], row["tbl"]


def _column(row: RowMapping) -> ColumnFacts:
    return ColumnFacts(
        row["name"],
        row["type"].lower(),
        row["declared"],
        bool(row["nullable"]),
        _default(row),
        row["charset"] or "",
        row["digits"] or 0,
        row["scale"] or 0,
    )


def _default(row: RowMapping) -> str | None:
    """A constant or CURRENT_TIMESTAMP; other expressions are no default to a reader of changes."""
    fallback: str | None = row["fallback"]
    is_expression = "DEFAULT_GENERATED" in row["extra"]
    now = (fallback or "").upper().startswith(NOW)
    return None if is_expression and not now else fallback


def _keys(rows: Iterable[RowMapping]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The primary key, else the first unique index whose columns are all NOT NULL."""
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    for (place, _), group in groupby(rows, lambda row: (_place(row), row["idx"])):
        parts = list(group)
        if not any(part["nullable"] for part in parts):
            keys.setdefault(place, tuple(part["name"] for part in parts))
    return keys
