"""The Kafka part: one KRaft node that is broker and controller."""

import base64
import shutil
import subprocess
import uuid
from pathlib import Path

from cdc.errors import StackError
from cdc.stack.java import java_command, write_properties
from cdc.stack.ports import answers, controller_port
from cdc.stack.processes import log_size, tail_lines
from cdc.stack.site import Site

HEAP = "512m"
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
FORMAT_TIMEOUT_S = 60
STARTED = b"Kafka Server started"


def prepare(site: Site) -> list[str]:
    """The broker's command, on formatted storage.

    Raises:
        StackError: the storage cannot be formatted.
    """
    file = write_properties(site.etc / "kafka.properties", server_properties(site))
    if not (_data(site) / "meta.properties").exists():
        _format(site, file)
    return java_command(site, HEAP, "kafka.Kafka", file)


def _data(site: Site) -> Path:
    return site.data / "kafka"


def server_properties(site: Site) -> dict[str, str | int | Path]:
    """The broker's configuration."""
    port, controller = site.settings.port("kafka"), controller_port(site)
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": _data(site),
        # A topic is made by who owns it, with its own settings, never by a mistyped name.
        "auto.create.topics.enable": "false",
        "message.max.bytes": MAX_MESSAGE_BYTES,
        "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
        "socket.request.max.bytes": 100 * 1024 * 1024,
        # One node: nothing to replicate to, and few partitions to open at each start.
        "default.replication.factor": 1,
        "min.insync.replicas": 1,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        # After a crash the node waits until its former self counts as gone: 9 s by default.
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
        "log.cleaner.dedupe.buffer.size": 32 * 1024 * 1024,
    }


def _format(site: Site, file: Path) -> None:
    shutil.rmtree(_data(site), ignore_errors=True)
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", file)
    log = site.log("kafka")
    log.parent.mkdir(parents=True, exist_ok=True)
    start = log_size(log)
    try:
        with log.open("ab") as output:
            subprocess.run(
                java_command(site, HEAP, *tool),
                stdout=output,
                stderr=output,
                timeout=FORMAT_TIMEOUT_S,
                check=True,
            )
    except (subprocess.SubprocessError, OSError) as error:
        last = " | ".join(tail_lines(log, 3, start=start))
        raise StackError(f"kafka: the storage cannot be formatted: {last or error}") from error


def is_ready(site: Site, start: int) -> bool:
    """Whether this start's log (from byte `start`) says so and the port answers."""
    with site.log("kafka").open("rb") as log:
        log.seek(start)
        said = STARTED in log.read()
    return said and answers("127.0.0.1", site.settings.port("kafka"))
