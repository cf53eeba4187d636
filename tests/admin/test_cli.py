import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

CDC = [sys.executable, "-m", "cdc"]
# Nothing listens on port 1.
NOWHERE = {"CDC_KAFKA__BOOTSTRAP": "127.0.0.1:1", "CDC_CONNECT__URL": "http://127.0.0.1:1"}


def environment_of(folder: Path) -> dict[str, str]:
    """The caller's environment, with a stack folder of its own and nothing else to talk to."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CDC_")}
    return {**kept, **NOWHERE, "CDC_STACK__DIR": str(folder)}


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["--host", "0.0.0.0"], {}), ([], {"CDC_SERVE__HOST": "0.0.0.0"})],  # noqa: S104
)
def test_a_public_address_is_refused(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    """By option or by setting: exit 2, one line of error, one of hint, nothing on stdout."""
    asked = subprocess.run(
        [*CDC, "serve", *arguments],
        env={**environment_of(tmp_path), **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (asked.returncode, asked.stdout) == (2, "")
    error, hint = asked.stderr.splitlines()
    assert error.startswith("error: serve.host (CDC_SERVE__HOST): 0.0.0.0 is not a loopback")
    assert hint.startswith("hint: ")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`cdc serve` on a free port, and the address that it says."""
    server = subprocess.Popen(
        [*CDC, "serve", "--port", "0"],
        env=environment_of(tmp_path / "state"),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    with server:
        try:
            said = server.stderr.readline()
            match = re.fullmatch(r"cdc serve: listening on (http://127\.0\.0\.1:\d+)\n", said)
            assert match, said + server.stderr.read()
            yield server, match[1]
        finally:
            server.kill()


def ask(request: str | urllib.request.Request) -> object:
    """The answer's JSON."""
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        body: object = json.loads(answer.read())
        return body


def test_it_serves_the_registry_with_nothing_else_there(
    served: tuple[subprocess.Popen[str], str],
) -> None:
    """Without Kafka and Connect: degraded, not unready; a subject with a slash; a clean stop."""
    server, address = served
    body = json.dumps({"schema": '"string"'}).encode()
    kind = {"content-type": "application/vnd.schemaregistry.v1+json"}

    readiness = ask(f"{address}/ready")
    ask(urllib.request.Request(f"{address}/subjects/a%2Fb/versions", body, kind))  # noqa: S310
    subjects = ask(f"{address}/subjects")
    server.send_signal(signal.SIGTERM)
    output, errors = server.communicate(timeout=20)

    assert isinstance(readiness, dict)
    assert readiness["status"] == "degraded"
    assert {name: check["status"] for name, check in readiness["checks"].items()} == {
        "registry": "up",
        "kafka": "down",
        "connect": "down",
    }
    assert subjects == ["a/b"]
    assert (server.returncode, output, errors) == (0, "", "")
