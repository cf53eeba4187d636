"""The forecast of raw schemas is what Debezium and the Avro converter really registered."""

import json

import pytest

from registry.derive.ddl import Catalogue, read_source, show_as_server
from registry.derive.raw_form import RawForm
from registry.derive.raw_record import RawSchemas, derive_raw
from registry.errors import RefusedForm, RefusedSql
from tests.registry.cases import FIXTURES, load_cases

PREFIX = {"topic.prefix": "mysql"}
ALTERS = [case for case in load_cases("alters") if "new_value_schema" in case]
ASKED = list(load_cases("raw_schemas"))
"""Statements carried out by Debezium's own parser and schema builder, and what came of them."""


def run(catalogue: Catalogue, sql: str) -> None:
    """Carry statements out."""
    list(catalogue.run(read_source("t.sql", sql.encode())))


def text(schema: object) -> str:
    """A schema as it is compared: every key, in its order."""
    return json.dumps(schema)


@pytest.mark.parametrize("case", ALTERS, ids=lambda case: case["name"])
def test_registered_before_and_after_each_alter(case) -> None:
    """Key and value, before and behind the statement, to the last byte."""
    old = case["old_value_schema"]["namespace"].rpartition(".")[2]
    new = case["new_value_schema"]["namespace"].rpartition(".")[2]
    form = RawForm.of(PREFIX)
    catalogue = Catalogue(database="al")
    run(catalogue, case["create"].replace("TABLE t ", f"TABLE {old} "))
    before = derive_raw(show_as_server(catalogue.tables[f"al.{old}"]), form)
    alter = case["alter"].replace("TABLE t ", f"TABLE {old} ").replace("TO tr", f"TO {new}")
    run(catalogue, alter)
    after = derive_raw(catalogue.tables[f"al.{new}"], form)
    assert text(before.value) == text(case["old_value_schema"])
    assert text(after.value) == text(case["new_value_schema"])
    assert text(before.key) == text(case.get("old_key_schema", before.key))
    assert text(after.key) == text(case.get("new_key_schema", after.key))


def test_what_debezium_answered_statement_by_statement() -> None:
    """Each spelling of a type, form of a default, key and mode: fields and their order."""
    wrong = []
    for case in ASKED:
        catalogue = Catalogue()
        for statement in case["ddl"]:
            run(catalogue, statement)
        form = RawForm.of({**PREFIX, **case["config"]})
        for name, wanted in case["tables"].items():
            raw = derive_raw(catalogue.tables[name], form)
            key = raw.key and raw.key["fields"]
            expected = wanted["key"] and wanted["key"]["fields"]
            if (text(row_of(raw)), text(key)) != (text(wanted["row"]), text(expected)):
                wrong.append((case["ddl"], case["config"]))
    assert wrong == []
    assert len(ASKED) > 400


def row_of(raw: RawSchemas) -> object:
    """The fields of a row."""
    return raw.value["fields"][0]["type"][1]["fields"]


def captured(name: str) -> list[dict]:
    """The events of a fixture."""
    path = FIXTURES / f"{name}.jsonl"
    if path.exists():
        return [json.loads(line) for line in path.read_text().splitlines()]
    return list(load_cases(name))


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("alltypes_default_snapshot_and_stream", {}),
        ("defaults_nulls_zerodates_bool_nopk", {}),
        (
            "schema_comments",
            {"include.schema.comments": "true", "column.propagate.source.type": ".*"},
        ),
    ],
)
def test_captured_history_gives_captured_schemas(name, config) -> None:
    """The DDL of the schema-change topic, in order, gives the schema of every event behind it."""
    catalogue, form, compared = Catalogue(), RawForm.of({**PREFIX, **config}), 0
    for event in captured(name):
        schema = event["value_schema"] or {}
        if schema.get("name") == "SchemaChangeValue":
            catalogue.database = event["value"]["databaseName"]["string"]
            run(catalogue, event["value"]["ddl"]["string"])
        elif schema.get("name") == "Envelope":
            table = catalogue.tables[event["topic"].partition(".")[2]]
            raw = derive_raw(table, form)
            assert (text(raw.key), text(raw.value)) == (text(event["key_schema"]), text(schema))
            compared += 1
    assert compared >= 2


def test_all_types_under_other_modes() -> None:
    """Precise integers in the key, binary as text, booleans by a converter, source types."""
    history = captured("alltypes_default_snapshot_and_stream")
    ddl = next(e["value"]["ddl"]["string"] for e in history if "TABLE `t1`" in str(e["value"]))
    catalogue = Catalogue(database="tt")
    run(catalogue, ddl)
    form = RawForm.of(
        {
            **PREFIX,
            "time.precision.mode": "microseconds",
            "bigint.unsigned.handling.mode": "precise",
            "binary.handling.mode": "base64",
            "column.propagate.source.type": ".*",
            "converters": "b",
            "b.type": "io.debezium.connector.binlog.converters.TinyIntOneToBooleanConverter",
        }
    )
    raw = derive_raw(catalogue.tables["tt.t1"], form)
    event = captured("alltypes_recommended")[0]
    assert text(raw.key) == text(event["key_schema"])
    assert text(raw.value) == text(event["value_schema"])


@pytest.mark.parametrize(
    "config",
    [
        {},
        {**PREFIX, "time.precision.mode": "structured"},
        {**PREFIX, "topic.naming.strategy": "io.example.Own"},
        {**PREFIX, "converters": "x", "x.type": "io.example.Own"},
        {**PREFIX, "table.include.list": "("},
    ],
)
def test_settings_without_a_forecast_are_refused(config) -> None:
    """A setting whose effect is not known stops the forecast and is named."""
    with pytest.raises(RefusedForm, match="setting "):
        RawForm.of(config)


def test_what_the_converter_fails_at_is_refused() -> None:
    """A name that Avro does not allow is told with its line, unless the connector adjusts names."""
    catalogue = Catalogue()
    run(catalogue, "CREATE TABLE a.t (id INT PRIMARY KEY,\n `b c` INT)")
    with pytest.raises(RefusedSql, match=r"t\.sql:2: a\.t\.b c: no field of Avro"):
        derive_raw(catalogue.tables["a.t"], RawForm.of(PREFIX))
    adjusted = RawForm.of({**PREFIX, "field.name.adjustment.mode": "avro"})
    assert "b_c" in text(derive_raw(catalogue.tables["a.t"], adjusted).value)


def test_bool_is_another_type_in_a_snapshot() -> None:
    """A streamed BOOL is a boolean, the same column read by a snapshot an int16."""
    catalogue = Catalogue()
    run(catalogue, "CREATE TABLE a.t (id INT PRIMARY KEY, b BOOL, r REAL, v VARBINARY(3))")
    form, table = RawForm.of(PREFIX), catalogue.tables["a.t"]
    streamed = [field["type"][1] for field in row_of(derive_raw(table, form))[1:]]
    read = [field["type"][1] for field in row_of(derive_raw(show_as_server(table), form))[1:]]
    assert streamed == ["boolean", "float", "bytes"]
    assert read == [{"type": "int", "connect.type": "int16"}, "double", "bytes"]
