"""The registry, a key file or the policies go away: one line, nothing lost, and on by itself."""

import json
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import pytest
from confluent_kafka import Producer

from cdc.kafka.port import TopicSpec
from cdc.stack.processes import find_process
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import USERS
from tests.waiting import wait_until

pytestmark = pytest.mark.stack
PRODUCTS_RAW = "mysql.pizzashop.products"
ROWS = 3


@dataclass(frozen=True)
class Newcomer:
    """A table like `products` that has a policy, and of which no event has come yet."""

    governed: Governed
    name: str

    @property
    def raw(self) -> str:
        """Its raw topic."""
        return f"mysql.pizzashop.{self.name}"

    def arrive(self) -> None:
        """Its first events: a shape that the relay has to ask the registry about."""
        producer = Producer({"bootstrap.servers": self.governed.settings.bootstrap})
        for record in self.governed.records(PRODUCTS_RAW)[:ROWS]:
            value = (record.value or b"").replace(b"products", self.name.encode())
            key = (record.key or b"").replace(b"products", self.name.encode())
            producer.produce(self.raw, value, key, 0)
        assert producer.flush(10) == 0

    def standing(self) -> dict[str, str]:
        """What `cdc relay status` says of it."""
        done = self.governed.run("relay", "status", "--output", "json", check=False)
        tables = [it for one in json.loads(done.stdout)["relays"] for it in one["tables"]]
        return next((it for it in tables if it["raw_topic"] == self.raw), {})

    def is_governed(self) -> bool:
        """Whether all its rows have arrived."""
        topic = f"governed.pizzashop.{self.name}.v1"
        return len(self.governed.records(topic)) == ROWS


@pytest.fixture
def newcomer(governed: Governed) -> Iterator[Newcomer]:
    """Gone again after the test."""
    made = Newcomer(governed, f"late{uuid.uuid4().hex[:6]}")
    folder = governed.settings.policies.dir
    text = (folder / "pizzashop.products.yaml").read_text()
    policy = folder / f"pizzashop.{made.name}.yaml"
    policy.write_text(text.replace("pizzashop.products", f"pizzashop.{made.name}"))
    topics = governed.kafka.topics()
    topics.create([TopicSpec(made.raw, 1)])
    yield made
    topics.delete([made.raw])
    policy.unlink()


@pytest.fixture
def registry(governed: Governed) -> Iterator[psutil.Process]:
    """The process of `cdc serve`; it runs again after the test."""
    process = find_process(governed.live.site.record("serve"))
    assert process is not None
    yield process
    if process.is_running():
        process.resume()
    governed.run("stack", "up", "serve")


def change_another_table(governed: Governed) -> None:
    """A row of `users` changes, and the change arrives."""
    before = len(governed.records(USERS))
    governed.execute("UPDATE users SET residence = UUID() WHERE id = 1")
    wait_until(lambda: len(governed.records(USERS)) > before, 30, "a change of another table")


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["silent", "gone"])
def test_a_new_shape_waits_for_the_registry_and_the_others_go_on(
    governed, newcomer, registry, number
):
    """Silent (it takes connections and never answers) or gone: its table waits, and says so."""
    change_another_table(governed)  # of a shape that the registry has been asked about
    registry.send_signal(number)
    newcomer.arrive()
    wait_until(lambda: newcomer.standing().get("code") == "unavailable", 60, "the table waits")
    said = newcomer.standing()
    assert (said["state"], "registry" in said["message"]) == ("waiting", True)
    assert "cdc serve" in said["hint"]
    change_another_table(governed)

    if number == signal.SIGSTOP:
        registry.resume()
    else:
        governed.run("stack", "up", "serve")
    wait_until(newcomer.is_governed, 60, "the table goes on")
    wait_until(lambda: newcomer.standing()["state"] == "running", 10, "its state is running")


def test_a_key_file_that_cannot_be_read_is_exit_2_and_one_line(governed, tmp_path):
    """The relay does not start without its keys; the file and the next step are named."""
    env = {"CDC_POLICIES__KEYS": str(tmp_path)}
    done = governed.run("relay", "run", "--instance", "7", check=False, **env)
    assert done.returncode == 2
    error, hint = (it for it in done.stderr.splitlines() if not it.startswith("{"))
    assert error.startswith(f"error: {tmp_path}: secrets cannot be read")
    assert hint.startswith("hint: ")
