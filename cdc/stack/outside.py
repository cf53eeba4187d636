"""Servers that the settings name in place of ours: not started, only asked whether they answer."""

import socket

from cdc.config import Part, Settings
from cdc.connect.client import ConnectClient
from cdc.errors import ConfigError, Unreachable
from cdc.stack.ports import answers

TIMEOUT_S = 5


def check_outside(settings: Settings, part: Part) -> None:
    """See that the named server of `part` answers.

    Raises:
        ConfigError: its address cannot be read.
        Unreachable: it does not answer; the message names the setting.
    """
    {"mysql": _check_mysql, "kafka": _check_kafka, "connect": _check_connect}[part](settings)


def _check_mysql(settings: Settings) -> None:
    """A MySQL server speaks first: its greeting's payload starts with protocol version 10."""
    host, port = settings.mysql_address
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
            greeting = connection.recv(5)
    except OSError as error:
        raise Unreachable(f"mysql.url: nothing answers at {host}:{port}") from error
    if greeting[4:5] not in {b"\x0a", b"\xff"}:
        raise Unreachable(f"mysql.url: what answers at {host}:{port} is not MySQL")


def _check_kafka(settings: Settings) -> None:
    for server in settings.kafka.bootstrap.split(","):
        host, _, port = server.strip().rpartition(":")
        if not host or not port.isdecimal():
            raise ConfigError("kafka.bootstrap: not of the form HOST:PORT[,HOST:PORT]")
        if answers(host.strip("[]"), int(port)):
            return
    raise Unreachable(f"kafka.bootstrap: nothing answers at {settings.kafka.bootstrap}")


def _check_connect(settings: Settings) -> None:
    ConnectClient(settings.connect_url, retries=1).list_connectors()
