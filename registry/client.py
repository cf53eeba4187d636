"""Talks to any Confluent-compatible registry, ours or another; `cdc` knows registries through this.

Text of schemas goes in, model types come out; errors are RegistryUnreachable (try later),
IncompatibleSchema, InvalidSchemaError and NotFound. No message quotes an answer's body, a URL's
user or a password.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from registry.errors import (
    IncompatibleSchema,
    InvalidSchemaError,
    NotFound,
    RegistryError,
    RegistryUnreachable,
    Unprocessable,
)
from registry.model import (
    CompatibilityLevel,
    Json,
    Reference,
    RegisteredSchema,
    SchemaId,
    Subject,
    VersionNumber,
)

_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_ATTEMPTS: Final = 3
_BACKOFF_S: Final = 0.2
_RETRIED_STATUSES: Final = (502, 503, 504)
_INVALID_SCHEMA: Final = 42201

_OK, _NOT_FOUND, _CONFLICT, _UNPROCESSABLE, _SERVER_ERROR = 200, 404, 409, 422, 500


def make_session() -> requests.Session:
    """Return a session that repeats requests which no server has answered, a few times."""
    retry = Retry(
        total=_ATTEMPTS,
        backoff_factor=_BACKOFF_S,
        status_forcelist=_RETRIED_STATUSES,
        allowed_methods=None,  # registering and checking are safe to repeat: same schema, same id
        raise_on_status=False,
    )
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retry))
    session.mount("https://", HTTPAdapter(max_retries=retry))
    return session


class RegistryClient:
    """A registry at a URL; threads may share it, each has its own session.

    `timeout_s` bounds each attempt, `auth` is user and password for basic authentication,
    `session_factory` stands in for the network in tests.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float = 10,
        auth: tuple[str, str] | None = None,
        session_factory: Callable[[], requests.Session] = make_session,
    ) -> None:
        self._url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._auth = auth
        self._make_session = session_factory
        self._local = threading.local()
        self._schemas: dict[SchemaId, str] = {}

    def __repr__(self) -> str:
        return f"RegistryClient({self._name()!r})"

    def register(self, subject: Subject, schema: str) -> SchemaId:
        """Make a schema a version of the subject, or find it there; returns its id.

        Raises IncompatibleSchema or InvalidSchemaError.
        """
        path = f"/subjects/{_quote(subject)}/versions"
        try:
            return SchemaId(self._call("POST", path, {"schema": schema})["id"])
        except IncompatibleSchema as error:
            raise IncompatibleSchema(error.messages, subject) from None

    def look_up(self, subject: Subject, schema: str) -> RegisteredSchema | None:
        """Return the subject's version that holds this schema, None when none does."""
        path = f"/subjects/{_quote(subject)}"
        return self._find("POST", path, {"schema": schema})

    def schema_by_id(self, schema_id: SchemaId) -> str:
        """Return the schema of an id, asked for once; raises NotFound."""
        known = self._schemas.get(schema_id)
        if known is None:
            known = str(self._call("GET", f"/schemas/ids/{schema_id}")["schema"])
            self._schemas[schema_id] = known
        return known

    def latest(self, subject: Subject) -> RegisteredSchema | None:
        """Return the newest version, None for a subject without any."""
        return self._find("GET", f"/subjects/{_quote(subject)}/versions/latest")

    def versions(self, subject: Subject) -> list[int]:
        """Return the numbers of the versions in order, none for an unknown subject."""
        try:
            return [int(v) for v in self._call("GET", f"/subjects/{_quote(subject)}/versions")]
        except NotFound:
            return []

    def history(self, subject: Subject) -> list[str]:
        """Return the schemas of all versions, oldest first; none for an unknown subject."""
        path = f"/subjects/{_quote(subject)}/versions"
        return [str(self._call("GET", f"{path}/{n}")["schema"]) for n in self.versions(subject)]

    def subjects(self, prefix: str = "") -> list[Subject]:
        """Return the subjects that start with `prefix`, in order."""
        query = f"?subjectPrefix={_quote(prefix)}" if prefix else ""
        names = (Subject(name) for name in self._call("GET", f"/subjects{query}"))
        # not every registry knows subjectPrefix
        return sorted(name for name in names if name.startswith(prefix))

    def delete(self, subject: Subject) -> None:
        """Soft-delete all versions: the subject is gone, its ids can still be read."""
        with suppress(NotFound):
            self._call("DELETE", f"/subjects/{_quote(subject)}")

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        """Set the level of a subject, or (None) of the registry."""
        self._call("PUT", _config_path(subject), {"compatibility": str(level)})

    def level(self, subject: Subject | None) -> CompatibilityLevel | None:
        """Return the subject's own level, or (None) the registry's; None when it is unset."""
        try:
            level = self._call("GET", _config_path(subject)).get("compatibilityLevel")
        except NotFound:
            return None
        return None if level is None else CompatibilityLevel.parse(level)

    def check(self, subject: Subject, schema: str) -> list[str]:
        """Return why a schema may not follow, by the subject's level; none when it may.

        All versions that the level looks at are asked. Where a registry cannot do that (Karapace),
        its latest version is. Raises InvalidSchemaError where the registry says so.
        """
        path = f"/compatibility/subjects/{_quote(subject)}/versions"
        try:
            answer = self._call("POST", f"{path}?verbose=true", {"schema": schema})
        except NotFound:
            answer = self._check_latest(path, schema)
        if answer["is_compatible"]:
            return []
        return [str(message) for message in answer.get("messages") or ("incompatible",)]

    def _check_latest(self, path: str, schema: str) -> Any:
        try:
            return self._call("POST", f"{path}/latest?verbose=true", {"schema": schema})
        except NotFound:  # no version yet: nothing forbids
            return {"is_compatible": True}

    def is_ready(self) -> bool:
        """Tell whether the registry answers."""
        try:
            self._call("GET", "/subjects?limit=1")
        except RegistryError:
            return False
        return True

    def _find(self, method: str, path: str, body: Json | None = None) -> RegisteredSchema | None:
        try:
            return _read_registered(self._call(method, path, body))
        except NotFound:
            return None

    def _call(self, method: str, path: str, body: Json | None = None) -> Any:
        response = self._send(method, path, body)
        if response.status_code >= _SERVER_ERROR:
            raise RegistryUnreachable(
                f"{self._name()} failed with HTTP {response.status_code}. hint: its own log"
            )
        content = _read_json(response)
        if response.status_code == _OK and content is not None:
            return content
        raise self._make_error(response.status_code, content)

    def _send(self, method: str, path: str, body: Json | None) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._url + path,
                json=body,
                headers={"Accept": _MEDIA_TYPE, "Content-Type": _MEDIA_TYPE},
                timeout=self._timeout_s,
                auth=self._auth,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise RegistryUnreachable(
                f"{self._name()} does not answer ({type(error).__name__}). "
                "hint: is it running, is the URL right?"
            ) from None

    def _make_error(self, status: int, content: Any) -> RegistryError:
        message = content.get("message") if isinstance(content, dict) else None
        code = content.get("error_code", status) if isinstance(content, dict) else status
        if status == _CONFLICT:
            return IncompatibleSchema(_split_messages(str(message)))
        if status == _UNPROCESSABLE and code == _INVALID_SCHEMA:
            return InvalidSchemaError(str(message))
        kind = {_NOT_FOUND: NotFound, _UNPROCESSABLE: Unprocessable}.get(status, RegistryError)
        return kind(f"{self._name()} refuses: HTTP {status}, error code {code}")

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = self._make_session()
        return session

    def _name(self) -> str:
        """Return the registry's address without user and password."""
        parts = urlsplit(self._url)
        return f"registry {parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _quote(text: str) -> str:
    return quote(text, safe="")


def _config_path(subject: Subject | None) -> str:
    return "/config" if subject is None else f"/config/{_quote(subject)}"


def _read_json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _read_registered(answer: Mapping[str, Any]) -> RegisteredSchema:
    return RegisteredSchema(
        Subject(answer["subject"]),
        VersionNumber(answer["version"]),
        SchemaId(answer["id"]),
        answer["schema"],
        tuple(
            Reference(r["name"], Subject(r["subject"]), VersionNumber(r["version"]))
            for r in answer.get("references") or ()
        ),
        answer.get("metadata"),
        answer.get("ruleSet"),
        answer.get("guid"),
        answer.get("ts"),
    )


def _split_messages(message: str) -> Sequence[str]:
    """Take Confluent's one line apart into its messages; another registry's stays whole."""
    _, found, details = message.partition("details: [")
    if not found:
        return [message]
    parts = details.rstrip("]").split("}, {")
    last = len(parts) - 1
    return [f"{'{' if i else ''}{part}{'}' if i < last else ''}" for i, part in enumerate(parts)]
