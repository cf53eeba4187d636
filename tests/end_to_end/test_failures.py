"""What goes wrong is one clear line with the right exit code, and nothing is lost."""

import json
import shutil
import signal
import socket
import threading

import psutil
import pytest
from confluent_kafka import Producer

from cdc.kafka.port import Record
from cdc.stream.shape import schema_id
from registry.avro import make_reader, make_writer, parse_lenient
from registry.client import RegistryClient
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import USERS, USERS_RAW, Governance
from tests.waiting import wait_until

pytestmark = pytest.mark.stack


@pytest.fixture
def closed_port():
    """A loopback port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("args", "setting", "words"),
    [
        (("verify",), "CDC_MYSQL__URL=mysql://127.0.0.1:{port}", "MySQL at 127.0.0.1:{port}"),
        (("verify",), "CDC_KAFKA__BOOTSTRAP=127.0.0.1:{port}", "Kafka at 127.0.0.1:{port}"),
        (("relay", "status"), "CDC_KAFKA__BOOTSTRAP=127.0.0.1:{port}", "Kafka at"),
        (("relay", "run", "--instance", "7"), "CDC_KAFKA__BOOTSTRAP=127.0.0.1:{port}", "Kafka at"),
        (("connectors", "apply"), "CDC_CONNECT__URL=http://127.0.0.1:{port}", "Connect"),
        (("topics", "tail", USERS), "CDC_REGISTRY__URL=http://127.0.0.1:{port}", "registry"),
        (("verify",), "CDC_REGISTRY__URL=http://127.0.0.1:{port}", "registry"),
        (("stack", "up", "kafka"), "CDC_KAFKA__BOOTSTRAP=127.0.0.1:{port}", "kafka"),
    ],
)
def test_unreachable_is_exit_4_and_one_line(governed, closed_port, args, setting, words):
    """Each thing that does not answer is named with its address, and the hint has a next step."""
    name, _, value = setting.format(port=closed_port).partition("=")
    done = governed.run(*args, check=False, **{name: value})
    assert done.returncode == 4, done.stderr
    error = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(error) == 1
    assert words.format(port=closed_port).lower() in error[0].lower()
    assert "Traceback" not in done.stderr


def test_wrong_password_is_exit_4_and_never_shown(governed):
    """A refused login names server and user, not the password."""
    done = governed.run("verify", check=False, CDC_MYSQL__PASSWORD="env:WRONG", WRONG="hunter22")
    assert done.returncode == 4
    assert "refuses user `verify`" in done.stderr
    assert "hunter22" not in done.stdout + done.stderr


@pytest.mark.parametrize("args", [("verify",), ("relay", "run", "--instance", "7")])
def test_malformed_policy_is_exit_2_with_its_line(governed, tmp_path, args):
    """Nothing starts under a policy that has a mistake."""
    policies = tmp_path / "policies"
    shutil.copytree(governed.settings.policies.dir, policies)
    path = policies / "pizzashop.users.yaml"
    path.write_text(path.read_text() + "  extra: {class: public, rule: kep}\n")
    done = governed.run(*args, check=False, CDC_POLICIES__DIR=str(policies))
    line = len(path.read_text().splitlines())
    assert done.returncode == 2
    assert f"{path}:{line}: columns.extra" in done.stderr


def test_unknown_topic_is_exit_2_with_near_names(governed):
    """A slip of the pen in a topic's name is told with what it may have meant."""
    done = governed.run("topics", "tail", "governed.pizzashop.user.v1", check=False)
    assert done.returncode == 2
    assert USERS in done.stderr


def test_poison_in_the_raw_topic_becomes_a_dead_letter(governed):
    """A message that is no envelope is sealed into the dead letters; the stream goes on."""
    governance = Governance(governed)
    governance.read(USERS)
    before = len(governed.records("governed.dlq"))
    producer = Producer({"bootstrap.servers": governed.settings.bootstrap})
    producer.produce(USERS_RAW, key=b"k", value=b"poison: Zeenat Quadros", partition=0)
    assert producer.flush(10) == 0
    governed.execute("INSERT INTO users (id, first_name) VALUES (920001, 'After')")
    wait_until(lambda: governance.read(USERS), 30, "the row behind the poison")
    letters = governed.records("governed.dlq")
    assert len(letters) == before + 1
    letter = json.loads(letters[-1].value or b"")
    assert (letter["reason"], letter["source"]["topic"]) == ("not_an_envelope", USERS_RAW)
    assert b"Zeenat" not in (letters[-1].value or b"")
    governed.execute("DELETE FROM users WHERE id = 920001")


def _relay_process(stack: Governed) -> psutil.Process:
    record = json.loads((stack.settings.stack_dir / "run" / "relay.json").read_text())
    return psutil.Process(record["pid"])


def test_killed_relay_loses_and_doubles_nothing(governed):
    """SIGKILL in the middle of a backlog, again and again: each change is readable exactly once."""
    governance = Governance(governed)
    governance.read(USERS)
    records = []
    for turn in range(3):
        governed.run("stack", "down", "relay")
        first = 930_000 + turn * 2000
        values = ", ".join(f"({first + n}, 'Kill')" for n in range(2000))
        governed.execute(f"INSERT INTO users (id, first_name) VALUES {values}")
        governed.run("stack", "up", "relay", CDC_RELAY__BATCH_EVENTS="100")
        wait_until(lambda: records.extend(new := governance.read(USERS)) or new, 60, "records")
        process = _relay_process(governed)
        process.send_signal(signal.SIGKILL)
        wait_until(lambda p=process: not p.is_running() or p.status() == "zombie", 10, "its end")
    governed.run("stack", "up", "relay")
    wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "users equal MySQL")
    records.extend(governance.read(USERS))
    versions = [(r.key["id"], r.value["__version"]) for r in records if r.value]
    assert len(versions) == len(set(versions)) == 6000
    governed.execute("DELETE FROM users WHERE id >= 930000")
    wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "users equal MySQL")


def test_verify_is_right_while_rows_change(governed):
    """With 200 writes a second going on, equal sides are equal."""
    stop = threading.Event()

    def write() -> None:
        with governed.mysql() as connection, connection.cursor() as cursor:
            number = 0
            while not stop.wait(0.005):
                number += 1
                cursor.execute(
                    "UPDATE users SET residence = %s, updated_at = NOW() WHERE id = %s",
                    [f"{number}, Church Street, Chennai", number % 400 + 1],
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            done = governed.run("verify", "pizzashop.users", check=False)
            assert done.returncode == 0, done.stdout + done.stderr
    finally:
        stop.set()
        writer.join()


def _live_record(governed: Governed) -> Record:
    """A record of the users' topic that is the last of its key and no tombstone."""
    alive = {record.key: record for record in governed.records(USERS)}
    return next(record for record in alive.values() if record.value)


def _plant(governed: Governed, partition: int, key: bytes, value: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": governed.settings.bootstrap})
    producer.produce(USERS, key=key, value=value, partition=partition)
    assert producer.flush(10) == 0


def _changed(governed: Governed, data: bytes, **fields: object) -> bytes:
    """A governed value with other fields, written under its own schema."""
    text = RegistryClient(governed.settings.registry_url).schema_by_id(schema_id(data))
    schema = parse_lenient(text)
    return data[:5] + make_writer(schema)(make_reader(schema)(data, 5) | fields)


@pytest.mark.parametrize(
    ("kind", "columns", "fields"),
    [
        ("missing", [], None),
        ("differing", ["created_at"], {"created_at": 1}),
        ("differing", ["email"], {"email": "v1." + "a" * 32}),
        ("differing", ["lat"], {"lat": b"\x01"}),
    ],
    ids=["missing", "stale", "wrong token", "wrong grid"],
)
def test_planted_defect_of_a_row_is_found(governed, kind, columns, fields):
    """Exit code 1, one finding of its kind with its columns; mended, the sides are equal again."""
    assert governed.is_equal("pizzashop.users")
    victim = _live_record(governed)
    planted = None if fields is None else _changed(governed, victim.value, **fields)
    _plant(governed, victim.partition, victim.key, planted)
    _expect_one(governed, kind, columns)
    _plant(governed, victim.partition, victim.key, victim.value)
    assert governed.is_equal("pizzashop.users")


@pytest.mark.parametrize("ghost", ["never a row", "deleted, its tombstone undone"])
def test_planted_ghost_is_found(governed, ghost):
    """A key that MySQL does not have is `extra`, whether it never was there or was deleted."""
    assert governed.is_equal("pizzashop.users")
    victim = _live_record(governed)
    key = victim.key[:-1] + (b"a" if victim.key[-1:] != b"a" else b"b")
    if ghost != "never a row":
        governed.execute("INSERT INTO users (id, first_name) VALUES (940001, 'Ghost')")
        wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "the row is governed")
        victim = max(governed.records(USERS), key=lambda record: record.timestamp_ms)
        key = victim.key
        governed.execute("DELETE FROM users WHERE id = 940001")
        wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "the row is gone")
    _plant(governed, victim.partition, key, victim.value)
    _expect_one(governed, "extra", [])
    _plant(governed, victim.partition, key, None)
    assert governed.is_equal("pizzashop.users")


def _expect_one(governed: Governed, kind: str, columns: list[str]) -> None:
    done = governed.run("verify", "pizzashop.users", "--output", "json", check=False)
    (report,) = json.loads(done.stdout)["tables"]
    counts = {name: report[name] for name in ("missing", "extra", "differing")}
    assert (done.returncode, counts) == (1, {**dict.fromkeys(counts, 0), kind: 1})
    (finding,) = report["named"][kind]
    assert finding["columns"] == columns
