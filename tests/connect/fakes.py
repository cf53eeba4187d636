"""A Connect cluster in memory, behind the client's transport."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from cdc.connect.client import ConnectClient
from cdc.connect.reconcile import Reconciler
from cdc.store import AppliedConnectors, ServiceDatabase

CLASS = "x.Source"
STATES_AFTER = {"pause": "PAUSED", "resume": "RUNNING", "stop": "STOPPED"}


class FakeConnect(HTTPAdapter):
    """Connectors with one task each, whose state is `tasks[name]`, else RUNNING.

    A restart makes those of `heals` run.
    `worker_keys` are added to every configuration by the worker; the class objects to a key `bad`,
    logs in where `host` says so, and declares `pin` a password.
    """

    def __init__(self) -> None:
        super().__init__()
        self.configs: dict[str, dict[str, str]] = {}
        self.states: dict[str, str] = {}
        self.tasks: dict[str, str] = {}
        self.heals: set[str] = set()
        self.trace = ""
        self.worker_keys: dict[str, str] = {}
        self.calls: list[str] = []

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        """Answer as Connect does."""
        self.calls.append(f"{request.method} {request.path_url}")
        path, _, query = request.path_url.partition("?")
        body = json.loads(request.body) if request.body else None
        code, answer = self.answer(str(request.method), path.split("/")[1:], query, body)
        response = requests.Response()
        response.status_code, response.request, response.url = code, request, str(request.url)
        response._content = json.dumps(answer).encode() if answer is not None else b""
        return response

    def answer(self, method: str, path: list[str], query: str, body: Any) -> tuple[int, Any]:
        """Status and JSON."""
        match path:
            case [""]:
                return 200, {"kafka_cluster_id": "cluster"}
            case ["connector-plugins", *_]:
                return 200, {"configs": self.judge(body)} if body else [{"class": CLASS}]
            case ["connectors"]:
                return self.answer_list(method, query, body)
        return self.answer_about(path[1], path[-1], method, body)

    def answer_list(self, method: str, query: str, body: Any) -> tuple[int, Any]:
        """The same for all connectors."""
        if method == "POST":
            self.states[body["name"]] = body["initial_state"]
            return 201, self.put(body["name"], body["config"])
        return 200, {name: self.show(name) for name in self.configs} if query else [*self.configs]

    def answer_about(self, name: str, leaf: str, method: str, body: Any) -> tuple[int, Any]:
        """The same for one connector."""
        if (method, leaf) == ("PUT", "config"):
            refused = "refuse" in body.values()
            return (
                (400, {"message": "Invalid\n  request"}) if refused else (200, self.put(name, body))
            )
        if name not in self.configs:
            return 404, {"message": "no such"}
        if method == "DELETE":
            return 204, self.configs.pop(name) and None
        return self.answer_verb(name, leaf)

    def answer_verb(self, name: str, leaf: str) -> tuple[int, Any]:
        """The same for one that is there: a change of state, or a look at it."""
        if leaf == "restart" and name in self.heals:
            del self.tasks[name]
        if leaf == "restart" or leaf in STATES_AFTER:
            self.states[name] = STATES_AFTER.get(leaf, "RUNNING")
            return 202, None
        return 200, self.show(name)["status"] if leaf == "status" else self.configs[name]

    def put(self, name: str, config: dict[str, str]) -> dict[str, str]:
        """Take a configuration."""
        self.configs[name] = {**config, **self.worker_keys, "name": name}
        return self.configs[name]

    def show(self, name: str) -> dict[str, Any]:
        """Configuration and state."""
        state = self.states.get(name, "RUNNING")
        task = {"id": 0, "state": self.tasks.get(name, "RUNNING"), "trace": self.trace}
        status = {"connector": {"state": state}, "tasks": [task] if state == "RUNNING" else []}
        return {"info": {"config": self.configs[name]}, "status": status}

    def judge(self, config: dict[str, str]) -> list[dict[str, Any]]:
        """What the class has against a configuration."""
        errors = [config[key] for key in ("bad", "host") if key in config]
        return [
            {"value": None, "definition": None},
            _verdict("some.key", "STRING", errors),
            _verdict("pin", "PASSWORD", []),
        ]

    def changes(self) -> list[str]:
        """The calls that changed something."""
        return [call for call in self.calls if call.split()[0] != "GET" and "/validate" not in call]


def _verdict(name: str, kind: str, errors: list[str]) -> dict[str, Any]:
    return {"definition": {"name": name, "type": kind}, "value": {"name": name, "errors": errors}}


def client_of(fake: FakeConnect) -> ConnectClient:
    """A client of a cluster in memory."""
    return ConnectClient("http://connect.test", transport=fake)


def reconciler_of(fake: FakeConnect, folder: Path, opened: list[str] | None = None) -> Reconciler:
    """A reconciler of it, remembering in `folder`; the names that it opens go to `opened`."""
    store = AppliedConnectors(ServiceDatabase(f"sqlite:///{folder}/cdc.db"))
    names: list[str] = [] if opened is None else opened
    return Reconciler(
        client_of(fake), store, folder / "fingerprint.key", lambda one: names.append(one.name)
    )


def write_connector(folder: Path, name: str = "shop", **more: Any) -> Path:
    """A connector file; keyword arguments beside state and extends go into its config."""
    top = {key: more.pop(key) for key in ("state", "extends") if key in more}
    config = {"connector.class": CLASS, "where": "{{HOST:here}}", **more}
    file = folder / f"{name}.json"
    file.write_text(json.dumps({"name": name, **top, "config": config}))
    return file
