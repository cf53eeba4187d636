"""The admin application: our paths, and the registry behind all others (see `guard`)."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cdc.admin.answers import answer_json
from cdc.admin.connectors import read_connectors
from cdc.admin.guard import Guard
from cdc.admin.orders import ORDERS, Order, list_commands, list_letters
from cdc.admin.parts import AdminParts
from cdc.admin.problems import answer_bug, answer_error, answer_http_error
from cdc.admin.readiness import find_readiness
from cdc.admin.relays import show_relays
from cdc.admin.threads import read_in_thread
from cdc.errors import HeadworksError
from cdc.telemetry.metrics import CONTENT_TYPE

NS_PER_MS = 1_000_000

Answer = Callable[[], Awaitable[Response]]


def create_app(parts: AdminParts) -> Starlette:
    """The ASGI application of `cdc serve`."""
    app = Starlette(
        routes=[
            *(Route(path, Resource(answer)) for path, answer in _answers(parts).items()),
            *(Route(path, Order(parts, give)) for path, give in ORDERS.items()),
        ],
        middleware=[Middleware(Guard, registry=parts.registry)],
        exception_handlers={
            HTTPException: answer_http_error,
            HeadworksError: answer_error,
            Exception: answer_bug,
        },
        lifespan=_lifespan(parts),
    )
    app.router.redirect_slashes = False
    return app


def _answers(parts: AdminParts) -> Mapping[str, Answer]:
    """Our paths; `problems.is_ours` tells them from the registry's."""
    return {
        "/health": _answer_health,
        "/ready": partial(_answer_ready, parts),
        "/metrics": partial(_answer_metrics, parts),
        "/api/v1/connectors": partial(
            _answer_list, "connectors", partial(read_connectors, parts.connect)
        ),
        "/api/v1/topics": partial(_answer_list, "topics", parts.topics),
        "/api/v1/relay": partial(_answer_list, "relays", partial(_read_relays, parts)),
        "/api/v1/policies/k": partial(_answer_list, "topics", parts.anonymity),
        "/api/v1/letters": partial(_answer_list, "letters", partial(list_letters, parts)),
        "/api/v1/commands": partial(_answer_list, "commands", partial(list_commands, parts)),
        "/api/v1/version": partial(_answer_version, parts.version),
    }


def _read_relays(parts: AdminParts) -> Sequence[object]:
    return show_relays(parts.relay(), time.time_ns() // NS_PER_MS)


class Resource:
    """A read-only resource. Whatever the method, it is ours: the registry is never asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "GET, HEAD"})
        response = await self._answer()
        await response(scope, receive, send)


async def _answer_health() -> Response:
    """The process lives and its loop turns: nothing else is asked."""
    return answer_json({"status": "ok"})


async def _answer_ready(parts: AdminParts) -> Response:
    readiness = await find_readiness(parts.checks)
    unready = readiness.status == "unready"
    return answer_json(readiness, HTTPStatus.SERVICE_UNAVAILABLE if unready else HTTPStatus.OK)


async def _answer_metrics(parts: AdminParts) -> Response:
    text = await read_in_thread("metrics", parts.metrics)
    return Response(text, headers={"content-type": CONTENT_TYPE})


async def _answer_list(name: str, read: Callable[[], Sequence[object]]) -> Response:
    return answer_json({name: list(await read_in_thread(name, read))})


async def _answer_version(version: str) -> Response:
    return answer_json({"name": "headworks", "version": version})


def _lifespan(
    parts: AdminParts,
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        """Run the registry's own start and stop inside ours: a mounted application gets none."""
        if isinstance(parts.registry, Starlette):
            async with parts.registry.router.lifespan_context(parts.registry):
                yield
        else:
            yield
        parts.close()

    return lifespan
