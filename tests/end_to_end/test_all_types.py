"""Every type on the real stack: a row that is read and the same row that is streamed are one."""

import json

import pytest

from cdc.app import build_verifier, plan_tables
from cdc.column import unzigzag
from cdc.verify.records import RecordDecoder
from tests.end_to_end.conftest import Governed
from tests.end_to_end.every_type import COLUMNS, ROWS, create_statement, insert_statement
from tests.end_to_end.reading import Governance
from tests.end_to_end.sources import write_connector
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

RAW = "types.pizzashop.alltypes"
TOPIC = "governed.pizzashop.alltypes.v1"

BEFORE, AFTER = range(ROWS), range(ROWS, 2 * ROWS)
"""Ids of the rows that the snapshot reads, and of the same rows inserted behind it."""


def _policy() -> str:
    columns = {name: {"class": "public", "rule": "keep"} for name in ("id", *COLUMNS, "twice")}
    return json.dumps({"table": "pizzashop.alltypes", "columns": columns})


@pytest.fixture
def typed(governed: Governed, tmp_path):
    """A table of every type with its rows read by a snapshot; gone after the test."""
    policy = governed.settings.policies.dir / "pizzashop.alltypes.yaml"
    policy.write_text(_policy())
    lax = "SET sql_mode = ''"
    governed.execute(
        lax, create_statement("alltypes"), *(insert_statement("alltypes", n, n) for n in BEFORE)
    )
    file = write_connector(tmp_path, "types", "pizzashop.alltypes")
    governed.run("connectors", "apply", str(file))
    wait_until(lambda: _count(governed) == ROWS, 60, "the rows from the snapshot")
    yield governed
    policy.unlink()
    governed.run("connectors", "delete", "types")
    governed.execute("DROP TABLE alltypes")


def _count(governed: Governed) -> int:
    return len(governed.records(TOPIC)) if TOPIC in governed.live.topics() else 0


def _differ(name: str, one: dict[str, object], other: dict[str, object]) -> bool:
    return name != "id" and not name.startswith("__") and one[name] != other[name]


def _slices(governed: Governed) -> dict[int, tuple[bytes | None, ...]]:
    """Per id the bytes of each column as they stand in the record."""
    verifier = build_verifier(governed.settings)
    (plan,) = plan_tables(governed.settings, verifier.database, ["pizzashop.alltypes"], {})
    decoder = RecordDecoder(plan, verifier.schema_text)
    rows = (decoder.row(record.value) for record in governed.records(TOPIC))
    return {unzigzag(row[0]): row[1:] for row in rows}


def test_snapshot_and_stream_are_one(typed: Governed) -> None:
    """The same row read and streamed gives the same bytes in every column, and equals MySQL."""
    typed.execute("SET sql_mode = ''", *(insert_statement("alltypes", n, n - ROWS) for n in AFTER))
    wait_until(lambda: _count(typed) == 2 * ROWS, 60, "the rows from the stream")
    rows = {change.key["id"]: change.value for change in Governance(typed).read(TOPIC)}
    pairs = [(rows[n], rows[n + ROWS]) for n in BEFORE]
    assert [(name, a[name], b[name]) for a, b in pairs for name in a if _differ(name, a, b)] == []
    slices = _slices(typed)
    assert [slices[n] for n in BEFORE] == [slices[n] for n in AFTER]
    both = '["types", "mysql"]'
    verified = typed.run("verify", "pizzashop.alltypes", check=False, CDC_RELAY__PREFIXES=both)
    assert verified.returncode == 0, verified.stdout + verified.stderr
