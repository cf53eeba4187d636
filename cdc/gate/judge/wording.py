"""Columns and types as SQL."""

from __future__ import annotations

from registry.derive.ddl import DataType, MySqlColumn
from registry.derive.ddl.names import TYPES

_CAPACITIES = {
    **dict.fromkeys(("TINYTEXT", "TINYBLOB"), 255),
    **dict.fromkeys(("TEXT", "BLOB"), 65_535),
    **dict.fromkeys(("MEDIUMTEXT", "MEDIUMBLOB"), 16_777_215),
    **dict.fromkeys(("LONGTEXT", "LONGBLOB"), 4_294_967_295),
}


def family(column: MySqlColumn) -> str:
    """Of which family of types it is (`registry.derive.ddl.names`)."""
    return TYPES[column.type.base].family


def capacity(column: MySqlColumn) -> int:
    """How many characters or bytes a text or binary column holds."""
    return _CAPACITIES.get(column.type.base, column.type.length or 0)


def sql_name(name: str) -> str:
    """A name as SQL takes it, dotted parts alike."""
    parts = name.split(".")
    return ".".join(part if part.isidentifier() else f"`{part}`" for part in parts)


def sql_type(kind: DataType) -> str:
    """`DECIMAL(10,2) UNSIGNED`, `ENUM('a','b')`."""
    sign = kind.name.removeprefix(kind.base)
    if kind.labels:
        return kind.base + "(" + ",".join(f"'{label}'" for label in kind.labels) + ")"
    numbers = [str(n) for n in (kind.length, kind.scale) if n is not None]
    is_whole = TYPES[kind.base].family != "decimal" and kind.scale in {None, 0}
    numbers = numbers[:1] if is_whole else numbers
    return kind.base + (f"({','.join(numbers)})" if numbers else "") + sign


def sql_definition(column: MySqlColumn) -> str:
    """A column's type, nullability and default, as MODIFY COLUMN wants them."""
    default = column.default
    if default is None:
        return sql_column(column)
    quoted = default.text if default.kind != "text" else f"'{default.text}'"
    return f"{sql_column(column)} DEFAULT {quoted}"


def sql_column(column: MySqlColumn | None) -> str:
    """A column's type and nullability, "" for none."""
    if column is None:
        return ""
    return f"{sql_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
