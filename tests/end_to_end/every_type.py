"""A table with a column of every type, and three rows of values at the ends of their ranges."""

from __future__ import annotations

# Per column: declaration, then its literal in each of the rows. Debezium's snapshot reads a FLOAT
# with six digits and YEAR 0000 as 2000 (docs/limits.md): such values cannot be equal.
COLUMNS = {
    "big": ("BIGINT", "-9223372036854775808", "9223372036854775807", "0"),
    "big_u": ("BIGINT UNSIGNED", "0", "9223372036854775807", "1"),
    "int_u": ("INT UNSIGNED", "0", "4294967295", "1"),
    "med": ("MEDIUMINT", "-8388608", "8388607", "0"),
    "small": ("SMALLINT", "-32768", "32767", "0"),
    "tiny": ("TINYINT", "-128", "127", "0"),
    "tiny_u": ("TINYINT UNSIGNED", "0", "255", "1"),
    "boo": ("BOOL", "FALSE", "TRUE", "NULL"),
    "bit1": ("BIT(1)", "0", "1", "NULL"),
    "bit10": ("BIT(10)", "0", "b'0100000010'", "1"),
    "bit64": ("BIT(64)", "0", "18446744073709551615", "1"),
    "yr": ("YEAR", "2000", "2155", "1901"),
    "d": ("DATE", "'1000-01-01'", "'9999-12-31'", "'2024-02-29'"),
    "old": ("DATE", "'0050-03-01'", "'1582-10-10'", "'0001-01-01'"),
    "zero": ("DATE", "'0000-00-00'", "'2020-00-15'", "NULL"),
    "never": ("DATETIME(6) NOT NULL", "'0000-00-00'", "'1970-01-01'", "'1969-12-31 23:59:59'"),
    "t0": ("TIME", "'-838:59:59'", "'838:59:59'", "'-00:00:01'"),
    "t6": ("TIME(6)", "'-12:34:56.000001'", "'838:59:58.999999'", "'00:00:00.5'"),
    "dt0": ("DATETIME", "'1000-01-01'", "'9999-12-31 23:59:59'", "'2024-02-29 12:34:56'"),
    "dt6": ("DATETIME(6)", "'1000-01-01'", "'9999-12-31 23:59:59.999999'", "NULL"),
    "ts0": ("TIMESTAMP NULL", "'1970-01-02'", "'2038-01-18 12:00:00'", "NULL"),
    "ts6": ("TIMESTAMP(6) NULL", "'2024-06-30 12:34:56.7891'", "'1970-01-02'", "'2001-01-01'"),
    "dec_def": ("DECIMAL", "-9999999999", "9999999999", "0"),
    "dec65": ("DECIMAL(65,30)", f"-{'9' * 35}.{'9' * 30}", f"0.{'0' * 29}1", "-1.5"),
    "fl": ("FLOAT", "335.1", "-3.40282e38", "1.17549e-38"),
    "fl7_4": ("FLOAT(7,4)", "335.1", "-1.1", "0"),
    "db": ("DOUBLE", "0.1", "-1.7976931348623157e308", "2.2250738585072014e-308"),
    "ch": ("CHAR(5)", "'ab '", "''", "'é😀'"),
    "vc": ("VARCHAR(20)", "'añ日😀 '", "''", r"'%s:\\''\\0'"),
    "vl": ("VARCHAR(20) CHARACTER SET latin1", "'añ'", "''", "NULL"),
    "tx": ("LONGTEXT", "REPEAT('😀', 5000)", "''", "NULL"),
    "bi": ("BINARY(4)", "'a'", "X'00000000'", "X'ff00ff00'"),
    "vb": ("VARBINARY(8)", "X'00ff80'", "''", "X'0a0b00'"),
    "bl": ("BLOB", "X'c328'", "REPEAT(X'ff00', 5000)", "''"),
    "en": ("ENUM('a','b,c','')", "'b,c'", "''", "'a'"),
    "se": ("SET('b','a','')", "'a,b'", "''", "'a,'"),
    "js": (
        "JSON",
        """'{"b": 1.50, "a": [true, null, "é\\\\n"], "b": 1e2, "aa": 18446744073709551615}'""",
        "'[1e300, -1e-5, 12345678.9, 1e23, 0.1, 123456789012345678, -0.0, 0.0005, 1e7]'",
        f"JSON_ARRAY({'9' * 35}.{'9' * 30}, 1.50, 12345678901234567890123, 0.5)",
    ),
    "pt": ("POINT", "POINT(77.6, 13)", "POINT(-1, 0.1)", "NULL"),
    "ge": (
        "GEOMETRY",
        "ST_GeomFromText('POINT(13 77.5)', 4326)",
        "ST_GeomFromText('POLYGON((0 0, 1 0, 0 1, 0 0))')",
        "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))')",
    ),
    "ls": ("LINESTRING", "ST_GeomFromText('LINESTRING(0 0, 1 1)')", "NULL", "NULL"),
    "vec": ("VECTOR(3)", "STRING_TO_VECTOR('[1, -2.5, 0.1]')", "NULL", "NULL"),
    "hidden": ("INT INVISIBLE", "1", "2", "NULL"),
}
ROWS = 3


def create_statement(table: str, *more: str) -> str:
    """CREATE TABLE, with further columns behind."""
    columns = ", ".join(f"{name} {declared}" for name, (declared, *_) in COLUMNS.items())
    twice = "twice BIGINT AS (tiny * 2) STORED"
    return f"CREATE TABLE {table} ({', '.join(['id INT PRIMARY KEY', columns, twice, *more])})"


def insert_statement(table: str, number: int, row: int) -> str:
    """INSERT of one of the rows, under an id."""
    names = ", ".join(["id", *COLUMNS])
    values = ", ".join([str(number), *(literals[row] for _, *literals in COLUMNS.values())])
    return f"INSERT INTO {table} ({names}) VALUES ({values})"
