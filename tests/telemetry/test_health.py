from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from cdc.errors import ConfigError
from cdc.telemetry.health import STILL_S, Health, HealthServer
from cdc.telemetry.metrics import CONTENT_TYPE, TABLES, Metrics


class Time:
    """A clock that is moved by hand."""

    now = 0.0


@pytest.fixture
def time() -> Time:
    """At zero."""
    return Time()


@pytest.fixture
def server(time: Time) -> Iterator[HealthServer]:
    """Listening on a free port."""
    with HealthServer(0, Health(lambda: time.now), Metrics()) as server:
        yield server


def get(server: HealthServer, path: str) -> requests.Response:
    """One request."""
    return requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=5)


def test_health_follows_the_beat(server: HealthServer, time: Time) -> None:
    """200 while the loop turns, 503 once it has stood still, 200 when it turns again."""
    assert get(server, "/health").status_code == 200
    time.now = STILL_S + 1
    answer = get(server, "/health")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "still_s": STILL_S + 1})
    server._health.beat()
    assert get(server, "/health").status_code == 200


def test_ready_follows_the_relay(server: HealthServer) -> None:
    """503 before the relay is in its group."""
    assert get(server, "/ready").status_code == 503
    server._health.ready = True
    assert get(server, "/ready").status_code == 200


def test_metrics_are_served(server: HealthServer) -> None:
    """With the type that Prometheus asks for."""
    server._metrics.set(TABLES, 2)
    answer = get(server, "/metrics?x=1")
    assert answer.headers["Content-Type"] == CONTENT_TYPE
    assert "cdc_relay_tables 2.0" in answer.text


def test_all_else_is_not_found(server: HealthServer) -> None:
    """No other door."""
    assert get(server, "/").status_code == 404


def test_a_taken_port_is_refused_with_its_setting(server: HealthServer) -> None:
    """The message names the setting; no traceback of the socket."""
    with pytest.raises(ConfigError, match=r"relay\.port"):
        HealthServer(server.port, Health(), Metrics())
