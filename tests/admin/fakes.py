"""An admin application without a network: everything answers, unless told otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from cdc.admin.app import create_app
from cdc.config import RelaySettings
from cdc.control.status import RelayStatus
from cdc.errors import Unreachable
from cdc.kafka.layout import CONTROL_SPECS
from cdc.kafka.memory import MemoryAppender, MemoryBroker, MemoryReader, MemoryTopics
from cdc.kafka.port import TopicSpec
from cdc.operations import LetterRow, Orders, Selection

SECRET = "s3cret-Pa55word"
VALUE = "asha.rao@example.in"

TRACE = f"""org.apache.kafka.connect.errors.ConnectException: cannot store {VALUE}
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
Caused by: io.debezium.DebeziumException: row {VALUE}
\t... 5 more
Caused by: java.sql.SQLException: password={SECRET}
\t... 7 more
"""

STATUSES: dict[str, dict[str, Any]] = {
    "pizzashop": {
        "name": "pizzashop",
        "connector": {"state": "RUNNING", "worker_id": "127.0.0.1:18083"},
        "tasks": [{"id": 0, "state": "FAILED", "worker_id": "127.0.0.1:18083", "trace": TRACE}],
        "config": {"database.password": SECRET},
    },
    "idle": {"name": "idle", "connector": {"state": "PAUSED"}, "tasks": []},
}


def say(text: str) -> Callable[[], str]:
    """A check that is answered."""
    return lambda: text


def unreachable() -> Any:
    """What a client does when nothing answers."""
    raise Unreachable("Kafka does not answer at 127.0.0.1:19092", hint="cdc stack up kafka")


class FakeConnect:
    """Kafka Connect with the statuses above."""

    def list_connectors(self) -> list[str]:
        return list(STATUSES)

    def get_status(self, name: str) -> dict[str, Any] | None:
        return STATUSES[name]


class DeadConnect:
    """Kafka Connect that does not answer."""

    def list_connectors(self) -> list[str]:
        raise Unreachable("Kafka Connect does not answer", hint="cdc stack up connect")

    def get_status(self, name: str) -> dict[str, Any] | None:
        raise NotImplementedError(name)


async def echo(request: Request) -> JSONResponse:
    """What the registry was asked, as it came over the wire."""
    raw: bytes = request.scope["raw_path"]
    return JSONResponse({"raw_path": raw.decode(), "method": request.method})


METHODS = ["GET", "POST", "PUT", "DELETE"]


def fake_registry() -> Starlette:
    """Says what it was asked, and 404 in Confluent's form for `/unknown`."""

    async def unknown(_: Request) -> JSONResponse:
        return JSONResponse({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)

    return Starlette(
        routes=[
            Route("/unknown", unknown, methods=METHODS),
            Route("/{path:path}", echo, methods=METHODS),
        ]
    )


def make_orders(broker: MemoryBroker) -> Orders:
    """Commands on a broker in memory that has a raw topic."""
    topics = MemoryTopics(broker)
    topics.create([TopicSpec("mysql.pizzashop.users", 1), *CONTROL_SPECS])
    return Orders(topics, MemoryReader(broker), MemoryAppender(broker), RelaySettings(), lambda: 7)


@dataclass
class FakeParts:
    """Satisfies `AdminParts`."""

    registry: ASGIApp = field(default_factory=fake_registry)
    connect: FakeConnect | DeadConnect = field(default_factory=FakeConnect)
    topics: Callable[[], Sequence[object]] = lambda: [{"name": "governed.pizzashop.users.v1"}]
    relay: Callable[[], Mapping[str, RelayStatus]] = dict
    anonymity: Callable[[], Sequence[object]] = lambda: [{"topic": "governed.pizzashop.users.v1"}]
    letters: Callable[[Selection], Sequence[LetterRow]] = lambda _: []
    orders: Orders = field(default_factory=lambda: make_orders(MemoryBroker()))
    checks: Mapping[str, Callable[[], str]] = field(
        default_factory=lambda: {
            "registry": say("3 subjects"),
            "kafka": say("1 broker"),
            "connect": say("2 connectors"),
        }
    )
    metrics: Callable[[], bytes] = lambda: b"up 1\n"
    version: str = "1.2.3"
    close: Callable[[], None] = lambda: None


def client_of(parts: FakeParts) -> TestClient:
    """A client that speaks to the application as a program on this machine does."""
    app = create_app(parts)
    return TestClient(app, base_url="http://127.0.0.1:18081", raise_server_exceptions=False)
