"""Problem bodies (RFC 9457) for our own paths.

The registry's paths answer errors in Confluent's form, which its clients parse; that is done in
`registry.http` and, for what never gets there, in `refusal`.
"""

import traceback
from http import HTTPStatus

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cdc.errors import HeadworksError, TransientError, Unreachable
from cdc.telemetry.logs import get_log

_LOG = get_log("cdc.admin")

OURS = frozenset({"/health", "/ready", "/metrics", "/api"})

STATUSES: dict[type[HeadworksError], tuple[HTTPStatus, str]] = {
    Unreachable: (HTTPStatus.SERVICE_UNAVAILABLE, "unreachable"),
    TransientError: (HTTPStatus.SERVICE_UNAVAILABLE, "unreachable"),
    HeadworksError: (HTTPStatus.INTERNAL_SERVER_ERROR, "failed"),
}
"""Error class, nearest base first → status and the last part of the problem's type."""


def is_ours(path: str) -> bool:
    """Whether a path belongs to the admin application and not to the registry."""
    return path in OURS or path.startswith("/api/")


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    path: str,
    kind: str = "",
    next_step: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem body; `kind` names its type where the status alone does not say enough."""
    body = {
        "type": f"urn:headworks:problem:{kind}" if kind else "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": path,
    }
    if next_step:
        body["next_step"] = next_step
    return Response(orjson.dumps(body), int(status), headers, media_type="application/problem+json")


def refusal(status: HTTPStatus, detail: str, path: str) -> Response:
    """A refusal in the form that the path's clients read."""
    if is_ours(path):
        return problem(status, detail, path=path)
    body = {"error_code": int(status), "message": detail}
    media_type = "application/vnd.schemaregistry.v1+json"
    return Response(orjson.dumps(body), int(status), media_type=media_type)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Unknown path, wrong method and the like."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for no other class)
    status = HTTPStatus(error.status_code)
    details = {
        HTTPStatus.NOT_FOUND: "no such path; docs/api.md lists them",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not allowed here",
    }
    return problem(
        status,
        details.get(status, error.detail),
        path=request.url.path,
        headers=dict(error.headers or {}),
    )


async def answer_error(request: Request, error: Exception) -> Response:
    """One of our errors: its message and next step, which never carry a value."""
    assert isinstance(error, HeadworksError)  # noqa: S101 (registered for no other class)
    status, kind = next(STATUSES[base] for base in type(error).__mro__ if base in STATUSES)
    return problem(status, error.message, path=request.url.path, kind=kind, next_step=error.hint)


async def answer_bug(request: Request, error: Exception) -> Response:
    """Anything unforeseen: class and place, since its text may quote a value.

    Comes here too when the registry's application fails, after it has answered by itself.
    """
    _LOG.error("unexpected_error", path=request.url.path, error=type(error).__name__, at=_at(error))
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"unexpected {type(error).__name__}; the service's log has the place",
        path=request.url.path,
        kind="unexpected",
    )


def _at(error: Exception) -> list[str]:
    """`file:line` of each frame, the innermost last."""
    return [
        f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    ]
