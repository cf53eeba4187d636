from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette

from cdc.errors import ConfigError, FatalError, HeadworksError, TransientError
from cdc.telemetry.metrics import CONTENT_TYPE
from tests.admin.fakes import (
    SECRET,
    VALUE,
    DeadConnect,
    FakeParts,
    client_of,
    unreachable,
)

OURS = [
    "/health",
    "/ready",
    "/metrics",
    "/api/v1/connectors",
    "/api/v1/topics",
    "/api/v1/relay",
    "/api/v1/policies/k",
    "/api/v1/letters",
    "/api/v1/commands",
    "/api/v1/version",
]


def test_health_asks_nothing() -> None:
    """`/health` is 200 while the process lives, whatever else is down."""
    parts = FakeParts(
        checks={"registry": unreachable}, topics=unreachable, relay=unreachable, metrics=unreachable
    )

    answer = client_of(parts).get("/health")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_metrics_are_passed_on_with_their_content_type() -> None:
    """`/metrics` is the telemetry's text, unchanged."""
    answer = client_of(FakeParts()).get("/metrics")

    assert (answer.status_code, answer.text) == (200, "up 1\n")
    assert answer.headers["content-type"] == CONTENT_TYPE


def test_version() -> None:
    """`/api/v1/version` names the program and its version."""
    answer = client_of(FakeParts()).get("/api/v1/version")

    assert answer.json() == {"name": "headworks", "version": "1.2.3"}


def test_lists_are_objects_with_one_list() -> None:
    """A list answer is an object, so that fields can be added beside the list."""
    client = client_of(FakeParts())

    topics = client.get("/api/v1/topics").json()
    relays = client.get("/api/v1/relay").json()

    assert topics == {"topics": [{"name": "governed.pizzashop.users.v1"}]}
    assert relays == {"relays": []}
    counted = client.get("/api/v1/policies/k").json()
    assert counted == {"topics": [{"topic": "governed.pizzashop.users.v1"}]}


def test_connectors_show_states_and_the_first_causes_class() -> None:
    """Sorted by name; a failed task shows the class of its trace's last cause."""
    answer = client_of(FakeParts()).get("/api/v1/connectors")

    assert answer.json() == {
        "connectors": [
            {"name": "idle", "state": "PAUSED", "cause": "", "tasks": []},
            {
                "name": "pizzashop",
                "state": "RUNNING",
                "cause": "",
                "tasks": [{"id": 0, "state": "FAILED", "cause": "java.sql.SQLException"}],
            },
        ]
    }


def test_no_secret_and_no_value_in_any_answer() -> None:
    """Neither a connector's configuration nor what its trace quotes is in any answer."""

    def break_with_value() -> Any:
        raise ValueError(f"cannot parse {VALUE} {SECRET}")

    parts = FakeParts(
        topics=break_with_value, metrics=break_with_value, checks={"kafka": break_with_value}
    )

    answers = [client_of(parts).get(path).text for path in OURS]

    assert not [text for text in answers if SECRET in text or VALUE in text]


@pytest.mark.parametrize("path", ["/api/v1/connectors", "/api/v1/topics", "/api/v1/relay"])
def test_unreachable_dependency_is_a_503_problem_with_a_next_step(path: str) -> None:
    """What cannot be asked is said as RFC 9457 problem, with what to do."""
    parts = FakeParts(connect=DeadConnect(), topics=unreachable, relay=unreachable)

    answer = client_of(parts).get(path)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["type"], body["title"], body["status"], body["instance"]) == (
        "urn:headworks:problem:unreachable",
        "Service Unavailable",
        503,
        path,
    )
    assert "does not answer" in body["detail"]
    assert body["next_step"].startswith("cdc stack up")


@pytest.mark.parametrize(
    ("error", "status"),
    [(TransientError("later"), 503), (ConfigError("wrong"), 500), (FatalError("fenced"), 500)],
)
def test_each_error_class_has_a_status(error: HeadworksError, status: int) -> None:
    """Our errors answer with the status of their class and say their message."""

    def fail() -> Any:
        raise error

    answer = client_of(FakeParts(topics=fail)).get("/api/v1/topics")

    assert (answer.status_code, answer.json()["detail"]) == (status, error.message)


def test_a_bug_is_a_500_problem_that_names_its_class() -> None:
    """An unforeseen error is said by class; its text stays in the log."""

    def fail() -> Any:
        raise KeyError(VALUE)

    answer = client_of(FakeParts(topics=fail)).get("/api/v1/topics")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "unexpected KeyError; the service's log has the place"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v2/topics", "/api/v1/topics/"])
def test_an_unknown_path_under_api_is_a_404_problem(path: str) -> None:
    """What is under `/api` is never asked of the registry."""
    answer = client_of(FakeParts()).get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == path


@pytest.mark.parametrize("path", OURS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_our_paths_are_read_only(method: str, path: str) -> None:
    """A method that would write is a 405 problem that names the allowed ones."""
    answer = client_of(FakeParts()).request(method, path)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", OURS)
def test_head_is_get_without_a_body(path: str) -> None:
    """HEAD answers as GET does, without the body."""
    answer = client_of(FakeParts()).head(path)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path", ["/", "/subjects", "/subjects/a%2Fb/versions", "/schemas/ids/1", "/healthy", "/apis"]
)
def test_all_other_paths_are_the_registrys(path: str) -> None:
    """The registry gets them byte for byte: a slash inside a subject stays `%2F`."""
    answer = client_of(FakeParts()).post(path)

    assert answer.json() == {"raw_path": path, "method": "POST"}


def test_registry_errors_keep_confluents_form() -> None:
    """An error of the registry is not made a problem body."""
    answer = client_of(FakeParts()).get("/unknown")

    assert answer.status_code == 404
    assert answer.json() == {"error_code": 404, "message": "HTTP 404 Not Found"}


def test_registry_starts_and_stops_with_the_service() -> None:
    """The registry's own lifespan runs inside ours; `close` is called after it."""
    events: list[str] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        events.append("start")
        yield
        events.append("stop")

    parts = FakeParts(registry=Starlette(lifespan=lifespan), close=lambda: events.append("close"))

    with client_of(parts):
        assert events == ["start"]

    assert events == ["start", "stop", "close"]
