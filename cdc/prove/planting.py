"""Marked rows in MySQL: inserted, changed, re-keyed, deleted.

Enters: a connection that may write, a ledger. Leaves: rows in MySQL, their marks in the ledger. A
column's marks are `kept` where the table's plan lets its value through, else `hidden`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pymysql

from cdc.errors import StackError
from cdc.privacy.plan import Plan
from cdc.prove.draw import CORE, PLAIN, Drawn, SourceColumn, draw
from cdc.prove.markers import Ledger, Sort
from cdc.stack.mysql import Connection
from registry.derive.from_information_schema import quote_name
from registry.derive.types import MYSQL_TYPES

_COLUMNS = """
    SELECT column_name, UPPER(data_type), LOWER(column_type),
           COALESCE(character_maximum_length, 0), COALESCE(numeric_precision, 0),
           COALESCE(numeric_scale, datetime_precision, 0)
    FROM information_schema.columns
    WHERE table_schema = %s AND table_name = %s AND extra NOT LIKE '%% GENERATED'
    ORDER BY ordinal_position
"""


@dataclass(frozen=True, slots=True)
class Bed:
    """A table to plant in: its columns, its key, and the columns whose values leave as they are."""

    table: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...]
    plan: Plan | None

    def sort_of(self, column: SourceColumn, value: Any) -> Sort:
        """Whether a value of the column leaves."""
        for planned in self.plan.columns if self.plan else ():
            if planned.source == column.name:
                return Sort.KEPT if _passes(planned.rule.plain, value) else Sort.HIDDEN
        return Sort.HIDDEN

    @property
    def silenced(self) -> Bed:
        """The same for rows of which nothing may leave, whatever the policy says."""
        return replace(self, plan=None)


def _passes(rule: Any, value: Any) -> bool:
    """Whether a rule's output holds what is sought of a value; `keep` alone takes every value."""
    try:
        result = rule(value)
    except Exception:  # noqa: BLE001 (a rule that wants another form of the value is not `keep`)
        return False
    if isinstance(value, str) and isinstance(result, str) and len(value) > CORE.stop:
        return value[CORE] in result
    return result is value or (type(result) is type(value) and bool(result == value))


Row = Mapping[str, Drawn]


class Planter:
    """Plants marked rows; every statement is committed by itself."""

    def __init__(self, connection: Connection, ledger: Ledger, rng: random.Random) -> None:
        self._connection = connection
        self._ledger = ledger
        self._rng = rng

    def run(self, sql: str, *values: Any) -> None:
        """A statement.

        Raises:
            StackError: MySQL refuses it; its text, which may quote a value, is not repeated.
        """
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values or None)
        except pymysql.err.MySQLError as error:
            what = sql.partition("(")[0].strip()[:60]
            raise StackError(f"prove: MySQL refuses `{what}` (error {error.args[0]})") from None

    def bed(self, qualified: str, key: Collection[str], plan: Plan | None) -> Bed:
        """A table that exists, ready to be planted in."""
        database, name = qualified.split(".", 1)
        with self._connection.cursor() as cursor:
            cursor.execute(_COLUMNS, (database, name))
            columns = tuple(_column(row) for row in cursor.fetchall())
        return Bed(qualified, columns, tuple(key), plan)

    def insert(self, bed: Bed, **fixed: Drawn) -> Row:
        """A new row."""
        row = self._draw_row(bed, bed.columns, fixed)
        names = ", ".join(map(quote_name, row))
        places = ", ".join(drawn.sql for drawn in row.values())
        values = (drawn.value for drawn in row.values())
        self.run(f"INSERT INTO {_quote(bed.table)} ({names}) VALUES ({places})", *values)  # noqa: S608 (quoted names)
        return row

    def update(self, bed: Bed, row: Row) -> Row:
        """Another value in every column but the key's."""
        others = tuple(column for column in bed.columns if column.name not in bed.key)
        changed = self._draw_row(bed, others, {})
        self._set(bed, row, changed)
        return {**row, **changed}

    def rekey(self, bed: Bed, row: Row) -> Row:
        """Another key for the same row: to Debezium a delete and a create."""
        keys = tuple(column for column in bed.columns if column.name in bed.key)
        changed = self._draw_row(bed, keys, {})
        self._set(bed, row, changed)
        return {**row, **changed}

    def delete(self, bed: Bed, row: Row) -> None:
        """The row goes."""
        where, values = self._where(bed, row)
        self.run(f"DELETE FROM {_quote(bed.table)} WHERE {where}", *values)  # noqa: S608 (quoted names)

    def _set(self, bed: Bed, row: Row, changed: Row) -> None:
        where, key = self._where(bed, row)
        sets = ", ".join(f"{quote_name(name)} = {drawn.sql}" for name, drawn in changed.items())
        values = [drawn.value for drawn in changed.values()]
        self.run(f"UPDATE {_quote(bed.table)} SET {sets} WHERE {where}", *values, *key)  # noqa: S608 (quoted names)

    def _where(self, bed: Bed, row: Row) -> tuple[str, list[Any]]:
        where = " AND ".join(f"{quote_name(name)} = {row[name].sql}" for name in bed.key)
        return where, [row[name].value for name in bed.key]

    def _draw_row(
        self, bed: Bed, columns: Collection[SourceColumn], fixed: Mapping[str, Drawn]
    ) -> Row:
        row: dict[str, Drawn] = {}
        for column in columns:
            drawn = fixed.get(column.name) or draw(self._rng, column)
            if drawn is None:
                row[column.name] = Drawn(PLAIN.get(column.type), ())
                continue
            row[column.name] = drawn
            if not drawn.needles:
                continue
            sort = bed.sort_of(column, drawn.value)
            self._ledger.add(sort, f"{bed.table}.{column.name}", column.type, drawn.needles)
        return row


def _quote(qualified: str) -> str:
    return ".".join(map(quote_name, qualified.split(".", 1)))


def _column(row: tuple[Any, ...]) -> SourceColumn:
    """One row of `_COLUMNS`."""
    name, kind, declared, length, precision, scale = row
    if declared == "tinyint(1)":
        kind = "TINYINT(1)"
    elif "unsigned" in declared and f"{kind} UNSIGNED" in MYSQL_TYPES:
        kind += " UNSIGNED"
    if kind == "VECTOR":
        precision = (re.search(r"\((\d+)\)", declared) or ["", "0"])[1]
    return SourceColumn(name, kind, int(length), int(precision), int(scale))
