"""The first thing a request meets: its path as it was sent, and answers that are ready.

Starlette routes on the decoded path, where a subject's `%2F` is a separator like any other; here
it routes on the path as sent. A schema under its id never changes, so that answer is kept as bytes
and sent without routing, threads or database.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.errors import StoreError
from registry.http.contexts import enter_context
from registry.service import RegistryService

_CACHED_UNDER: Final = "/schemas/ids/"
MAX_CACHED_BYTES: Final = 32 * 1024 * 1024
_ENTRY_BYTES: Final = 1024  # what Python keeps for an answer besides its bytes
# How long a schema that another node has deleted for good may still be answered here.
MAX_STALE_S: Final = 1.0

Key = tuple[str, bytes, bytes]


class AnswerCache:
    """Answers by path, query and Accept; all are dropped when one may be wrong or it is full.

    Registering makes none wrong. A delete or a change of settings through this process counts at
    once, one by another node on the same database after `MAX_STALE_S` at most.
    """

    def __init__(
        self, service: RegistryService, read_clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._read_clock_s = read_clock_s
        self._answers: dict[Key, Response] = {}
        self._filled_at = self.age
        self._bytes = 0
        self._revision = -1
        self._check_at_s = 0.0

    @property
    def age(self) -> int:
        """Grows with each change that may make an answer wrong."""
        return self._service.changes

    def find(self, scope: Scope) -> Response | None:
        """Return the ready answer to a request."""
        if self._filled_at != self.age:
            self._clear()
        return self._answers.get(_make_key(scope))

    def keep(self, scope: Scope, response: Response, age: int) -> None:
        """Keep an answer that was made when the cache had this age."""
        size = len(response.body) + len(scope["query_string"]) + _ENTRY_BYTES
        if self._bytes + size > MAX_CACHED_BYTES:
            self._clear()
        if age == self.age and size <= MAX_CACHED_BYTES:
            self._answers[_make_key(scope)] = response
            self._bytes += size

    async def catch_up(self) -> None:
        """Drop all answers if another node has changed something; asks the store now and then."""
        now_s = self._read_clock_s()
        if now_s < self._check_at_s:
            return
        self._check_at_s = now_s + MAX_STALE_S
        try:
            revision = await run_in_threadpool(self._service.read_revision)
        except StoreError:
            revision = -1  # nobody knows: whoever comes next finds no ready answer
        if revision != self._revision or revision < 0:
            self._clear()
        self._revision = revision

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
    """ASGI middleware: the path as sent, without trailing slashes or context, and ready answers."""

    def __init__(self, app: ASGIApp, cache: AnswerCache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the cache or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, query = enter_context(_read_path(scope), scope["query_string"])
        scope = {**scope, "path": path, "query_string": query}
        if scope["method"] == "GET" and path.startswith(_CACHED_UNDER):
            await self._cache.catch_up()
            ready = self._cache.find(scope)
            if ready is not None:
                await ready(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _read_path(scope: Mapping[str, Any]) -> str:
    raw = scope.get("raw_path")
    path = raw.partition(b"?")[0].decode("latin-1") if raw else str(scope["path"])
    return path.rstrip("/") or "/"
