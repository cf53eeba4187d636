import json
import os
import signal
from pathlib import Path

import psutil
import pymysql
import pytest

from cdc.stack.processes import find_process
from cdc.stack.secrets import read_passwords
from tests.conftest import PRODUCTS, REPOSITORY, USERS, LiveStack, make_stack
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

USERS_TOPIC = "mysql.pizzashop.users"


def test_up_makes_all_parts_answer(stack: LiveStack) -> None:
    """Status tells the three parts as running, each with its address and memory."""
    parts = json.loads(stack.run("stack", "status", "--output", "json").stdout)["parts"]
    states = {part["part"]: part["state"] for part in parts}
    expected = {"mysql", "kafka", "connect"}
    assert {name for name, state in states.items() if state == "running"} >= expected
    assert all(part["memory_bytes"] > 50e6 for part in parts if part["part"] in expected)


def test_a_second_up_does_nothing(stack: LiveStack) -> None:
    """The same processes run after it."""
    records = [stack.site.record(part) for part in ("mysql", "kafka", "connect")]
    before = [find_process(record) for record in records]
    assert stack.run("stack", "up").stderr.count("runs already") == 3
    assert [find_process(record) for record in records] == before


def test_everything_listens_on_loopback_only(stack: LiveStack) -> None:
    """No part's socket is open to other machines."""
    for part in ("mysql", "kafka", "connect"):
        process = find_process(stack.site.record(part))
        assert process is not None
        listening = [
            connection.laddr.ip
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert {ip.removeprefix("::ffff:") for ip in listening} == {"127.0.0.1"}, part


def test_no_secret_is_in_a_process_list_or_log(captured: LiveStack) -> None:
    """Passwords are in the secrets folder and nowhere else in the state folder."""
    secrets = list(read_passwords(captured.site).values())
    shown = [" ".join(process.cmdline()) for process in psutil.process_iter() if process.pid > 2]
    files = [
        file
        for folder in ("logs", "etc", "run")
        for file in (captured.site.root / folder).iterdir()
    ]
    shown += [file.read_text(errors="replace") for file in files]
    assert not [secret for secret in secrets for text in shown if secret in text]


def test_root_needs_its_password(stack: LiveStack) -> None:
    """Nobody gets in without one."""
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(host="127.0.0.1", port=stack.settings.port("mysql"), user="root")


@pytest.mark.parametrize(
    ("user", "statement", "allowed"),
    [
        ("debezium", "SELECT COUNT(*) FROM pizzashop.users", True),
        ("debezium", "DELETE FROM pizzashop.users", False),
        ("debezium", "DELETE FROM headworks.signals", False),
        ("verify", "SELECT COUNT(*) FROM pizzashop.users", True),
        ("verify", "SELECT @@global.gtid_executed", True),
        ("verify", "INSERT INTO pizzashop.users (id) VALUES (0)", False),
        ("verify", "SELECT * FROM mysql.user", False),
    ],
)
def test_users_have_least_privilege(
    stack: LiveStack,
    user: str,
    statement: str,
    allowed: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    """The connector's and the verifying user read what they must and change nothing."""
    with stack.mysql(user) as connection, connection.cursor() as cursor:
        if allowed:
            cursor.execute(statement)
        else:
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(statement)


def test_seeding_again_changes_nothing(seeded: LiveStack) -> None:
    """A filled table is left alone, and says so."""
    assert seeded.run("stack", "seed").stderr.count("left alone") == 2
    with seeded.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), COUNT(DISTINCT email) FROM pizzashop.users")
        assert cursor.fetchone()[0] >= USERS


def test_rows_reach_the_raw_topics(captured: LiveStack) -> None:
    """Each table's rows are in its topic of one partition; the signal table has none."""
    assert captured.count_records(USERS_TOPIC) >= USERS
    assert captured.count_records("mysql.pizzashop.products") >= PRODUCTS
    assert f'topic "{USERS_TOPIC}" with 1 partitions' in captured.kcat("-L", "-t", USERS_TOPIC)
    assert "mysql.headworks.signals" not in captured.kcat("-L")


def test_nulls_and_scripts_arrive_as_they_are(captured: LiveStack) -> None:
    """A NULL is null, an emoji an emoji."""
    text = captured.kcat("-C", "-t", USERS_TOPIC, "-o", "beginning", "-e", "-q", "-f", "%s\n")
    envelopes = [line for line in text.splitlines() if line.startswith("{")]
    rows = [json.loads(line)["payload"]["after"] for line in envelopes]
    residences = [row["residence"] for row in rows if row]
    assert None in residences
    assert any("🏠" in (residence or "") for residence in residences)


def test_a_change_is_captured_while_it_streams(captured: LiveStack) -> None:
    """An update appears as one more record."""
    before = captured.count_records("mysql.pizzashop.products")
    with captured.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE pizzashop.products SET updated_at = NOW() WHERE id = 1")
    wait_until(lambda: captured.count_records("mysql.pizzashop.products") > before, 30)


def test_applying_again_is_unchanged(captured: LiveStack) -> None:
    """Desired and actual configuration agree; status says it runs."""
    assert "pizzashop: unchanged" in captured.run("connectors", "apply", "pizzashop").stderr
    assert "pizzashop: RUNNING, tasks: RUNNING" in captured.run("connectors", "status").stdout


def test_a_wrong_password_is_one_line(stack: LiveStack, tmp_path: Path) -> None:
    """A connector that MySQL refuses is told in a line, without the password."""
    document = json.loads((REPOSITORY / "connectors/pizzashop.json").read_text())
    reference = "${file:{{SECRETS_DIR}}/mysql.properties:verify.password}"
    config = document["config"] | {"database.password": reference, "topic.prefix": "wrong"}
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps({"name": "wrong", "config": config}))
    result = stack.run("connectors", "apply", str(file), check=False)
    errors = [line for line in result.stderr.splitlines() if not line.startswith("hint: ")]
    assert result.returncode == 4
    assert len(errors) == 1
    assert "Access denied for user 'debezium'" in errors[0]
    assert read_passwords(stack.site)["verify.password"] not in result.stderr


def test_a_crash_is_seen_healed_and_ended(tmp_path: Path) -> None:
    """SIGKILL shows as dead (exit 4), `up` starts it anew with its data, `down` leaves nothing."""
    live = make_stack(tmp_path / "s")
    try:
        live.run("stack", "up", "mysql")
        live.run("stack", "seed", "--rows", "5")
        record = live.site.record("mysql")
        crashed = find_process(record)
        assert crashed is not None
        os.kill(crashed.pid, signal.SIGKILL)
        wait_until(lambda: find_process(record) is None, 10)
        assert live.run("stack", "status", check=False).returncode == 4
        live.run("stack", "up", "mysql")
        with live.mysql() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM pizzashop.users")
            assert cursor.fetchone() == (5,)
        running = find_process(record)
    finally:
        live.run("stack", "down")
    assert running is not None
    assert not running.is_running() or running.status() == psutil.STATUS_ZOMBIE
    assert live.run("stack", "status").stdout.count("stopped") == 5
    live.run("stack", "clean")
    assert not live.site.root.exists()


def test_logs_show_the_end(stack: LiveStack) -> None:
    """The last lines, as many as asked for; an unknown part is a usage error."""
    assert len(stack.run("stack", "logs", "kafka", "-n", "3").stdout.splitlines()) == 3
    assert stack.run("stack", "logs", "redis", check=False).returncode == 2
