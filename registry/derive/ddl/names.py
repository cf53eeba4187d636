"""MySQL's names for types: of which family each one is, and what MySQL itself shows for it.

Family: how Debezium's MySQL connector sends it (measured with 3.6, statement by statement).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeName:
    """One spelling of a type; `shown` is the spelling in SHOW CREATE TABLE."""

    family: str
    shown: str

    @property
    def is_text(self) -> bool:
        """It has a character set."""
        return self.family in {"text", "enum", "set"}

    @property
    def has_labels(self) -> bool:
        """It is declared by its labels."""
        return self.family in {"enum", "set"}


def _rows(family: str, shown: str, *spellings: str) -> dict[str, TypeName]:
    return dict.fromkeys((shown, *spellings), TypeName(family, shown))


TYPES: Mapping[str, TypeName] = {
    **_rows("int16", "TINYINT", "INT1"),
    **_rows("int16", "SMALLINT", "INT2"),
    **_rows("int32", "MEDIUMINT", "INT3", "MIDDLEINT"),
    **_rows("int32", "INT", "INTEGER", "INT4"),
    **_rows("int64", "BIGINT", "INT8"),
    "SERIAL": TypeName("int64", "BIGINT"),
    "BOOL": TypeName("boolean", "TINYINT"),
    "BOOLEAN": TypeName("boolean", "TINYINT"),
    "FLOAT": TypeName("float", "FLOAT"),
    "FLOAT4": TypeName("float", "FLOAT"),
    **_rows("double", "DOUBLE", "DOUBLE PRECISION", "FLOAT8"),
    "REAL": TypeName("real", "DOUBLE"),
    **_rows("decimal", "DECIMAL", "DEC", "FIXED", "NUMERIC"),
    **_rows("bit", "BIT"),
    **_rows("text", "CHAR", "CHARACTER", "NCHAR", "NATIONAL CHAR", "NATIONAL CHARACTER"),
    **_rows(
        "text",
        "VARCHAR",
        "VARCHARACTER",
        "CHAR VARYING",
        "CHARACTER VARYING",
        "NVARCHAR",
        "NCHAR VARCHAR",
        "NCHAR VARYING",
        "NATIONAL VARCHAR",
        "NATIONAL VARCHARACTER",
        "NATIONAL CHAR VARYING",
        "NATIONAL CHARACTER VARYING",
    ),
    **_rows("text", "TINYTEXT"),
    **_rows("text", "TEXT"),
    **_rows("text", "MEDIUMTEXT", "LONG", "LONG VARCHAR", "LONG CHAR VARYING"),
    "LONG CHARACTER VARYING": TypeName("text", "MEDIUMTEXT"),
    **_rows("text", "LONGTEXT"),
    **_rows("bytes", "BINARY"),
    **_rows("bytes", "VARBINARY"),
    **_rows("bytes", "TINYBLOB"),
    **_rows("bytes", "BLOB"),
    **_rows("bytes", "MEDIUMBLOB", "LONG VARBINARY"),
    **_rows("bytes", "LONGBLOB"),
    **_rows("enum", "ENUM"),
    **_rows("set", "SET"),
    **_rows("json", "JSON"),
    **_rows("year", "YEAR"),
    **_rows("date", "DATE"),
    **_rows("time", "TIME"),
    **_rows("datetime", "DATETIME"),
    **_rows("timestamp", "TIMESTAMP"),
    **_rows("point", "POINT"),
    **_rows("geometry", "GEOMETRY"),
    **_rows("geometry", "LINESTRING"),
    **_rows("geometry", "POLYGON"),
    **_rows("geometry", "MULTIPOINT"),
    **_rows("geometry", "MULTILINESTRING"),
    **_rows("geometry", "MULTIPOLYGON"),
    **_rows("geometry", "GEOMCOLLECTION", "GEOMETRYCOLLECTION"),
    **_rows("vector", "VECTOR"),
}
