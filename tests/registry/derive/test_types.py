"""The type table holds together."""

import json

import pytest

from cdc.stream.normalize import REPAIRS
from registry.avro import parse_strict
from registry.derive.from_debezium import table_from_avro, table_from_connect
from registry.derive.record import GovernedColumn, avro_name, derive_key, derive_value
from registry.derive.types import (
    KINDS,
    LONG,
    MYSQL_TYPES,
    RAW_TYPES,
    STRING,
    Canonical,
    RawType,
    Repair,
    canonical_of_raw,
)
from registry.errors import InvalidSchemaError
from tests.builders import PRODUCTS, USERS, RawTopic


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_valid_avro(kind):
    """Each canonical form can stand in a governed schema, with its Connect name beside it."""
    column = GovernedColumn("c", Canonical(kind, 10, 2), is_key=False, source_nullable=True)
    schema = json.loads(parse_strict(derive_value("a.b.c.v1", (column,))).canonical)
    branch = schema["fields"][0]["type"][1]
    if isinstance(branch, str):
        branch = {"type": branch}
    assert branch.get("logicalType", "") == KINDS[kind].logical
    assert branch.get("connect.name", "") == KINDS[kind].connect_name
    assert KINDS[kind].bare.items() <= branch.items()


@pytest.mark.parametrize("name", sorted(MYSQL_TYPES))
def test_repairs_lead_to_the_rows_own_form(name):
    """Whatever the connector's mode, a MySQL type has one canonical form."""
    row = MYSQL_TYPES[name]
    for (connect, semantic), repair in (row.repairs or {}).items():
        parameters = {"__debezium.source.column.type": name.removesuffix("(1)")}
        if name.endswith("(1)"):
            parameters["__debezium.source.column.length"] = "1"
        canonical, _ = canonical_of_raw(RawType(connect, semantic, parameters))
        assert canonical == (row.canonical(0, 0) if repair else None)


def test_every_repair_is_carried_out_by_one_function():
    """No repair of the table is forgotten in `normalize`, and none is left over."""
    assert set(REPAIRS) == set(Repair)


def test_unknown_raw_type_is_not_guessed():
    """A type without a row has no canonical form."""
    assert canonical_of_raw(RawType("int64", "com.example.Odd")) == (None, Repair.SAME)
    assert ("int64", "com.example.Odd") not in RAW_TYPES


@pytest.mark.parametrize("columns", [USERS, PRODUCTS])
def test_json_and_avro_schemas_give_one_table(columns):
    """The inline schema and Confluent's Avro schema of a topic say the same."""
    topic = RawTopic("mysql.pizzashop.t", columns)
    key, value = map(json.loads, topic.avro_schemas())
    connect_key = {"fields": [{"field": "id", "type": "int64"}]}
    from_json = table_from_connect(topic.topic, connect_key, topic.json_envelope_schema())
    assert table_from_avro(topic.topic, key, value).table == from_json.table
    assert from_json.table.key == ("id",)


@pytest.mark.parametrize("value", [{}, {"fields": [{"field": "x"}]}])
def test_other_schemas_are_refused(value):
    """A heartbeat's or a schema change's schema is not taken for a table's."""
    with pytest.raises(InvalidSchemaError, match="not a Debezium envelope"):
        table_from_connect("a.b.c", None, value)


def test_key_schema_is_bare():
    """A governed key has neither defaults, docs nor nullability: its bytes must never change."""
    columns = (
        GovernedColumn("id", LONG, is_key=True, source_nullable=False),
        GovernedColumn("name", STRING, is_key=False, source_nullable=True),
    )
    assert json.loads(derive_key("governed.a.b.v1", columns)) == {
        "type": "record",
        "name": "Key",
        "namespace": "governed.a.b.v1",
        "fields": [{"name": "id", "type": "long"}],
    }


@pytest.mark.parametrize(
    ("name", "safe"), [("a-b", "a_b"), ("1a", "_1a"), ("ಕ", "_"), ("ok", "ok")]
)
def test_names_that_avro_accepts(name, safe):
    """MySQL's freer names become Avro names, always the same."""
    assert avro_name(name) == safe
