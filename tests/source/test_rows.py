"""Every type of MySQL arrives as its canonical Python value, exactly."""

import struct
from decimal import Decimal

import pytest

from cdc.source import NO_FORM
from cdc.source.expressions import EXPRESSIONS
from registry.derive.types import KINDS, MYSQL_TYPES

DAY_US = 86_400_000_000
LAST_DATETIME_US = 253_402_300_799_999_999
"""9999-12-31 23:59:59.999999."""


def _float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def _wkb(layout, *numbers):
    return struct.pack(f"<B{layout}", 1, *numbers)


# Declaration, then SQL literals with the value that is expected of each; NULL goes with all.
CASES = {
    "TINYINT": [("-128", -128), ("127", 127)],
    "TINYINT(1)": [("0", False), ("1", True), ("2", NO_FORM), ("-1", NO_FORM)],
    "BOOLEAN": [("TRUE", True), ("FALSE", False)],
    "TINYINT UNSIGNED": [("0", 0), ("255", 255)],
    "SMALLINT": [("-32768", -32768), ("32767", 32767)],
    "SMALLINT UNSIGNED": [("65535", 65535)],
    "MEDIUMINT": [("-8388608", -8388608), ("8388607", 8388607)],
    "MEDIUMINT UNSIGNED": [("16777215", 16777215)],
    "INT": [("-2147483648", -(2**31)), ("2147483647", 2**31 - 1)],
    "INT UNSIGNED": [("4294967295", 2**32 - 1)],
    "BIGINT": [("-9223372036854775808", -(2**63)), ("9223372036854775807", 2**63 - 1)],
    "BIGINT UNSIGNED": [
        ("0", 0),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", NO_FORM),
        ("18446744073709551615", NO_FORM),
    ],
    "FLOAT": [
        ("335.1", _float32(335.1)),
        ("-1.1", _float32(-1.1)),
        ("3.402823466e38", _float32(3.402823466e38)),
        ("1.17549435e-38", _float32(1.17549435e-38)),
        ("16777217", 16777216.0),
    ],
    "FLOAT(7,4)": [("335.1", _float32(335.1))],
    "FLOAT(53)": [("335.1", 335.1)],
    "DOUBLE": [
        ("0.1", 0.1),
        ("-1.7976931348623157e308", -1.7976931348623157e308),
        ("2.2250738585072014e-308", 2.2250738585072014e-308),
        ("9007199254740993e0", 9007199254740992.0),
    ],
    "DECIMAL": [("-9999999999", Decimal(-9999999999)), ("0", Decimal(0))],
    "DECIMAL(10,8)": [("-12.97160000", Decimal("-12.97160000")), ("1", Decimal("1.00000000"))],
    "DECIMAL(65,30)": [
        (f"-{'9' * 35}.{'9' * 30}", Decimal(f"-{'9' * 35}.{'9' * 30}")),
        (f"0.{'0' * 29}1", Decimal(f"0.{'0' * 29}1")),
    ],
    "CHAR(4)": [("'ab  '", "ab"), ("''", "")],
    "VARCHAR(20)": [("'añ日😀 '", "añ日😀 "), (r"'%s:\'\0'", "%s:'\0")],
    "VARCHAR(20) CHARACTER SET latin1": [("'añ'", "añ")],
    "VARCHAR(20) COLLATE utf8mb4_bin": [("'Ab'", "Ab")],
    "TINYTEXT": [("'é'", "é")],
    "TEXT": [("'日本'", "日本")],
    "MEDIUMTEXT": [("REPEAT('😀', 70000)", "😀" * 70000)],
    "LONGTEXT": [("'x'", "x")],
    "ENUM('a','b,c','')": [("'b,c'", "b,c"), ("'a'", "a"), ("'none of them'", "")],
    "SET('b','a','')": [("'a,b'", ("b", "a")), ("''", ()), ("'a,'", ("a", "")), ("1", ("b",))],
    "JSON": [
        ('\'{"b": 1.50, "a": [true, null, "é "], "b": 1e2}\'', '{"a":[true,null,"é "],"b":100}'),
        ("'18446744073709551615'", "18446744073709551615"),
        ("'-0.0'", "0"),
        ("'[1e300, 1e-5, 12345678.9, 1e23, 0.1]'", f"[1e300,0.00001,12345678.9,{1e23:.0f},0.1]"),
        ("JSON_ARRAY(CAST('0.10' AS DECIMAL(65,30)))", "[0.1]"),
        (
            f"JSON_ARRAY(CAST('{'9' * 35}.{'9' * 30}' AS DECIMAL(65,30)))",
            f"[{'9' * 35}.{'9' * 30}]",
        ),
        ("CAST('null' AS JSON)", "null"),
    ],
    "BIT(1)": [("b'0'", False), ("1", True)],
    "BIT(10)": [("b'0100000010'", b"\x01\x02"), ("0", b"\0\0")],
    "BIT(64)": [("18446744073709551615", b"\xff" * 8), ("1", b"\0" * 7 + b"\1")],
    "BINARY(4)": [("'a'", b"a\0\0\0")],
    "VARBINARY(8)": [("X'00ff80'", b"\0\xff\x80"), ("''", b"")],
    "TINYBLOB": [("X'ff'", b"\xff")],
    "BLOB": [("X'c328'", b"\xc3\x28")],
    "MEDIUMBLOB": [("REPEAT(X'ff', 70000)", b"\xff" * 70000)],
    "LONGBLOB": [("'x'", b"x")],
    "TIME": [("'-838:59:59'", -3_020_399_000_000), ("'00:00:00'", 0), ("'-00:00:01'", -1_000_000)],
    "TIME(6)": [("'838:59:58.999999'", 3_020_398_999_999), ("'-00:00:00.000001'", -1)],
    "YEAR": [("1901", 1901), ("2155", 2155), ("0", 0)],
    "DATE": [
        ("'1970-01-01'", 0),
        ("'1000-01-01'", -354285),
        ("'9999-12-31'", 2932896),
        ("'2024-02-29'", 19782),
        ("'0000-00-00'", None),
        ("'2020-00-15'", None),
    ],
    "DATETIME": [("'1969-12-31 23:59:59'", -1_000_000), ("'0000-00-00'", None)],
    "DATETIME(6)": [
        ("'9999-12-31 23:59:59.999999'", LAST_DATETIME_US),
        ("'1000-01-01 00:00:00.000001'", -354285 * DAY_US + 1),
    ],
    "TIMESTAMP": [("'1970-01-01 00:00:01'", 1_000_000), ("'0000-00-00'", None)],
    "TIMESTAMP(6)": [
        ("'2038-01-19 03:14:07.999999'", (2**31 - 1) * 1_000_000 + 999_999),
        ("'2024-06-30 12:34:56.7891'", 1_719_750_896_789_100),
    ],
    "GEOMETRY": [
        ("POINT(1, 2)", _wkb("I2d", 1, 1.0, 2.0)),
        ("ST_GeomFromText('POINT(13 77.5)', 4326)", _wkb("II2d", 0x20000001, 4326, 77.5, 13.0)),
        ("ST_GeomFromText('GEOMETRYCOLLECTION EMPTY')", _wkb("II", 7, 0)),
    ],
    "POINT": [("POINT(-1, 0.5)", _wkb("I2d", 1, -1.0, 0.5))],
    "LINESTRING": [
        ("ST_GeomFromText('LINESTRING(0 0, 1 1)')", _wkb("II4d", 2, 2, 0.0, 0.0, 1.0, 1.0))
    ],
    "POLYGON": [
        (
            "ST_GeomFromText('POLYGON((0 0, 1 0, 0 1, 0 0))')",
            _wkb("III8d", 3, 1, 4, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        )
    ],
    "MULTIPOINT": [
        ("ST_GeomFromText('MULTIPOINT(1 2)')", _wkb("II", 4, 1) + _wkb("I2d", 1, 1.0, 2.0))
    ],
    "MULTILINESTRING": [
        (
            "ST_GeomFromText('MULTILINESTRING((0 0, 1 1))')",
            _wkb("II", 5, 1) + _wkb("II4d", 2, 2, 0.0, 0.0, 1.0, 1.0),
        )
    ],
    "MULTIPOLYGON": [
        (
            "ST_GeomFromText('MULTIPOLYGON(((0 0, 1 0, 0 1, 0 0)))')",
            _wkb("II", 6, 1) + _wkb("III8d", 3, 1, 4, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        )
    ],
    "GEOMCOLLECTION": [
        (
            "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')",
            _wkb("II", 7, 1) + _wkb("I2d", 1, 1.0, 2.0),
        )
    ],
    "VECTOR(3)": [("STRING_TO_VECTOR('[1, -2.5, 0.1]')", (1.0, -2.5, _float32(0.1)))],
}

ZERO_DATES = {"DATE": 0, "DATETIME(6)": 0, "TIMESTAMP(3)": 0}


def test_every_canonical_kind_has_an_expression():
    """A kind that is added must say how it is read."""
    assert EXPRESSIONS.keys() == KINDS.keys()


def test_every_mysql_type_has_a_case():
    """A type that is added must be shown to arrive."""
    plain = (name if name in MYSQL_TYPES else name.split("(")[0] for name in CASES)
    declared = {name.partition(" C")[0] for name in plain} - {"BOOLEAN"}
    assert declared == set(MYSQL_TYPES)


@pytest.mark.stack
@pytest.mark.parametrize("declared", CASES)
def test_values_arrive_exactly(make_table, database, declared):
    """Smallest, largest and odd values, and NULL, equal Python's; the types too."""
    name, _, rest = declared.partition(" C")
    attributes = f" C{rest}" if rest else ""
    cases = [*CASES[declared], ("NULL", None)]
    rows = [f"{number}, {literal}" for number, (literal, _) in enumerate(cases)]
    table = make_table(f"id INT PRIMARY KEY, value {name}{attributes} NULL", *rows)
    got = dict(database.read_rows(table, ["id", "value"]))
    expected = [value for _, value in cases]
    assert [got[number] for number in range(len(cases))] == expected
    assert [type(got[number]) for number in range(len(cases))] == list(map(type, expected))


@pytest.mark.stack
@pytest.mark.parametrize("declared", ZERO_DATES)
def test_zero_date_that_cannot_be_null_is_the_epoch(make_table, database, declared):
    """Debezium sends zero dates of NOT NULL columns as 1970, those of others as NULL."""
    table = make_table(f"value {declared} NOT NULL", "'0000-00-00'")
    assert list(database.read_rows(table, ["value"])) == [(ZERO_DATES[declared],)]


@pytest.mark.stack
def test_time_zone_of_the_server_does_not_matter(run_sql, make_table, database):
    """A TIMESTAMP is an instant: read in UTC whatever the default zone of sessions is."""
    table = make_table("value TIMESTAMP", "'2024-01-01 00:00:00'")
    run_sql("SET time_zone = '+05:30'", "INSERT INTO scratch VALUES ('2024-01-01 05:30:00')")
    assert len(set(database.read_rows(table, ["value"]))) == 1


@pytest.mark.stack
def test_names_of_any_kind_are_read(make_table, database):
    """Backquotes, percent signs, colons and spaces in a column's name are only a name."""
    table = make_table("`a``b %s :x` INT, `select` INT", "1, 2")
    names = [column.name for column in table.columns]
    assert names == ["a`b %s :x", "select"]
    assert list(database.read_rows(table, names)) == [(1, 2)]


@pytest.mark.stack
def test_reading_is_one_snapshot(run_sql, make_table, database):
    """Rows that are written while a table is read are not seen, however long it takes."""
    table = make_table("id INT PRIMARY KEY", *map(str, range(10)))
    rows = database.read_rows(table, ["id"])
    first = next(rows)
    run_sql("INSERT INTO scratch VALUES (100)", "DELETE FROM scratch WHERE id = 9")
    assert sorted([first, *rows]) == [(number,) for number in range(10)]
    assert database.count_rows(table) == 10
