from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cdc.connect.client import ConnectClient, NoAnswer
from cdc.errors import ConfigError, Unreachable
from tests.connect.fakes import FakeConnect, client_of

Answers = list[tuple[int, bytes]]
Serve = Callable[..., ConnectClient]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A client of a local HTTP server that gives these answers in turn, the last one for ever."""
    servers = []

    def start(*answers: tuple[int, object], retries: int = 5) -> ConnectClient:
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                code, body = left.pop(0) if len(left) > 1 else left[0]
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_PUT = do_GET  # noqa: N815 (the library's name)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return ConnectClient(f"http://127.0.0.1:{server.server_port}", retries=retries)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


REBALANCE = (409, {"message": "Cannot complete request because of a conflicting operation"})


def test_a_rebalance_is_waited_for(serve: Serve) -> None:
    """409, 503 and the 500 that says so are asked again; the answer after them counts."""
    expected = (500, {"message": "Request cannot be completed because a rebalance is expected"})
    client = serve(REBALANCE, (503, {}), expected, (200, ["b", "a"]))
    assert client.list_connectors() == ["a", "b"]


def test_a_rebalance_without_end_is_unreachable(serve: Serve) -> None:
    """After the last try the reason is Connect's own; nothing was wrong with the request."""
    with pytest.raises(NoAnswer, match="409 Cannot complete request"):
        serve(REBALANCE, retries=1).put_config("shop", {})


def test_an_error_of_connect_is_unreachable(serve: Serve) -> None:
    """500 is exit 4 with a next step, not a mistake of the file."""
    with pytest.raises(Unreachable, match=r"fails at PUT .*: 500 boom") as caught:
        serve((500, {"message": "boom\n at x"})).put_config("shop", {})
    assert "log" in caught.value.hint


def test_a_refusal_is_a_configuration_error(serve: Serve) -> None:
    """400 is exit 2, in one line."""
    with pytest.raises(ConfigError, match="400 Invalid value"):
        serve((400, {"message": "Invalid\n value"})).put_config("shop", {})


def test_a_worker_that_starts_is_no_missing_connector(serve: Serve) -> None:
    """Its server answers 404 before Connect does; only Connect's own 404 means absence."""
    assert serve((404, {"error_code": 404, "message": "no"})).get_config("shop") is None
    with pytest.raises(NoAnswer, match="is starting"):
        serve((404, b"<html>")).get_config("shop")


def test_silence_is_unreachable() -> None:
    """Nothing listens: one line, with the reason and the next step."""
    with pytest.raises(
        NoAnswer, match=r"does not answer at http://127\.0\.0\.1:1 \(connection refused\)"
    ) as caught:
        ConnectClient("http://127.0.0.1:1", retries=0).list_connectors()
    assert caught.value.hint == "cdc stack up connect"


def test_absence_is_an_answer() -> None:
    """Unknown connectors are None, and deleting one says that there was none."""
    client = client_of(FakeConnect())
    assert (client.get_config("shop"), client.get_status("shop")) == (None, None)
    assert client.delete("shop") is False
