"""How a column is asked for, so that its canonical Python value comes back.

One row per canonical kind (`registry.derive.types.KINDS`): an SQL expression over the column and,
where SQL cannot finish the work, a function over its result.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from cdc.forms import canonical_json, mysql_geometry, split_set
from registry.derive.from_information_schema import quote_name
from registry.derive.table import Column, Table


class _NoForm:
    """The type of `NO_FORM`."""

    def __repr__(self) -> str:
        return "NO_FORM"


NO_FORM: Final = _NoForm()
"""A value that is there and has no canonical form: BIGINT UNSIGNED above 2^63-1, TINYINT(1) that is
neither 0 nor 1."""

_BOOLEANS = {0: False, 1: True, b"\0": False, b"\1": True}  # the bytes are a BIT(1)'s


def _boolean(value: int | bytes) -> Any:
    return _BOOLEANS.get(value, NO_FORM)


def _long(value: int) -> Any:
    return value if value < 1 << 63 else NO_FORM


def _time(value: timedelta) -> int:
    return value // timedelta(microseconds=1)


def _vector(value: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(value) // 4}f", value)


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL over `{c}`, then `convert` (never called with None).

    `zero` says what MySQL's zero date is in a column that cannot be NULL; in one that can, it is
    NULL. That is how Debezium sends them.
    """

    sql: str = "{c}"
    convert: Callable[[Any], Any] | None = None
    zero: str = ""

    def of(self, column: Column) -> str:
        """SQL for this column."""
        sql = self.sql.format(c=quote_name(column.name))
        return f"COALESCE({sql}, {self.zero})" if self.zero and not column.nullable else sql


_MICROS = Expression("TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {c})", zero="0")
# MySQL prints a FLOAT with six digits; as a DOUBLE it prints the float's exact value. A
# FLOAT(7,4), whose canonical form is a double, needs it too.
_EXACT = Expression("CAST({c} AS DOUBLE)")

EXPRESSIONS: Mapping[str, Expression] = {
    "boolean": Expression(convert=_boolean),
    "long": Expression(convert=_long),
    "float": _EXACT,
    "double": _EXACT,
    "string": Expression(),
    "bytes": Expression(),
    "decimal": Expression(),
    "date": Expression("DATEDIFF({c}, '1970-01-01')", zero="0"),
    "timestamp": _MICROS,  # the session's time zone is UTC
    "local_timestamp": _MICROS,
    "time": Expression(convert=_time),
    "json": Expression("CAST({c} AS CHAR)", canonical_json),
    "set": Expression(convert=split_set),
    "geometry": Expression("CAST({c} AS BINARY)", mysql_geometry),
    "vector": Expression("CAST({c} AS BINARY)", _vector),
}

Row = tuple[Any, ...]


def select_columns(table: Table, columns: Sequence[str]) -> tuple[str, Callable[[Row], Row]]:
    """The SELECT that reads `columns`, and what makes each of its rows canonical.

    Raises:
        KeyError: a column is not in the table, or its type has no canonical form.
    """
    asked = _find(table, columns)
    listed = ", ".join(expression.of(column) for column, expression in asked)
    converters = [
        (index, expression.convert)
        for index, (_, expression) in enumerate(asked)
        if expression.convert
    ]

    def convert(row: Row) -> Row:
        values = list(row)
        for index, function in converters:
            if values[index] is not None:
                values[index] = function(values[index])
        return tuple(values)

    return f"SELECT {listed} FROM {quote_table(table)}", convert  # noqa: S608 - names are quoted


def quote_table(table: Table) -> str:
    """Its qualified name as SQL."""
    return f"{quote_name(table.database)}.{quote_name(table.name)}"


def _find(table: Table, names: Sequence[str]) -> list[tuple[Column, Expression]]:
    columns = {
        column.name: (column, EXPRESSIONS[column.type.kind])
        for column in table.columns
        if column.type is not None
    }
    return [columns[name] for name in names]
