"""Any Confluent-compatible registry, one HTTP call at a time.

`registry.client` is for what the relay asks; here is the rest of the protocol: modes, deletes,
imports, settings. No message quotes an answer's body, a URL's user or a password.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from cdc.errors import ConfigError, Unreachable
from registry.client import make_session

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
TIMEOUT_S = 30.0

_DENIED = (401, 403)
_NOT_FOUND, _SERVER_ERROR = 404, 500

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and JSON content; content is None where it is no JSON."""

    status: int
    content: Any

    @property
    def is_fine(self) -> bool:
        """It did what was asked."""
        return 200 <= self.status < 300

    @property
    def code(self) -> int:
        """The registry's own error code, the HTTP status where there is none."""
        code = self.content.get("error_code") if isinstance(self.content, dict) else None
        return code if isinstance(code, int) else self.status


class Refused(ConfigError):
    """The registry answers, and says no; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RegistryDoor:
    """A registry at a URL, user and password for basic authentication in it where needed."""

    def __init__(
        self, url: str, open_session: Callable[[], requests.Session] = make_session
    ) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigError(f"{url}: not the URL of a registry", hint="http://HOST:PORT")
        self._url = url.rstrip("/")
        self._session = open_session()

    @property
    def name(self) -> str:
        """The registry's address without user and password."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def call(self, method: str, path: str, body: Json | None = None) -> Answer:
        """Ask, whatever the answer is.

        Raises:
            Unreachable: there is none.
        """
        try:
            response = self._session.request(
                method,
                self._url + path,
                json=body,
                headers={"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE},
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(
                f"registry {self.name} does not answer ({type(error).__name__})",
                hint="is it running, is the URL right?",
            ) from None
        return Answer(response.status_code, _read_json(response))

    def ask(self, method: str, path: str, body: Json | None = None) -> Any:
        """Return the content of the answer.

        Raises:
            Unreachable: there is no answer, the registry failed, or it refuses the credentials.
            Refused: it says no.
        """
        answer = self.call(method, path, body)
        if answer.is_fine:
            return answer.content
        raise self.make_error(method, path, answer)

    def find(self, path: str) -> Any:
        """Return the content at a path, None where there is none; raises as `ask` does."""
        try:
            return self.ask("GET", path)
        except Refused as error:
            if error.status == _NOT_FOUND:
                return None
            raise

    def make_error(self, method: str, path: str, answer: Answer) -> ConfigError | Unreachable:
        """Return what an answer that is not fine means."""
        where = f"registry {self.name}: {method} {path.partition('?')[0]}"
        if answer.status in _DENIED:
            return Unreachable(
                f"{where}: HTTP {answer.status}: the credentials are refused",
                hint="http://USER:PASSWORD@HOST:PORT",
            )
        if answer.status >= _SERVER_ERROR:
            return Unreachable(f"{where}: it failed with HTTP {answer.status}", hint="its own log")
        message = f"{where}: refused with HTTP {answer.status}, error code {answer.code}"
        return Refused(message, answer.status)


def subject_path(subject: str, rest: str = "") -> str:
    """Return the path of a subject, whatever characters its name has."""
    return f"/subjects/{quote(subject, safe='')}{rest}"


def settings_path(kind: str, subject: str) -> str:
    """Return the path of a subject's `config` or `mode`."""
    return f"/{kind}/{quote(subject, safe='')}"


def _read_json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
