"""The Java AvroConverter and our registry, on the real stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cdc.app import build_verifier, plan_tables
from cdc.column import unzigzag, zigzag
from cdc.verify.records import RecordDecoder
from registry.avro import parse_lenient
from registry.client import RegistryClient
from registry.compatibility import find_incompatibilities
from registry.model import CompatibilityLevel, Subject
from tests.end_to_end.avro_converter import (
    FORMS,
    NAME,
    PREFIX,
    AvroSource,
    run_process,
    run_worker,
    schema_id,
    write_avro_connector,
)
from tests.end_to_end.conftest import Governed
from tests.end_to_end.every_type import COLUMNS, ROWS, create_statement, insert_statement
from tests.end_to_end.reading import Governance
from tests.end_to_end.sources import write_connector
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

KEY = Subject(f"{AvroSource.topic}-key")
VALUE = Subject(f"{AvroSource.topic}-value")
NAMESPACE = "governed_avro"
GOVERNED = f"{NAMESPACE}.pizzashop.products.v1"
# Columns as Debezium hands them on: a DATETIME in microseconds, a TIMESTAMP as text in UTC. Before
# 7.3 the converter writes a column's default where it is NULL: for updated_at that is 0.
PRODUCTS = """
    SELECT id, name, description, category, price, image,
        DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%sZ') AS created_at,
        IFNULL(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', updated_at), 0) AS updated_at
    FROM products
"""


@pytest.fixture(scope="module")
def avro(governed: Governed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AvroSource]:
    """The products captured a second time, as Avro; a table of every type as Avro and as JSON."""
    policy = governed.settings.policies.dir / f"pizzashop.{FORMS}.yaml"
    policy.write_text(_keep_all())
    governed.execute("SET sql_mode = ''", create_statement(FORMS, *DEFAULTS.values()))
    governed.execute(*_insert_forms())
    folder = tmp_path_factory.mktemp("avro")
    governed.run("connectors", "apply", str(write_connector(folder, FORMS, f"pizzashop.{FORMS}")))
    with run_worker(governed.live.site, folder) as connect:
        made = AvroSource(governed, connect, RegistryClient(governed.settings.registry_url))
        file = write_avro_connector(governed, folder)
        governed.run("connectors", "apply", str(file), CDC_CONNECT__URL=connect.url)
        wait_until(lambda: len(made.rows()) == len(_rows(governed)), 60, "the snapshot")
        yield made
        connect.delete(NAME)
    governed.run("connectors", "delete", FORMS)
    governed.execute(f"DROP TABLE {FORMS}")
    policy.unlink()


DEFAULTS = {
    "text_default": "text_default VARCHAR(5) DEFAULT 'x'",
    "int_default": "int_default INT DEFAULT 5",
}
"""Nullable columns with a default: a NULL of theirs is what a converter before 7.3 loses."""


def _insert_forms() -> list[str]:
    return ["SET sql_mode = ''", *(insert_statement(FORMS, n, n) for n in range(ROWS))] + [
        f"UPDATE {FORMS} SET {name} = NULL WHERE id = 0" for name in DEFAULTS
    ]


def _keep_all() -> str:
    names = ("id", *COLUMNS, "twice", *DEFAULTS)
    columns = {name: {"class": "public", "rule": "keep"} for name in names}
    return json.dumps({"table": f"pizzashop.{FORMS}", "columns": columns})


def _rows(stack: Governed) -> dict[int, dict[str, Any]]:
    """MySQL's products, by id."""
    with stack.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(PRODUCTS)
        names = [column[0] for column in cursor.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}


def _float32(price: float | None) -> float | None:
    """A price as the four bytes that both sides store; MySQL prints six digits of them."""
    return None if price is None else float(np.float32(price))


def _by_id(rows: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {key: {**row, "price": _float32(row["price"])} for key, row in rows.items()}


def _is_equal(avro: AvroSource) -> bool:
    return _by_id(avro.rows()) == _by_id(_rows(avro.stack))


def test_connector_runs(avro):
    """The connector and its task run with the Java converter."""
    assert avro.is_running()


def test_java_client_registers_subjects(avro):
    """Key and value of the raw topic are subjects, each with one version that is Avro."""
    assert {KEY, VALUE} <= set(avro.registry.subjects(f"{PREFIX}."))
    for subject in (KEY, VALUE):
        latest = avro.registry.latest(subject)
        assert latest is not None
        assert json.loads(latest.schema)["type"] == "record"


def test_ids_in_records_lead_to_the_registered_schemas(avro):
    """The id that the converter wrote into a record is that of its subject's version."""
    first = avro.records()[0]
    for data, subject in ((first.key, KEY), (first.value, VALUE)):
        text = avro.registry.schema_by_id(schema_id(data))
        found = avro.registry.look_up(subject, text)
        assert found is not None
        assert (found.id, found.schema, found.version) == (schema_id(data), text, 1)


def test_raw_records_are_the_rows(avro):
    """Decoded by our reader, the raw Avro records hold every column of every row."""
    assert _by_id(avro.rows()) == _by_id(_rows(avro.stack))


def test_apply_frees_the_raw_subjects(avro):
    """Before the connector starts, its subjects take every version, tables to come included."""
    subjects = (KEY, VALUE, Subject(f"{PREFIX}-value"), Subject(f"{PREFIX}.pizzashop.{FORMS}-key"))
    assert [avro.registry.level(it) for it in subjects] == [CompatibilityLevel.NONE] * 4


def test_breaking_alter_is_a_second_version(avro):
    """A schema that breaks BACKWARD is registered under NONE, and the connector runs on."""
    before = avro.registry.latest(VALUE)
    avro.stack.execute(
        "ALTER TABLE products ADD COLUMN shelf INT NOT NULL",
        "UPDATE products SET shelf = 7 WHERE id = 1",
    )
    wait_until(lambda: avro.registry.versions(VALUE) == [1, 2], 30, "a second version")
    after = avro.registry.latest(VALUE)
    assert find_incompatibilities(parse_lenient(after.schema), parse_lenient(before.schema))
    avro.stack.execute(
        "ALTER TABLE products DROP COLUMN shelf",
        "UPDATE products SET price = price + 1 WHERE id = 1",
    )
    wait_until(lambda: _is_equal(avro), 30, "raw rows equal MySQL's")
    assert avro.is_running()
    assert avro.registry.versions(VALUE) == [1, 2]


@pytest.fixture(scope="module")
def avro_relay(avro, tmp_path_factory):
    """A relay that reads only the Avro topics and governs them under a name of its own."""
    env = {
        **avro.stack.live.env,
        "CDC_RELAY__PREFIXES": json.dumps([PREFIX]),
        "CDC_RELAY__NAMESPACE": NAMESPACE,
        "CDC_RELAY__GROUP": "avro-relay",
    }
    # Instance 0 would take the port of the stack's own relay; the others take any.
    command = [sys.executable, "-m", "cdc", "relay", "run", "--instance", "1"]
    with run_process(command, tmp_path_factory.mktemp("relay") / "relay.log", env) as process:
        yield process


def test_relay_governs_avro(avro, avro_relay):
    """Products that came as Avro leave governed, each with MySQL's name and price."""
    wanted = {key: (row["name"], row["price"]) for key, row in _rows(avro.stack).items()}

    def arrived() -> bool:
        assert avro_relay.poll() is None, "the relay has ended"
        rows = [record.value for record in Governance(avro.stack).read(GOVERNED) if record.value]
        return {row["id"]: (row["name"], row["price"]) for row in rows} == wanted

    wait_until(arrived, 60, "the governed products")


def _slices(stack: Governed, namespace: str) -> dict[int, dict[str, bytes | None]]:
    """Per id the bytes of each column in a namespace's topic."""
    verifier = build_verifier(stack.settings)
    (plan,) = plan_tables(stack.settings, verifier.database, [f"pizzashop.{FORMS}"], {})
    decoder = RecordDecoder(plan, verifier.schema_text)
    rows = (decoder.row(it.value) for it in stack.records(f"{namespace}.pizzashop.{FORMS}.v1"))
    names = [column.governed.name for column in plan.columns]
    return {unzigzag(row[0]): dict(zip(names, row, strict=True)) for row in rows}


def test_both_raw_formats_give_the_same_bytes(avro, avro_relay):
    """Every type, captured as JSON and as Avro, is one in the governed topics, byte for byte.

    Except a NULL in a nullable column with a default: this converter writes the default.
    """

    def read() -> tuple[dict[int, dict[str, bytes | None]], dict[int, dict[str, bytes | None]]]:
        assert avro_relay.poll() is None, "the relay has ended"
        return _slices(avro.stack, "governed"), _slices(avro.stack, NAMESPACE)

    wait_until(lambda: [len(rows) for rows in read()] == [ROWS, ROWS], 60, "both governed topics")
    by_json, by_avro = read()
    differing = {
        (number, name): (row[name], by_avro[number][name])
        for number, row in by_json.items()
        for name in row
        if row[name] != by_avro[number][name]
    }
    assert differing == {
        (0, "text_default"): (None, b"x"),
        (0, "int_default"): (None, zigzag(5)),
    }
