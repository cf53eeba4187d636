from collections.abc import Iterator

import pytest

from cdc.source import ColumnFacts, Database, TableFacts
from tests.source.conftest import RunSql

pytestmark = pytest.mark.stack

NAMES = ("scratch", "scratch_child", "scratch_bare")


@pytest.fixture
def facts(run_sql: RunSql, database: Database) -> Iterator[dict[str, TableFacts]]:
    """Three tables with keys, defaults, character sets and a foreign key of all kinds."""
    drops = [f"DROP TABLE IF EXISTS {name}" for name in reversed(NAMES)]
    run_sql(
        *drops,
        "CREATE TABLE scratch (b INT, a INT, c INT NOT NULL UNIQUE, PRIMARY KEY (b, a),"
        " word VARCHAR(9) CHARACTER SET eucjpms DEFAULT 'x', made CHAR(36) DEFAULT (UUID()),"
        " at DATETIME DEFAULT CURRENT_TIMESTAMP, lon DECIMAL(10,8), plain INT)",
        "CREATE TABLE scratch_child (id INT NOT NULL UNIQUE, c INT, UNIQUE (c),"
        " FOREIGN KEY (c) REFERENCES scratch (c) ON DELETE CASCADE)",
        "CREATE TABLE scratch_bare (c INT, UNIQUE (c))",
    )
    yield {table.name: table for table in database.table_facts() if table.name in NAMES}
    run_sql(*drops)


def test_keys_are_found_as_debezium_finds_them(facts: dict[str, TableFacts]) -> None:
    """The primary key in its own order, else a unique index without NULLs, else none."""
    assert {name: table.key for name, table in facts.items()} == {
        "scratch": ("b", "a"),
        "scratch_child": ("id",),
        "scratch_bare": (),
    }


def test_foreign_keys_that_act_by_themselves_are_found(facts: dict[str, TableFacts]) -> None:
    """Of the child, whose rows they change."""
    assert [name for name in NAMES if facts[name].cascades] == ["scratch_child"]


def test_columns_are_described(facts: dict[str, TableFacts]) -> None:
    """Types, defaults (none for an expression), character sets and digits."""
    columns = {column.name: column for column in facts["scratch"].columns}

    assert columns["word"] == ColumnFacts(
        "word", "varchar", "varchar(9)", fallback="x", charset="eucjpms"
    )
    assert columns["lon"] == ColumnFacts("lon", "decimal", "decimal(10,8)", digits=10, scale=8)
    assert columns["at"].fallback == "CURRENT_TIMESTAMP"
    assert (columns["made"].fallback, columns["plain"].fallback) == (None, None)
    assert (columns["c"].nullable, columns["plain"].nullable) == (False, True)


def test_variables_are_told_in_lower_case(database: Database) -> None:
    """The names that the documentation uses, and what the server's own file says."""
    variables = database.variables()

    assert variables["binlog_row_image"] == "FULL"
    assert variables["server_id"] == "1"
