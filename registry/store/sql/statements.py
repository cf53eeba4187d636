"""Statements that run without SQLAlchemy's execution layer, and the schema ids of contexts.

A registration runs eight statements; SQLAlchemy's bookkeeping around each (events, result proxies,
type processors) takes several times what SQLite does. These are built with SQLAlchemy Core,
compiled once per dialect and handed to the driver with plain values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ClauseElement, Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Row = Sequence[Any]

_ID_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in one dialect: its own constants, and the order of values unless by name."""

    text: str
    constants: Mapping[str, Any]
    order: Sequence[str] | None

    def bind(self, values: Mapping[str, Any]) -> Any:
        bound = {**self.constants, **values}
        return bound if self.order is None else [bound[key] for key in self.order]


class Statement:
    """A statement over integers, strings and booleans; `keys` are the columns that it sets."""

    def __init__(self, element: ClauseElement, keys: Sequence[str] | None = None) -> None:
        self._element = element
        self._keys = keys
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, **values: Any) -> None:
        """Execute for its effect."""
        self._execute(connection, values).close()

    def fetch(self, connection: Connection, **values: Any) -> Sequence[Row]:
        """Execute and return all rows."""
        cursor = self._execute(connection, values)
        rows: Sequence[Row] = cursor.fetchall()
        cursor.close()
        return rows

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        cursor = connection.connection.cursor()
        cursor.execute(compiled.text, compiled.bind(values))
        return cursor

    def _compile(self, dialect: Dialect) -> _Compiled:
        made = self._element.compile(dialect=dialect, column_keys=self._keys)
        if not isinstance(made, SQLCompiler):
            raise TypeError("only statements with values are prepared")
        constants = {key: value for key, value in made.params.items() if value is not None}
        order = made.positiontup if made.positional else None
        compiled = self._compiled[dialect.name] = _Compiled(str(made), constants, order)
        return compiled


def pack_id(context_number: int, schema_id: int) -> int:
    """Return the key of a schema in a context: the id itself in the default context, number 0."""
    return context_number << _ID_BITS | schema_id


def unpack_id(key: int) -> tuple[int, int]:
    """Return context number and id of a key."""
    return key >> _ID_BITS, key & (1 << _ID_BITS) - 1
