"""The three sources of a table's shape agree: DDL, the connector's own schemas, a live MySQL."""

import json

import pytest

from registry.derive.ddl import Catalogue, read_source
from registry.derive.from_ddl import table_from_ddl
from registry.derive.from_debezium import table_from_avro
from registry.derive.raw_form import RawForm
from registry.derive.raw_record import derive_raw
from registry.derive.table import Table
from registry.derive.types import MYSQL_TYPES
from tests.end_to_end.every_type import create_statement
from tests.registry.cases import FIXTURES
from tests.registry.derive.declarations import DECLARATIONS, KEYS
from tests.source.conftest import database, make_table, run_sql

__all__ = ["database", "make_table", "run_sql"]

RECOMMENDED = {
    "topic.prefix": "mysql",
    "time.precision.mode": "microseconds",
    "include.schema.comments": "true",
    "column.propagate.source.type": ".*",
}


def declared(sql: str, name: str = "scratch") -> Table:
    """A table of `pizzashop` from its CREATE statement alone."""
    catalogue = Catalogue(database="pizzashop")
    assert list(catalogue.run(read_source("t.sql", sql.encode())))
    return table_from_ddl(catalogue.tables[f"pizzashop.{name}"])


def governing(table: Table) -> object:
    """All of a table that a governed schema depends on."""
    return [(c.name, c.type, c.nullable, c.comment) for c in table.columns], table.key


def test_every_type_of_mysql_is_read() -> None:
    """No row of the type table is out of reach of a declaration."""
    names = {
        column.mysql_type
        for text in DECLARATIONS
        for column in declared(f"CREATE TABLE scratch (c {text})").columns
    }
    assert {name.removesuffix("(1)") for name in MYSQL_TYPES} <= names


def test_raw_fixtures_and_ddl_agree() -> None:
    """The table of a captured event is the table of the DDL that the connector captured."""
    lines = (FIXTURES / "alltypes_default_snapshot_and_stream.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    ddl = next(
        event["value"]["ddl"]["string"]
        for event in events
        if "CREATE TABLE `t1`" in str(event["value"])
    )
    catalogue = Catalogue(database="tt")
    list(catalogue.run(read_source("t.sql", ddl.encode())))
    recommended = json.loads((FIXTURES / "alltypes_recommended.jsonl").read_text().split("\n")[0])
    raw = table_from_avro("mysql.tt.t1", recommended["key_schema"], recommended["value_schema"])
    from_sql = table_from_ddl(catalogue.tables["tt.t1"])
    # That connector sent binary columns as text: nothing tells what they were.
    texts = {"bi", "vb", "bl"}
    assert [(c.name, c.type, c.nullable) for c in raw.table.columns if c.name not in texts] == [
        (c.name, c.type, c.nullable) for c in from_sql.columns if c.name not in texts
    ]
    assert raw.table.key == from_sql.key


def test_the_table_of_all_types_agrees_with_its_forecast() -> None:
    """DDL → raw forecast → table is DDL → table: the gate and the relay see one shape."""
    catalogue = Catalogue(database="pizzashop")
    list(catalogue.run(read_source("t.sql", create_statement("alltypes").encode())))
    table = catalogue.tables["pizzashop.alltypes"]
    raw = derive_raw(table, RawForm.of(RECOMMENDED))
    assert governing(table_from_avro(raw.topic, raw.key, raw.value).table) == governing(
        table_from_ddl(table)
    )


@pytest.mark.stack
def test_a_live_table_agrees(make_table) -> None:
    """information_schema and DDL give the same, for every declaration at once."""
    columns = ", ".join(f"c{number} {text}" for number, text in enumerate(DECLARATIONS))
    sql = f"id INT PRIMARY KEY COMMENT 'it''s \\\\ \"x\"', {columns}"
    live = make_table(sql)
    assert governing(declared(f"CREATE TABLE scratch ({sql})")) == governing(live)


@pytest.mark.stack
@pytest.mark.parametrize("keys", KEYS)
def test_live_keys_agree(make_table, keys) -> None:
    """The key of a table is the same from both."""
    sql = f"a INT NOT NULL, b INT NOT NULL, n INT, {keys}"
    assert declared(f"CREATE TABLE scratch ({sql})").key == make_table(sql).key


@pytest.mark.stack
def test_the_live_table_of_all_types_agrees(run_sql, database) -> None:
    """The table of the end-to-end test, as MySQL has it and as its text says."""
    run_sql("DROP TABLE IF EXISTS alltypes", create_statement("alltypes"))
    try:
        live = database.table("pizzashop", "alltypes")
    finally:
        run_sql("DROP TABLE alltypes")
    assert live is not None
    assert governing(declared(create_statement("alltypes"), "alltypes")) == governing(live)
