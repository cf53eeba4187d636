"""The Java AvroConverter and our registry, on the real stack."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from cdc.connect.states import await_running
from registry.avro import parse_lenient
from registry.client import RegistryClient
from registry.compatibility import find_incompatibilities
from registry.model import CompatibilityLevel, Subject
from tests.end_to_end.avro_converter import (
    NAME,
    PREFIX,
    AvroSource,
    connector_config,
    run_process,
    run_worker,
    schema_id,
)
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import Governance
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

KEY = Subject(f"{AvroSource.topic}-key")
VALUE = Subject(f"{AvroSource.topic}-value")
NAMESPACE = "governed_avro"
GOVERNED = f"{NAMESPACE}.pizzashop.products.v1"
# Columns as Debezium hands them on: a DATETIME in microseconds, a TIMESTAMP as text in UTC. Before
# 7.3 the converter writes a column's default where it is NULL: for updated_at that is 0.
ROWS = """
    SELECT id, name, description, category, price, image,
        DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%sZ') AS created_at,
        IFNULL(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', updated_at), 0) AS updated_at
    FROM products
"""


@pytest.fixture(scope="module")
def avro(governed: Governed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AvroSource]:
    """The products captured a second time, as Avro, under no compatibility rule."""
    registry = RegistryClient(governed.settings.registry_url)
    for subject in (KEY, VALUE):
        registry.set_level(subject, CompatibilityLevel.NONE)
    with run_worker(governed.live.site, tmp_path_factory.mktemp("avro")) as connect:
        made = AvroSource(governed, connect, registry)
        connect.put_config(NAME, connector_config(governed))
        await_running(connect, NAME, 60)
        wait_until(lambda: len(made.rows()) == len(_rows(governed)), 60, "the snapshot")
        yield made
        connect.delete(NAME)


def _rows(stack: Governed) -> dict[int, dict[str, Any]]:
    """MySQL's products, by id."""
    with stack.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(ROWS)
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


@pytest.fixture
def avro_relay(avro, tmp_path):
    """A relay that reads only the Avro topics and governs them under a name of its own."""
    env = {
        **avro.stack.live.env,
        "CDC_RELAY__PREFIXES": json.dumps([PREFIX]),
        "CDC_RELAY__NAMESPACE": NAMESPACE,
        "CDC_RELAY__GROUP": "avro-relay",
    }
    # Instance 0 would take the port of the stack's own relay; the others take any.
    command = [sys.executable, "-m", "cdc", "relay", "run", "--instance", "1"]
    with run_process(command, tmp_path / "relay.log", env) as process:
        yield process


def test_relay_governs_avro(avro, avro_relay):
    """Products that came as Avro leave governed, each with MySQL's name and price."""
    wanted = {key: (row["name"], row["price"]) for key, row in _rows(avro.stack).items()}

    def arrived() -> bool:
        assert avro_relay.poll() is None, "the relay has ended"
        rows = [record.value for record in Governance(avro.stack).read(GOVERNED) if record.value]
        return {row["id"]: (row["name"], row["price"]) for row in rows} == wanted

    wait_until(arrived, 60, "the governed products")
