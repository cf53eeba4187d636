"""Registries that cannot do all that ours can, and registries that fail half-way."""

from __future__ import annotations

import re
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

# What Karapace does not have, by its own source: these answer 404 or 405
NOT_IN_KARAPACE = (
    (r"(PUT|DELETE) /mode", 405),
    (r"DELETE /config$", 405),
    (r"GET /schemas/ids/\d+/(subjects|schema)", 404),
    (r"GET /contexts", 404),
    (r"POST /compatibility/subjects/[^/]+/versions$", 404),
)


class Lacking:
    """An application in front of a registry that refuses what matches one of `refused`."""

    def __init__(self, app: ASGIApp, refused: tuple[tuple[str, int], ...]) -> None:
        self._app, self._refused = app, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = f"{scope.get('method')} {scope.get('path')}"
        for pattern, status in self._refused if scope["type"] == "http" else ():
            if re.match(pattern, asked):
                await answer(send, status)
                return
        await self._app(scope, receive, send)


class Failing:
    """An application that answers 500 to what matches, from the given time on, until mended."""

    def __init__(self, app: ASGIApp, pattern: str, after: int) -> None:
        self._app, self._pattern = app, pattern
        self.left = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = f"{scope.get('method')} {scope.get('path')}"
        if scope["type"] == "http" and re.match(self._pattern, asked):
            self.left -= 1
            if self.left < 0:
                await answer(send, 500)
                return
        await self._app(scope, receive, send)


async def answer(send: Send, status: int) -> None:
    """Answer an error in Confluent's shape."""
    headers = [(b"content-type", b"application/json")]
    start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
    await send(start)
    body = f'{{"error_code": {status}, "message": "no"}}'.encode()
    await send({"type": "http.response.body", "body": body})
