"""Dead letters and commands over HTTP: the same use cases as `cdc dlq` and `cdc relay pause`.

A POST gives commands and answers at once with their ids (202); `GET /api/v1/commands` says what the
relays made of them. Bodies are JSON objects, and only as `application/json`: a web page cannot send
that to another site without being asked first.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cdc.admin.answers import answer_json
from cdc.admin.parts import AdminParts
from cdc.admin.problems import problem
from cdc.admin.threads import read_in_thread
from cdc.control.commands import Command, Kind
from cdc.errors import ConfigError
from cdc.operations import Selection

LARGEST_BODY = 1024 * 1024
BY = "admin API"
_SELECTING = frozenset({"ids", "table", "reason", "states", "since_ms", "until_ms", "key", "all"})

Body = Mapping[str, Any]
Give = Callable[[AdminParts, Body], Sequence[Command]]


def pause_or_resume(kind: Kind) -> Give:
    """`{"tables": […], "by": "…"}`."""

    def give(parts: AdminParts, body: Body) -> Sequence[Command]:
        _check(body, {"tables", "by"})
        tables = _texts(body, "tables")
        if not tables:
            raise ConfigError("tables: none given", hint='{"tables": ["<database>.<table>"]}')
        return parts.orders.for_tables(kind, tables, _by(body))

    return give


def replay(parts: AdminParts, body: Body) -> Sequence[Command]:
    """A selection of open letters, or `"all": true`; and `by`."""
    _check(body, _SELECTING - {"states"} | {"by"})
    selection = _selection({**body, "states": ["open"]})
    return parts.orders.for_letters(Kind.REPLAY, parts.letters(selection), _by(body))


def purge(parts: AdminParts, body: Body) -> Sequence[Command]:
    """A selection of letters, or `"all": true`; `by`; and `"confirm": true`."""
    _check(body, _SELECTING | {"by", "confirm"})
    if body.get("confirm") is not True:
        raise ConfigError(
            "confirm: must be true: a purged open letter is a change that is never relayed"
        )
    return parts.orders.for_letters(Kind.PURGE, parts.letters(_selection(body)), _by(body))


ORDERS: Mapping[str, Give] = {
    "/api/v1/relay/pause": pause_or_resume(Kind.PAUSE),
    "/api/v1/relay/resume": pause_or_resume(Kind.RESUME),
    "/api/v1/letters/replay": replay,
    "/api/v1/letters/purge": purge,
}
"""Paths that take a POST."""


class Order:
    """A resource that takes commands."""

    def __init__(self, parts: AdminParts, give: Give) -> None:
        self._parts = parts
        self._give = give

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["method"] != "POST":
            raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        try:
            response = await self._answer(await _read(Request(scope, receive)))
        except ConfigError as error:
            response = problem(
                HTTPStatus.BAD_REQUEST,
                error.message,
                path=scope["path"],
                kind="invalid",
                next_step=error.hint,
            )
        await response(scope, receive, send)

    async def _answer(self, body: Body) -> Response:
        commands = await read_in_thread("commands", lambda: self._give(self._parts, body))
        shown = [{**asdict(it), "letters": len(it.letters)} for it in commands]
        return answer_json({"commands": shown}, HTTPStatus.ACCEPTED)


def list_commands(parts: AdminParts) -> Sequence[object]:
    """Every command of the last days with its answer; `outcome` is empty while it waits."""
    commands = parts.orders.given()
    acks = {it.command.id: asdict(it.ack) for it in parts.orders.answers(commands)}
    waiting = {"outcome": "", "detail": "", "counts": {}}
    return [
        {
            **asdict(it),
            "letters": len(it.letters),
            **{name: acks.get(it.id, waiting)[name] for name in waiting},
        }
        for it in commands
    ]


def list_letters(parts: AdminParts) -> Sequence[object]:
    """Every letter in clear; nothing of the events."""
    return [asdict(it) for it in parts.letters(Selection())]


async def _read(request: Request) -> Body:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {LARGEST_BODY} bytes"
            )
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ConfigError("the body is no JSON") from None
    if not isinstance(body, dict):
        raise ConfigError("the body is no JSON object")
    return body


def _check(body: Body, known: set[str] | frozenset[str]) -> None:
    if unknown := sorted(body.keys() - known):
        raise ConfigError(f"{unknown[0]}: unknown", hint=f"known: {', '.join(sorted(known))}")


def _selection(body: Body) -> Selection:
    selection = Selection(
        frozenset(_texts(body, "ids")),
        _text(body, "table"),
        _text(body, "reason"),
        frozenset(_texts(body, "states")),
        _number(body, "since_ms"),
        _number(body, "until_ms"),
        key=_text(body, "key"),
    )
    if selection.is_everything and body.get("all") is not True:
        raise ConfigError("which letters? nothing narrows them", hint='or say "all": true')
    return selection


def _by(body: Body) -> str:
    return _text(body, "by") or BY


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise ConfigError(f"{name}: a text is wanted")
    return value


def _texts(body: Body, name: str) -> list[str]:
    value = body.get(name, [])
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise ConfigError(f"{name}: a list of texts is wanted")
    return value


def _number(body: Body, name: str) -> int | None:
    value = body.get(name)
    if value is not None and type(value) is not int:
        raise ConfigError(f"{name}: a whole number is wanted (ms since 1970)")
    return value
