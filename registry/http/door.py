"""The first thing a request meets: its path as it was sent, and answers that are ready.

Starlette routes on the decoded path, where a subject's `%2F` is a separator like any other; here
it routes on the path as sent. A schema under its id never changes, so that answer is kept as bytes
and sent without routing, threads or database.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.service import RegistryService

_CACHED_UNDER: Final = "/schemas/ids/"
MAX_CACHED_BYTES: Final = 32 * 1024 * 1024

Key = tuple[str, bytes, bytes]


class AnswerCache:
    """Answers by path, query and Accept; all are dropped when something is deleted or it is full.

    Deletes by other processes on the same database are not seen: a schema that they removed for
    good is still answered here until a restart or a delete through this process.
    """

    def __init__(self, service: RegistryService) -> None:
        self._service = service
        self._answers: dict[Key, Response] = {}
        self._filled_at = self.age
        self._bytes = 0

    @property
    def age(self) -> int:
        """Grows with each delete."""
        return self._service.deletions

    def find(self, scope: Scope) -> Response | None:
        """Return the ready answer to a request."""
        if self._filled_at != self.age:
            self._clear()
        return self._answers.get(_make_key(scope))

    def keep(self, scope: Scope, response: Response, age: int) -> None:
        """Keep an answer that was made when the cache had this age."""
        size = len(response.body)
        if self._bytes + size > MAX_CACHED_BYTES:
            self._clear()
        if age == self.age and size <= MAX_CACHED_BYTES:
            self._answers[_make_key(scope)] = response
            self._bytes += size

    def _clear(self) -> None:
        self._answers = {}
        self._bytes = 0
        self._filled_at = self.age


def _make_key(scope: Scope) -> Key:
    accept = b""
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = value
            break
    return scope["path"], scope["query_string"], accept


class Door:
    """ASGI middleware: the path as sent, without trailing slashes, and ready answers."""

    def __init__(self, app: ASGIApp, cache: AnswerCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the cache or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": _read_path(scope)}
        if scope["method"] == "GET" and scope["path"].startswith(_CACHED_UNDER):
            ready = self._cache.find(scope)
            if ready is not None:
                await ready(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _read_path(scope: Mapping[str, Any]) -> str:
    raw = scope.get("raw_path")
    path = raw.partition(b"?")[0].decode("latin-1") if raw else str(scope["path"])
    return path.rstrip("/") or "/"
