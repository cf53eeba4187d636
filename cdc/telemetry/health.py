"""A small HTTP server beside the relay: /health, /ready and /metrics, on loopback only.

/health   200 while the loop turns, 503 when it has not for `STILL_S`
/ready    200 once the relay is a member of its group, else 503
/metrics  Prometheus's text format
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from cdc.errors import ConfigError
from cdc.telemetry.logs import get_log
from cdc.telemetry.metrics import CONTENT_TYPE, Metrics

STILL_S = 60.0
"""Longer than any one step of the loop: a commit 10 s, an offset query 20 s."""
_JSON = "application/json"
_LOG = get_log("cdc.telemetry")


class Health:
    """What the loop tells of itself, read by other threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._beat = now()
        self.ready = False

    def beat(self) -> None:
        """The loop has come round."""
        self._beat = self._now()

    @property
    def still_s(self) -> float:
        """Seconds since the last beat."""
        return self._now() - self._beat

    @property
    def alive(self) -> bool:
        """Whether the loop turns."""
        return self.still_s < STILL_S


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    content_type: str
    body: bytes


class HealthServer:
    """Serves while used as a context manager.

    Raises:
        ConfigError: the port is taken.
    """

    def __init__(
        self, port: int, health: Health, metrics: Metrics, host: str = "127.0.0.1"
    ) -> None:
        self._health = health
        self._metrics = metrics
        try:
            self._server = ThreadingHTTPServer((host, port), self._handler())
        except OSError as error:
            raise ConfigError(
                f"relay.port {port}: cannot listen on {host} ({error.strerror})",
                hint="another process has the port: give relay.port another one, or 0",
            ) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        _LOG.info("health_serves", port=self.port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, path: str) -> _Answer:
        if path == "/metrics":
            return _Answer(HTTPStatus.OK, CONTENT_TYPE, self._metrics.render())
        checks = {"/health": self._health.alive, "/ready": self._health.ready}
        if path not in checks:
            return _Answer(HTTPStatus.NOT_FOUND, _JSON, b'{"error":"not_found"}')
        status = HTTPStatus.OK if checks[path] else HTTPStatus.SERVICE_UNAVAILABLE
        body = {"ok": checks[path], "still_s": round(self._health.still_s, 3)}
        return _Answer(status, _JSON, json.dumps(body).encode())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer_to = self._answer

        class Handler(BaseHTTPRequestHandler):
            """One GET."""

            def do_GET(self) -> None:
                """Answer."""
                answer = answer_to(self.path.partition("?")[0])
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Requests of a prober are no events."""

        return Handler
