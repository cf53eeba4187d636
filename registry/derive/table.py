"""One table's shape, wherever it was read."""

from __future__ import annotations

from dataclasses import dataclass

from registry.derive.types import Canonical


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its canonical type; `type` None: of a MySQL type that has no row in `types`.

    `mysql_type` is the source's own name for the type, for messages ("" where it is not known).
    """

    name: str
    type: Canonical | None
    nullable: bool
    mysql_type: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns in order and the names of its key columns (none: no key)."""

    database: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """`database.table`."""
        return f"{self.database}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((c for c in self.columns if c.name == name), None)
