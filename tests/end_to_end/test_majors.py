"""New majors on the real stack: opened, filled by a snapshot, equal to MySQL; v1 retired."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cdc.control.state import read_state
from cdc.kafka.layout import STATE
from cdc.majors import Majors
from registry.client import RegistryClient
from registry.model import Subject
from tests.end_to_end.conftest import Governed
from tests.end_to_end.sources import write_connector
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

PREFIX = "majors"
TABLES = {"maj_text": "VARCHAR(20)", "maj_float": "FLOAT"}
ROWS = 3


def _topic(table: str, major: int) -> str:
    return f"governed.pizzashop.{table}.v{major}"


def _policy(table: str) -> str:
    columns = {name: {"class": "public", "rule": "keep"} for name in ("id", "a")}
    return json.dumps(
        {"table": f"pizzashop.{table}", "on_breaking": "new_major", "columns": columns}
    )


def _count(stack: Governed, topic: str) -> int:
    return len(stack.records(topic)) if topic in stack.live.topics() else 0


def _majors(stack: Governed, table: str) -> Majors:
    return read_state(stack.records(STATE)).majors[f"{PREFIX}.pizzashop.{table}"]


def _table(stack: Governed, table: str) -> dict[str, object]:
    """The table's word in `cdc relay status`."""
    (relay,) = json.loads(stack.run("relay", "status", "--output", "json", check=False).stdout)[
        "relays"
    ]
    raw = f"{PREFIX}.pizzashop.{table}"
    return next((it for it in relay["tables"] if it["raw_topic"] == raw), {})


def _is_equal(stack: Governed, table: str) -> bool:
    done = stack.run(
        "verify", f"pizzashop.{table}", check=False, CDC_RELAY__PREFIXES=f'["{PREFIX}", "mysql"]'
    )
    return done.returncode == 0


def _await_backfill(stack: Governed, table: str) -> None:
    wait_until(lambda: _table(stack, table).get("backfill") == "completed", 60, "the backfill")


@pytest.fixture(scope="module")
def streaming(governed: Governed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    """Two tables of three rows each under `on_breaking: new_major`, streaming."""
    policies = {t: governed.settings.policies.dir / f"pizzashop.{t}.yaml" for t in TABLES}
    for table, kind in TABLES.items():
        policies[table].write_text(_policy(table))
        rows = ", ".join(f"({number}, {number})" for number in range(ROWS))
        governed.execute(
            f"CREATE TABLE {table} (id INT PRIMARY KEY, a {kind})",
            f"INSERT INTO {table} VALUES {rows}",
        )
    file = write_connector(tmp_path_factory.mktemp(PREFIX), PREFIX, r"pizzashop\.maj_.*")
    governed.run("connectors", "apply", str(file))
    for table in TABLES:
        wait_until(lambda t=table: _count(governed, _topic(t, 1)) == ROWS, 60, f"v1 of {table}")
    yield governed
    governed.run("connectors", "delete", PREFIX)
    topics = governed.kafka.topics()
    topics.delete([name for name in topics.names() if name.startswith(f"{PREFIX}.")])
    governed.execute(*(f"DROP TABLE {table}" for table in TABLES))
    for policy in policies.values():
        policy.unlink()


def test_a_new_major_gets_every_row_and_the_old_one_is_retired(streaming: Governed) -> None:
    """VARCHAR to JSON: v2 has the untouched rows too, v1 goes on until it is retired."""
    v1, v2 = _topic("maj_text", 1), _topic("maj_text", 2)
    streaming.execute(
        "ALTER TABLE maj_text MODIFY a JSON", "INSERT INTO maj_text VALUES (7, '[7]')"
    )
    _await_backfill(streaming, "maj_text")
    assert _is_equal(streaming, "maj_text")
    assert _majors(streaming, "maj_text").served == (1,)
    assert _count(streaming, v1) == ROWS + 1 + len(streaming.records(v2)) - 1
    refused = streaming.run("topics", "retire", v2, "--yes", check=False)
    assert (refused.returncode, "newest" in refused.stderr) == (2, True)
    listed = streaming.run("topics", "list").stdout
    assert [line.split()[-1] for line in listed.splitlines() if "maj_text.v" in line] == [
        "served",
        "newest",
    ]

    streaming.run("topics", "retire", v1, "--yes")
    assert v1 not in streaming.live.topics()
    registry = RegistryClient(streaming.settings.registry_url)
    assert registry.versions(Subject(f"{v1}-value")) == []
    streaming.execute("INSERT INTO maj_text VALUES (8, '[8]')")
    assert _is_equal(streaming, "maj_text")
    assert v1 not in streaming.live.topics()
    again = streaming.run("topics", "retire", v1, "--yes", check=False)
    assert (again.returncode, "retired already" in again.stderr) == (2, True)


def test_alters_while_the_relay_is_down_happen_in_order(streaming: Governed) -> None:
    """Two breaks and a change of rows between them: v1, v2, v3, each frozen at its event."""
    streaming.run("stack", "down", "relay")
    streaming.execute(
        "UPDATE maj_float SET a = 10.5 WHERE id = 0",
        "ALTER TABLE maj_float MODIFY a DOUBLE",
        "UPDATE maj_float SET a = 0.1 WHERE id = 0",
        "ALTER TABLE maj_float MODIFY a DECIMAL(10,2)",
        "UPDATE maj_float SET a = 0.25 WHERE id = 0",
    )
    streaming.run("stack", "up", "relay")
    wait_until(lambda: _majors(streaming, "maj_float").newest == 3, 60, "v3")
    _await_backfill(streaming, "maj_float")
    assert _is_equal(streaming, "maj_float")
    assert [it.major for it in _majors(streaming, "maj_float").frozen] == [1, 2]
    assert [_count(streaming, _topic("maj_float", major)) for major in (1, 2)] == [ROWS + 1, 1]
