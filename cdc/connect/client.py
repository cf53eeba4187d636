"""Kafka Connect's REST interface."""

from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from cdc.errors import ConfigError, Unreachable

TIMEOUT_S = 30
RETRIES = 5
# Connect answers 409 while its workers rebalance, which each change of a connector sets off.
REBALANCING = 409
NOT_FOUND = 404


class ConnectClient:
    """One Connect cluster.

    Every call raises `Unreachable` when nothing answers, and `ConfigError` when Connect refuses
    what it was asked, with Connect's reason.
    """

    def __init__(
        self, url: str, *, retries: int = RETRIES, transport: HTTPAdapter | None = None
    ) -> None:
        self.url = url.rstrip("/")
        policy = Retry(
            total=retries,
            connect=min(retries, 1),
            backoff_factor=0.2,
            status_forcelist=[REBALANCING, 503],
            allowed_methods=None,
            raise_on_status=False,
        )
        self._session = requests.Session()
        # Nothing of the environment: a proxy or a .netrc has no business with this address.
        self._session.trust_env = False
        self._session.mount(self.url, transport or HTTPAdapter(max_retries=policy))

    def list_connectors(self) -> list[str]:
        """Names of all connectors, sorted."""
        names: list[str] = self._call("GET", "/connectors")
        return sorted(names)

    def get_config(self, name: str) -> dict[str, str] | None:
        """A connector's configuration; None when there is no such connector."""
        config: dict[str, str] | None = self._call("GET", _path(name, "config"), absent=None)
        return config

    def put_config(self, name: str, config: dict[str, str]) -> None:
        """Create a connector or change its configuration."""
        self._call("PUT", _path(name, "config"), json=config)

    def get_status(self, name: str) -> dict[str, Any] | None:
        """State of a connector and its tasks; None when there is no such connector."""
        status: dict[str, Any] | None = self._call("GET", _path(name, "status"), absent=None)
        return status

    def restart(self, name: str) -> None:
        """Start a connector and its tasks anew where they have failed."""
        self._call("POST", _path(name, "restart?includeTasks=true&onlyFailed=true"))

    def delete(self, name: str) -> bool:
        """Remove a connector, not its offsets; False when there is none."""
        return self._call("DELETE", f"/connectors/{quote(name, safe='')}", absent=False) is None

    def offsets(self, name: str) -> dict[str, Any]:
        """What `GET /connectors/NAME/offsets` answers: where in the source the connector is."""
        answer: dict[str, Any] = self._call("GET", _path(name, "offsets"))
        return answer

    def validate(self, config: dict[str, str]) -> list[tuple[str, str]]:
        """What the connector class has against a configuration, as (key, message)."""
        plugin = quote(config["connector.class"], safe="")
        answer = self._call("PUT", f"/connector-plugins/{plugin}/config/validate", json=config)
        # Debezium declares internal keys to which Connect then finds no value.
        values = [entry["value"] for entry in answer["configs"] if entry["value"]]
        return [(value["name"], message) for value in values for message in value["errors"]]

    def _call(self, method: str, path: str, *, json: Any = None, absent: Any = ...) -> Any:
        """The answer's JSON, None when it is empty, `absent` for 404 where that is given."""
        try:
            answer = self._session.request(method, self.url + path, json=json, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise Unreachable(
                f"Kafka Connect does not answer at {self.url} ({_reason(error)})",
                hint="cdc stack up connect",
            ) from None
        if answer.status_code == NOT_FOUND and absent is not ...:
            return absent
        if not answer.ok:
            raise ConfigError(f"Kafka Connect refuses {method} {path}: {_message(answer)}")
        return answer.json() if answer.content else None


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
