"""The doctor at a real MySQL, Kafka and Connect."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from cdc.doctor.grants import parse_grants
from cdc.doctor.settings import SETTINGS
from cdc.doctor.world import DEBEZIUM
from cdc.source import Database
from tests.doctor.test_cli import NAIVE

pytestmark = pytest.mark.stack

PREFIX = "doctor"
NOTES = {"float-money", "narrow-longitude"}


def findings_of(stack, *args: str, expected: int) -> dict[str, set[str]]:
    """The codes that `cdc doctor` finds, by check."""
    result = stack.run("doctor", "--format", "json", *args, check=False)
    assert result.returncode == expected, result.stdout + result.stderr
    checks = json.loads(result.stdout)["checks"]
    return {check["name"]: {f["code"] for f in check["findings"]} for check in checks}


def test_the_recommended_set_up_is_fine(captured) -> None:
    """my.cnf, bootstrap.sql and connectors/pizzashop.json: two notes on the tables' design."""
    found = findings_of(captured, "--fail-on", "warning", expected=0)

    assert set().union(*found.values()) == NOTES
    assert {"connector pizzashop", "topic mysql.pizzashop.users"} <= set(found)
    assert any(name.startswith("Kafka Connect at") for name in found)


@pytest.fixture
def bad_topic(stack) -> Iterator[str]:
    """A raw topic with two partitions, compacted, for small rows."""
    admin = AdminClient({"bootstrap.servers": stack.settings.bootstrap})
    name = f"{PREFIX}.pizzashop.users"
    settings = {"cleanup.policy": "compact", "max.message.bytes": "1048588"}
    new = NewTopic(name, 2, 1, config=settings)
    admin.create_topics([new])[name].result(30)
    yield name
    admin.delete_topics([name])[name].result(30)


@pytest.fixture
def bad_table(stack) -> Iterator[str]:
    """A table without a key, with everything that a table can have wrong."""
    name = "_visits_gho"
    stack.execute(
        "SET SESSION sql_mode = ''",
        f"DROP TABLE IF EXISTS pizzashop.{name}",
        f"CREATE TABLE pizzashop.{name} (size ENUM('s', 'l, xl'), total_price DOUBLE,"
        " lng DECIMAL(10,8), born DATE, name VARCHAR(9) CHARACTER SET eucjpms DEFAULT 'x',"
        " made CHAR(36) DEFAULT (UUID()))",
    )
    yield f"pizzashop.{name}"
    stack.execute(f"DROP TABLE pizzashop.{name}")


@pytest.fixture
def bad_user(stack) -> Iterator[str]:
    """A user who may write, by a role, and may not read the binary log."""
    stack.execute(
        "DROP USER IF EXISTS 'writer'@'%'",
        "DROP ROLE IF EXISTS 'may_write'",
        "CREATE ROLE 'may_write'",
        "GRANT SELECT, DELETE ON pizzashop.* TO 'may_write'",
        "CREATE USER 'writer'@'%' IDENTIFIED BY 'swordfish' DEFAULT ROLE 'may_write'",
    )
    yield "writer"
    stack.execute("DROP USER 'writer'@'%'", "DROP ROLE 'may_write'")


def test_a_bad_connector_gets_every_finding(
    captured, tmp_path: Path, bad_topic: str, bad_table: str, bad_user: str
) -> None:
    """A file, a user, a table and a topic with all that can be wrong: each is named."""
    config = {
        **NAIVE["config"],  # type: ignore[dict-item]
        "database.user": bad_user,
        "database.server.id": "1",
        "topic.prefix": PREFIX,
        "table.include.list": f"pizzashop.users,pizzashop.gone,{bad_table}",
        "column.mask.with.5.chars": "pizzashop.users.(email|lat)",
        "value.converter": "org.example.Converter",
    }
    file = tmp_path / "bad.json"
    file.write_text(json.dumps({"name": "bad", "config": config}))

    found = findings_of(captured, "--connector", str(file), expected=1)

    assert found["connector bad"] >= {
        "server-id-clash",
        "missing-grants",
        "wide-grants",
        "literal-secret",
        "unknown-table",
        "clear-mask",
        "driver-charset",
        "unread-prefix",
    }
    assert found[f"topic {bad_topic}"] == {"compacted-raw", "raw-partitions", "small-messages"}
    assert found[f"table {bad_table}"] == {
        "no-key",
        "null-default",
        "float-money",
        "narrow-longitude",
        "schema-change-helper",
        "enum-comma",
    }
    (connect,) = (codes for name, codes in found.items() if name.startswith("Kafka Connect"))
    assert connect == {"missing-plugin"}


def test_defaults_are_those_that_debezium_declares(stack) -> None:
    """What a rule takes for a setting's default is what the plugin says of itself."""
    url = f"{stack.settings.connect_url}/connector-plugins/{DEBEZIUM}/config/validate"
    asked = requests.put(url, json={"connector.class": DEBEZIUM, "name": "any"}, timeout=60).json()
    declared = {
        entry["definition"]["name"]: entry["definition"]["default_value"] or ""
        for entry in asked["configs"]
    }

    ours = {row.key: row.default for row in SETTINGS if row.key in declared}

    assert len(ours) > len(SETTINGS) / 2
    assert ours == {key: declared[key] for key in ours}


def test_a_stack_that_is_down_is_said_once_a_part(tmp_path: Path) -> None:
    """Exit code 4 and three findings, and the files of connect.dir are judged all the same."""
    from tests.conftest import make_stack  # noqa: PLC0415 (a stack that is not started)

    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    handle = os.open(secrets / "mysql.properties", os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(handle, b"verify.password=x\n")
    os.close(handle)
    closed = {f"CDC_{part}__PORT": "1" for part in ("MYSQL", "KAFKA", "CONNECT")}

    found = findings_of(make_stack(tmp_path, **closed), expected=4)

    assert found == {
        "Kafka Connect": {"unreachable"},
        "MySQL": {"unreachable"},
        "Kafka": {"unreachable"},
        "connector pizzashop": set(),
    }


def test_a_users_own_grants_are_read(stack, bad_user: str) -> None:
    """Those of its active roles too, as MySQL writes them."""
    with closing(Database(*stack.settings.mysql_address, bad_user, "swordfish")) as database:
        grants = parse_grants(database.grants())

    assert grants.allows("DELETE", "pizzashop", "users")
    assert not grants.allows("REPLICATION SLAVE")
