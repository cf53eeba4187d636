import json
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from cdc.connect.apply import apply_connectors, first_cause, read_state
from cdc.connect.client import ConnectClient
from cdc.errors import ConfigError, Unreachable

TRACE = """\
org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer
\tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:74)
Caused by: io.debezium.DebeziumException: io.debezium.text.ParsingException: wrapped
\t... 7 more
Caused by: java.sql.SQLException: Access denied for user 'debezium'@'localhost'
\tat com.mysql.cj.jdbc.Whatever(Whatever.java:1)
"""


class FakeConnect(HTTPAdapter):
    """A Connect cluster in memory; new tasks get `task_state`."""

    def __init__(self, task_state: str = "RUNNING", trace: str = "") -> None:
        super().__init__()
        self.configs: dict[str, dict[str, str]] = {}
        self.task = {"id": 0, "state": task_state, "trace": trace}
        self.calls: list[str] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Answer as Connect does."""
        path = request.path_url.split("/")
        self.calls.append(f"{request.method} {request.path_url}")
        code, body = self.answer(str(request.method), path[1:], request.body)
        response = requests.Response()
        response.status_code, response.request, response.url = code, request, str(request.url)
        response._content = json.dumps(body).encode() if body is not None else b""
        return response

    def answer(self, method: str, path: list[str], body: Any) -> tuple[int, Any]:
        """Status and JSON."""
        if path[0] == "connector-plugins":
            return 200, {"configs": [{"value": None}, {"value": self.judge(json.loads(body))}]}
        if len(path) == 1:
            return 200, list(self.configs)
        return self.answer_about(path[1], path[-1], method, body)

    def answer_about(self, name: str, leaf: str, method: str, body: Any) -> tuple[int, Any]:
        """The same for one connector."""
        if method == "PUT" and b"refuse" in body:
            return 400, {"message": "Invalid\n  request"}
        if method == "PUT":
            self.configs[name] = {**json.loads(body), "name": name}
        if name not in self.configs:
            return 404, {"message": "no such"}
        if method == "DELETE":
            return 204, self.configs.pop(name) and None
        status = {"connector": {"state": "RUNNING"}, "tasks": [self.task]}
        return 200, status if leaf == "status" else self.configs[name]

    def judge(self, config: dict[str, str]) -> dict[str, Any]:
        """The class takes offence at `bad` and tries to log in where `host` says so."""
        errors = [config[key] for key in ("bad", "host") if key in config]
        return {"name": "some.key", "errors": errors}


def write(folder: Path, **more: str) -> Path:
    """A connector file."""
    file = folder / "shop.json"
    config = {"connector.class": "C", "where": "{{HOST:here}}", **more}
    file.write_text(json.dumps({"name": "shop", "config": config}))
    return file


def client_of(fake: FakeConnect) -> ConnectClient:
    """A client of a cluster in memory."""
    return ConnectClient("http://connect.test", transport=fake)


def test_applying_twice_changes_once(tmp_path: Path) -> None:
    """The second time nothing is put; a changed value is put again."""
    fake = FakeConnect()
    changes = [
        apply_connectors(client_of(fake), [write(tmp_path)], {"HOST": host}, 5)[0].change
        for host in ("a", "a", "b")
    ]
    assert changes == ["created", "unchanged", "changed"]
    assert fake.configs["shop"]["where"] == "b"


def test_a_failed_task_is_one_line(tmp_path: Path) -> None:
    """The innermost cause is told, without what it quotes."""
    fake = FakeConnect("FAILED", TRACE)
    with pytest.raises(Unreachable) as caught:
        apply_connectors(client_of(fake), [write(tmp_path)], {}, 5)
    assert str(caught.value) == (
        "connector shop has failed: SQLException: Access denied for user '…'@'…'"
    )


def test_what_failed_is_started_anew(tmp_path: Path) -> None:
    """An unchanged but failed connector is restarted."""
    fake = FakeConnect("FAILED", TRACE)
    for _ in range(2):
        with pytest.raises(Unreachable):
            apply_connectors(client_of(fake), [write(tmp_path)], {}, 5)
    restart = "POST /connectors/shop/restart?includeTasks=true&onlyFailed=true"
    assert fake.calls.count(restart) == 1


def test_one_that_never_runs_is_told_with_its_state(tmp_path: Path) -> None:
    """After the deadline the message has the last state seen."""
    with pytest.raises(Unreachable, match=r"does not run after 0 s .*UNASSIGNED"):
        apply_connectors(client_of(FakeConnect("UNASSIGNED")), [write(tmp_path)], {}, 0)


def test_a_wrong_file_stops_before_the_first_change(tmp_path: Path) -> None:
    """All files are read before Connect is asked anything."""
    fake = FakeConnect()
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(ConfigError):
        apply_connectors(client_of(fake), [write(tmp_path), tmp_path / "bad.json"], {}, 5)
    assert fake.calls == []


def test_connect_s_refusal_is_one_line(tmp_path: Path) -> None:
    """A refused configuration is a configuration error with Connect's words."""
    with pytest.raises(ConfigError, match=r"refuses PUT .*: 400 Invalid request"):
        apply_connectors(client_of(FakeConnect()), [write(tmp_path, x="refuse")], {}, 5)


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        ({"bad": "must be\n positive"}, ConfigError),
        ({"host": "Unable to connect: Access denied"}, Unreachable),
    ],
)
def test_what_the_class_refuses_is_never_put(
    tmp_path: Path, mistake: dict[str, str], kind: type[Exception]
) -> None:
    """File, connector, key and reason in one line; a refused login is exit 4, the rest exit 2."""
    fake, file = FakeConnect(), write(tmp_path, **mistake)
    said = " ".join(next(iter(mistake.values())).split())
    with pytest.raises(kind) as caught:
        apply_connectors(client_of(fake), [file], {}, 5)
    assert str(caught.value) == f"{file}: connector shop is refused: some.key: {said}"
    assert fake.configs == {}


def test_unknown_connectors_are_none_and_deleted_ones_gone(tmp_path: Path) -> None:
    """Absence is an answer, not an error."""
    client = client_of(FakeConnect())
    assert (client.get_config("shop"), read_state(client, "shop")) == (None, None)
    assert client.delete("shop") is False
    apply_connectors(client, [write(tmp_path)], {}, 5)
    assert client.list_connectors() == ["shop"]
    assert client.delete("shop") is True
    assert client.list_connectors() == []


def test_silence_is_unreachable() -> None:
    """Nothing listens: one line, with the reason and the next step."""
    with pytest.raises(
        Unreachable, match=r"does not answer at http://127\.0\.0\.1:1 \(connection refused\)"
    ) as caught:
        ConnectClient("http://127.0.0.1:1", retries=0).list_connectors()
    assert caught.value.hint == "cdc stack up connect"


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        ("java.lang.NullPointerException\n\tat a.B.c(B.java:1)", "NullPointerException"),
        ("a.b.Outer: outer\nCaused by: a.b.Inner\n\tat x", "Outer: outer"),
        ('a.b.Bad: Duplicate entry "x@y.z" for key', "Bad: Duplicate entry '…' for key"),
        ("nonsense", "no reason given"),
    ],
)
def test_first_cause(trace: str, cause: str) -> None:
    """The innermost cause that says something, values blanked."""
    assert first_cause(trace) == cause
