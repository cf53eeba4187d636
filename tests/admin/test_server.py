import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from cdc.admin.server import address_of, open_socket
from cdc.errors import ConfigError

PROGRAM = """
from cdc.admin.server import address_of, open_socket, run_server
from cdc.admin.app import create_app
from tests.admin.fakes import FakeParts

parts = FakeParts(close=lambda: print("closed", flush=True))
with open_socket("127.0.0.1", 0) as listener:
    print(address_of(listener), flush=True)
    run_server(create_app(parts), listener)
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])  # noqa: S104
def test_only_loopback_is_listened_on(host: str) -> None:
    """Any other address is refused with one line that names the setting."""
    with pytest.raises(ConfigError, match=r"serve\.host \(CDC_SERVE__HOST\)") as caught:
        open_socket(host, 0)

    assert "until credentials exist" in caught.value.message
    assert "\n" not in caught.value.message


def test_a_taken_port_names_its_setting() -> None:
    """The message says setting, variable, address and what to do."""
    with open_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"CDC_SERVE__PORT.*127\.0\.0\.1:{port}.*in use"):
            open_socket("127.0.0.1", port)


def test_a_free_port_is_shown_as_an_address() -> None:
    """Port 0 takes a free one; its address can be opened."""
    with open_socket("localhost", 0) as listener:
        address = address_of(listener)
        socket.create_connection(listener.getsockname()[:2], timeout=5).close()

    assert address == f"http://127.0.0.1:{address.rpartition(':')[2]}"


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_gracefully(asked: signal.Signals) -> None:
    """After SIGTERM or Ctrl-C the parts are closed and the exit code is 0."""
    server = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert server.stdout is not None
    with server:
        try:
            address = server.stdout.readline().strip()
            with urllib.request.urlopen(f"{address}/health", timeout=20) as answer:  # noqa: S310
                status = answer.status
            server.send_signal(asked)
            output, _ = server.communicate(timeout=20)
        finally:
            server.kill()

    assert (status, output, server.returncode) == (200, "closed\n", 0)
