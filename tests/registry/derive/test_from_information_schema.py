"""A live table is read as the shape that Debezium reports for it."""

import pytest

from registry.derive.types import BOOLEAN, BYTES, LONG, Canonical
from tests.source.conftest import database, make_table, run_sql

pytestmark = pytest.mark.stack

__all__ = ["database", "make_table", "run_sql"]


def test_columns_in_order_with_all_that_is_known(make_table):
    """Name, canonical type, nullability, MySQL type and comment; hidden columns are there."""
    table = make_table(
        "id SERIAL, price DECIMAL(7,2) NOT NULL COMMENT 'EUR', hidden INT INVISIBLE,"
        " twice INT AS (hidden * 2) STORED, flag BOOL, small TINYINT UNSIGNED ZEROFILL, j JSON"
    )
    shape = [(c.name, str(c.type), c.nullable, c.mysql_type) for c in table.columns]
    assert shape == [
        ("id", "long", False, "BIGINT UNSIGNED"),
        ("price", "decimal(7,2)", False, "DECIMAL"),
        ("hidden", "long", True, "INT"),
        ("twice", "long", True, "INT"),
        ("flag", "boolean", True, "TINYINT"),
        ("small", "long", True, "TINYINT UNSIGNED"),
        ("j", "json", True, "JSON"),
    ]
    assert table.columns[1].comment == "EUR"
    assert table.qualified == "pizzashop.scratch"


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("DECIMAL", Canonical("decimal", 10, 0)),
        ("NUMERIC(65,30)", Canonical("decimal", 65, 30)),
        ("DECIMAL(5,1) UNSIGNED", Canonical("decimal", 5, 1)),
        ("REAL", Canonical("double")),
        ("FLOAT UNSIGNED", Canonical("float")),
        ("FLOAT(7,4)", Canonical("double")),
        ("ENUM('unsigned','(1)')", Canonical("string")),
        ("TINYINT(1) UNSIGNED", LONG),
        ("SET('unsigned','(1)')", Canonical("set")),
        ("GEOMETRYCOLLECTION", Canonical("geometry")),
        ("BIT", BOOLEAN),
        ("BIT(8)", BYTES),
    ],
)
def test_declarations_that_mislead(make_table, declared, expected):
    """Synonyms, UNSIGNED where it changes nothing, words inside labels; no row: no type."""
    assert make_table(f"value {declared}").columns[0].type == expected


@pytest.mark.parametrize(
    ("indexes", "key"),
    [
        ("PRIMARY KEY (b, a), UNIQUE (c)", ("b", "a")),
        ("UNIQUE (n), UNIQUE zz (c), UNIQUE aa (a)", ("c",)),
        ("UNIQUE (a, n)", ()),
        ("UNIQUE ((a + 1))", ()),
        ("INDEX (a)", ()),
    ],
)
def test_key_is_what_debezium_takes(make_table, indexes, key):
    """The primary key in its own order, else the first unique index without NULL, else none."""
    columns = "a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, n INT"
    assert make_table(f"{columns}, {indexes}").key == key


def test_unknown_table_is_none(database):
    """A name that is not there gives no shape."""
    assert database.table("pizzashop", "nothing") is None
