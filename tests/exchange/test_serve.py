import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.client import RegistryClient
from registry.model import Subject
from tests.registry.cases import X_INT
from tests.schemas.running import TIMEOUT_S, run_cdc


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `cdc registry serve` on a free port; gives the process and the address that it says."""
    words = ("registry", "serve", "--port", "0", "--database", f"sqlite:///{tmp_path}/registry.db")
    server = subprocess.Popen(
        [sys.executable, "-m", "cdc", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    with server:
        try:
            yield server, server.stderr.readline().split()[-1]
        finally:
            server.kill()


def test_it_serves_until_it_is_stopped(served):
    """One process in the foreground: it says where, answers, and SIGTERM ends it with 0."""
    server, url = served
    assert RegistryClient(url).register(Subject("s-value"), X_INT) == 1
    server.send_signal(signal.SIGTERM)
    out, _err = server.communicate(timeout=TIMEOUT_S)
    assert (server.returncode, out) == (0, "")


def test_a_taken_port_and_a_public_address_are_usage():
    """Exit 2 with one line of why, before the database is touched."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ("registry", "serve", "--database", "sqlite:///never.db")
        done = run_cdc(*words, "--port", taken.getsockname()[1])
        public = run_cdc(*words, "--host", "0.0.0.0")  # noqa: S104 - it is refused
    assert (done.returncode, "cannot listen on 127.0.0.1" in done.stderr) == (2, True)
    assert (public.returncode, "0.0.0.0 is not a loopback" in public.stderr) == (2, True)
    assert not Path("never.db").exists()
