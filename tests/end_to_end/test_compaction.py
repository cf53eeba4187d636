"""What is deleted leaves the governed topic's log: the real broker's cleaner finds its key."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from cdc.kafka.port import Record, TopicSpec
from tests.end_to_end.conftest import Governed
from tests.end_to_end.sources import write_connector
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

PREFIX = "cleaned"
TABLES = {"clean_widened": "tombstone", "clean_told": "record_then_tombstone"}
EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": "100",
    "delete.retention.ms": "0",
}
"""Anything that can be cleaned is cleaned at the cleaner's next round."""


def _topic(table: str) -> str:
    return f"governed.pizzashop.{table}.v1"


def _policy(table: str, deletes: str) -> str:
    columns = {name: {"class": "public", "rule": "keep"} for name in ("id", "a")}
    return json.dumps(
        {
            "table": f"pizzashop.{table}",
            "format": "json",
            "deletes": deletes,
            "columns": columns,
        }
    )


def _hurry_cleaner(bootstrap: str) -> None:
    """Let the broker's cleaner look every 0.2 s, not every 15."""
    entry = ConfigEntry(
        "log.cleaner.backoff.ms", "200", incremental_operation=AlterConfigOpType.SET
    )
    broker = ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.incremental_alter_configs([broker]).values():
        future.result(10)


@pytest.fixture(scope="module")
def cleaned(governed: Governed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    """Tables of two rows, governed in topics that are cleaned at once."""
    _hurry_cleaner(governed.settings.bootstrap)
    governed.kafka.topics().create([TopicSpec(_topic(table), 1, EAGER) for table in TABLES])
    policies = {t: governed.settings.policies.dir / f"pizzashop.{t}.yaml" for t in TABLES}
    for table, deletes in TABLES.items():
        policies[table].write_text(_policy(table, deletes))
        governed.execute(
            f"CREATE TABLE {table} (id INT PRIMARY KEY, a INT)",
            f"INSERT INTO {table} VALUES (1, 0), (2, 0)",
        )
    file = write_connector(tmp_path_factory.mktemp(PREFIX), PREFIX, r"pizzashop\.clean_.*")
    governed.run("connectors", "apply", str(file))
    for table in TABLES:
        wait_until(lambda t=table: len(governed.records(_topic(t))) == 2, 60, f"rows of {table}")
    yield governed
    governed.run("connectors", "delete", PREFIX)
    governed.execute(*(f"DROP TABLE {table}" for table in TABLES))
    for policy in policies.values():
        policy.unlink()


def _of_key(stack: Governed, table: str, number: int) -> list[Record]:
    """All records of a row that the log still has."""
    key = json.dumps({"id": number}, separators=(",", ":")).encode()
    return [record for record in stack.records(_topic(table)) if record.key == key]


def _await_cleaned(stack: Governed, table: str) -> None:
    """Until nothing of row 1 has a value; each look writes row 2, so that segments are closed."""

    def is_gone() -> bool:
        stack.execute(f"UPDATE {table} SET a = a + 1 WHERE id = 2")
        return not any(record.value for record in _of_key(stack, table, 1))

    wait_until(is_gone, 120, f"row 1 of {table} cleaned away")
    assert any(record.value for record in _of_key(stack, table, 2))


def test_a_row_from_before_a_wider_key_is_cleaned_away(cleaned: Governed) -> None:
    """PK INT to BIGINT, then DELETE of an old row: its tombstone has the very key of its record."""
    cleaned.execute(
        "ALTER TABLE clean_widened MODIFY id BIGINT", "DELETE FROM clean_widened WHERE id = 1"
    )
    _await_cleaned(cleaned, "clean_widened")


def test_a_told_delete_is_cleaned_away_with_its_record(cleaned: Governed) -> None:
    """`record_then_tombstone`: the record of the delete goes, too, once its tombstone is there."""
    cleaned.execute("DELETE FROM clean_told WHERE id = 1")
    _await_cleaned(cleaned, "clean_told")
