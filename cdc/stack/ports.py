"""Ports of the stack: free ones where the setting is 0, taken ones noticed before a start."""

import json
import secrets
import socket
from collections.abc import Iterable

import psutil

from cdc.config import Part
from cdc.errors import ConfigError, StackError
from cdc.stack.site import Site

# Below the range from which Linux takes ports for outgoing connections (32768 and up): a port from
# there could be in use as somebody's local end when a part is started again.
FREE_PORTS = range(20_000, 32_768)
SETTABLE: tuple[Part, ...] = ("mysql", "kafka", "connect", "serve", "relay")
KAFKA_CONTROLLER = "kafka_controller"


def choose_ports(site: Site, running: Iterable[str]) -> None:
    """Choose a free port for each setting of 0 and for Kafka's controller, and keep the choice.

    A port kept from before stays, unless its part does not run and somebody else has the port.
    """
    kept = _read(site)
    wanted = [part for part in SETTABLE if getattr(site.settings, part).port == 0]
    chosen = dict(kept)
    for name in [*wanted, KAFKA_CONTROLLER]:
        owner_runs = name.partition("_")[0] in running
        if name not in kept or not (owner_runs or is_free(kept[name])):
            chosen[name] = _free_port(set(chosen.values()))
    if chosen != kept:
        site.settings.ports_file.parent.mkdir(parents=True, exist_ok=True)
        site.settings.ports_file.write_text(json.dumps(chosen, indent=2) + "\n")


def controller_port(site: Site) -> int:
    """The port on which Kafka's controller listens."""
    return _read(site)[KAFKA_CONTROLLER]


def _read(site: Site) -> dict[str, int]:
    try:
        ports: dict[str, int] = json.loads(site.settings.ports_file.read_text())
    except FileNotFoundError:
        return {}
    return ports


def _free_port(avoid: set[int]) -> int:
    for _ in FREE_PORTS:
        port = FREE_PORTS[secrets.randbelow(len(FREE_PORTS))]
        if port not in avoid and is_free(port):
            return port
    raise StackError(f"no free port found from {FREE_PORTS[0]} to {FREE_PORTS[-1]}")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(host: str, port: int) -> bool:
    """Whether something accepts TCP connections there (half a second of patience)."""
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def refuse_taken_ports(site: Site, parts: Iterable[Part]) -> None:
    """Notice that the ports of `parts`, about to be started, are taken by somebody else.

    Raises:
        ConfigError: some are; the message names each setting, its variable and who holds the port.
    """
    taken = [part for part in parts if not is_free(site.settings.port(part))]
    if not taken:
        return
    raise ConfigError(
        "; ".join(_describe(part, site.settings.port(part)) for part in taken),
        hint=f"another port, or 0 for a free one: CDC_{taken[0].upper()}__PORT=0 cdc stack up",
    )


def _describe(part: Part, port: int) -> str:
    return (
        f"{part}.port (CDC_{part.upper()}__PORT): port {port} of 127.0.0.1 is taken by "
        f"{find_holder(port) or 'another process'}"
    )


def find_holder(port: int) -> str:
    """Name and pid of the process that listens on `port`; empty when we may not know."""
    try:
        pids = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
        ]
        return next((f"{psutil.Process(pid).name()} (pid {pid})" for pid in pids if pid), "")
    except psutil.Error:
        return ""
