"""Kafka Connect's REST interface."""

import time
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cdc.errors import ConfigError, HeadworksError, Unreachable

TIMEOUT_S = 30
RETRIES = 5
# Connect answers 409 while its workers rebalance, which each change of a connector sets off.
REBALANCING = 409
NOT_FOUND = 404
SERVER_ERROR = 500
UNAVAILABLE = 503
BACKOFF_S = 0.2


Verb = Literal["pause", "resume", "stop"]


class NoAnswer(Unreachable):
    """Nothing listens, or it went away before it answered: the same call may succeed later."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class's objections as (key, message), and the keys that it declares to be passwords."""

    mistakes: tuple[tuple[str, str], ...]
    passwords: frozenset[str]


class ConnectClient:
    """One Connect cluster.

    Every call raises `NoAnswer` when nothing answers, `Unreachable` when Connect itself fails, and
    `ConfigError` when it refuses what it was asked, with Connect's reason.
    """

    def __init__(
        self, url: str, *, retries: int = RETRIES, transport: HTTPAdapter | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._retries = retries
        policy = Retry(
            total=retries,
            connect=min(retries, 1),
            backoff_factor=BACKOFF_S,
            status=0,
            allowed_methods=None,
            raise_on_status=False,
        )
        self._session = requests.Session()
        # Nothing of the environment: a proxy or a .netrc has no business with this address.
        self._session.trust_env = False
        self._session.mount(self.url, transport or HTTPAdapter(max_retries=policy))

    def cluster_id(self) -> str:
        """The id of the Kafka cluster that this Connect works for."""
        return str(self._call("GET", "/")["kafka_cluster_id"])

    def list_plugins(self) -> list[str]:
        """Classes of the connectors that can be made, sorted."""
        return sorted(plugin["class"] for plugin in self._call("GET", "/connector-plugins"))

    def list_connectors(self) -> list[str]:
        """Names of all connectors, sorted."""
        names: list[str] = self._call("GET", "/connectors")
        return sorted(names)

    def read_all(self) -> dict[str, dict[str, Any]]:
        """Configuration (`info`) and state (`status`) of all connectors, in one call."""
        answer: dict[str, dict[str, Any]] = self._call(
            "GET", "/connectors?expand=info&expand=status"
        )
        return answer

    def get_config(self, name: str) -> dict[str, str] | None:
        """A connector's configuration; None when there is no such connector."""
        config: dict[str, str] | None = self._call("GET", _path(name, "config"), absent=None)
        return config

    def put_config(self, name: str, config: dict[str, str]) -> None:
        """Create a connector or change its configuration."""
        self._call("PUT", _path(name, "config"), json=config)

    def create(self, name: str, config: dict[str, str], state: str) -> None:
        """Create a connector in a state: `RUNNING`, or without ever starting it."""
        body = {"name": name, "config": config, "initial_state": state}
        self._call("POST", "/connectors", json=body)

    def get_status(self, name: str) -> dict[str, Any] | None:
        """State of a connector and its tasks; None when there is no such connector."""
        status: dict[str, Any] | None = self._call("GET", _path(name, "status"), absent=None)
        return status

    def restart(self, name: str, *, only_failed: bool = True) -> None:
        """Start a connector and its tasks anew, or those of them that have failed."""
        query = f"includeTasks=true&onlyFailed={str(only_failed).lower()}"
        self._call("POST", _path(name, f"restart?{query}"))

    def steer(self, name: str, verb: Verb) -> None:
        """Pause, resume or stop a connector; Connect does it a moment later."""
        self._call("PUT", _path(name, verb))

    def delete(self, name: str) -> bool:
        """Remove a connector, not its offsets; False when there is none."""
        return self._call("DELETE", f"/connectors/{quote(name, safe='')}", absent=False) is None

    def offsets(self, name: str) -> dict[str, Any]:
        """What `GET /connectors/NAME/offsets` answers: where in the source the connector is."""
        answer: dict[str, Any] = self._call("GET", _path(name, "offsets"))
        return answer

    def put_offsets(self, name: str, offsets: list[dict[str, Any]]) -> None:
        """Put a stopped connector elsewhere; an offset of None forgets that partition."""
        self._call("PATCH", _path(name, "offsets"), json={"offsets": offsets})

    def delete_offsets(self, name: str) -> None:
        """Let a stopped connector forget where it was."""
        self._call("DELETE", _path(name, "offsets"))

    def loggers(self) -> dict[str, str]:
        """Levels of `root` and of the loggers that were set since the worker started, sorted."""
        answer: dict[str, dict[str, Any]] = self._call("GET", "/admin/loggers")
        return {
            name: entry["level"]
            for name, entry in sorted(answer.items())
            if name == "root" or entry.get("last_modified")
        }

    def put_logger(self, name: str, level: str) -> None:
        """Set a logger's level on every worker, until they restart."""
        path = f"/admin/loggers/{quote(name, safe='')}?scope=cluster"
        self._call("PUT", path, json={"level": level})

    def validate(self, config: dict[str, str]) -> Verdict:
        """What the connector class says of a configuration.

        Raises:
            ConfigError: Connect has no such class.
        """
        plugin = config["connector.class"]
        known = self.list_plugins()
        if plugin not in known and not any(name.endswith(f".{plugin}") for name in known):
            raise ConfigError(
                f"connector.class: this Kafka Connect has no {plugin}",
                hint=f"it has: {', '.join(known) or 'none'}",
            )
        path = f"/connector-plugins/{quote(plugin, safe='')}/config/validate"
        entries = self._call("PUT", path, json=config)["configs"]
        # Debezium declares internal keys to which Connect then finds no value.
        values = [entry["value"] for entry in entries if entry["value"]]
        definitions = [entry.get("definition") or {} for entry in entries]
        return Verdict(
            tuple((value["name"], message) for value in values for message in value["errors"]),
            frozenset(one["name"] for one in definitions if one.get("type") == "PASSWORD"),
        )

    def _call(self, method: str, path: str, *, json: Any = None, absent: Any = ...) -> Any:
        """The answer's JSON, None when it is empty, `absent` for 404 where that is given."""
        try:
            answer = self._ask(method, path, json)
        except requests.RequestException as error:
            raise NoAnswer(
                f"Kafka Connect does not answer at {self.url} ({_reason(error)})",
                hint="cdc stack up connect",
            ) from None
        if answer.status_code == NOT_FOUND and absent is not ... and _speaks(answer):
            return absent
        if not answer.ok:
            raise _refusal(method, path, answer)
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, json: Any) -> requests.Response:
        """The answer; one that only says that workers rebalance is waited out."""
        for attempt in count():
            answer = self._session.request(method, self.url + path, json=json, timeout=TIMEOUT_S)
            if attempt >= self._retries or not _is_rebalancing(answer):
                break
            time.sleep(BACKOFF_S * 2**attempt)
        return answer


def _is_rebalancing(answer: requests.Response) -> bool:
    """409 for a change, but 500 with these words for a look at a configuration."""
    if answer.status_code == SERVER_ERROR:
        return "rebalance" in answer.text
    return answer.status_code in (REBALANCING, UNAVAILABLE)


def _refusal(method: str, path: str, answer: requests.Response) -> HeadworksError:
    if _is_rebalancing(answer):
        return NoAnswer(f"Kafka Connect still rebalances: {_message(answer)}")
    if answer.status_code >= SERVER_ERROR:
        return Unreachable(
            f"Kafka Connect fails at {method} {path}: {_message(answer)}",
            hint="cdc stack logs connect, or the log of your worker",
        )
    if answer.status_code == NOT_FOUND and not _speaks(answer):
        return NoAnswer("Kafka Connect is starting: it does not yet know its own paths")
    return ConfigError(f"Kafka Connect refuses {method} {path}: {_message(answer)}")


def _speaks(answer: requests.Response) -> bool:
    """Whether Connect itself answered, and not the server before it has its resources."""
    try:
        return "message" in answer.json()
    except (ValueError, TypeError):
        return False


def _path(name: str, leaf: str) -> str:
    return f"/connectors/{quote(name, safe='')}/{leaf}"


def _reason(error: requests.RequestException) -> str:
    """`connection refused` and the like, without the library's nested representation."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _message(answer: requests.Response) -> str:
    """What Connect says, in one line."""
    try:
        text = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        text = answer.reason
    return f"{answer.status_code} {' '.join(text.split())}"
