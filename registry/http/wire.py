"""Confluent's manners on HTTP: media types, booleans and numbers in queries, one shape of error."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, unquote

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from registry.errors import (
    InvalidSubject,
    RegistryError,
    SchemaTooLarge,
    WireProfile,
    find_wire_error,
)
from registry.model import MAX_VERSION
from registry.service import Page

# What the registry answers in, the most wanted first; weights are Confluent's `qs`.
MEDIA_TYPES: Final[Mapping[str, float]] = {
    "application/vnd.schemaregistry.v1+json": 1.0,
    "application/vnd.schemaregistry+json": 0.9,
    "application/json": 0.5,
}
DEFAULT_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_NUL: Final = "\0"
READABLE_TYPES: Final = frozenset({*MEDIA_TYPES, "application/octet-stream"})


class RawText(str):
    """A handler's answer that is sent as it is: the text of a schema."""

    __slots__ = ()


class NoContent:
    """A handler's answer without body."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as handlers see it: path parts decoded, query, body."""

    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes
    profile: WireProfile

    def flag(self, name: str) -> bool:
        """Return a boolean of the query: `true` in any case, anything else is false."""
        return self.text(name).lower() == "true"

    def text(self, name: str, default: str = "") -> str:
        """Return a string of the query."""
        return self.query.get(name, [default])[0]

    def number(self, name: str, default: int) -> int:
        """Return a number of the query; HTTP 404 where it is none, as Confluent answers."""
        text = self.text(name)
        return parse_number(text) if text else default

    @property
    def wants_resolved(self) -> bool:
        """Avro's one format besides the canonical: referenced types are written out."""
        return self.text("format").lower() == "resolved"

    @property
    def page(self) -> Page:
        """The cut of a list that is asked for."""
        return Page(self.number("offset", 0), self.number("limit", -1))


def parse_number(text: str) -> int:
    """Read an int of 32 bits; HTTP 404 otherwise, which is what JAX-RS makes of it."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(MAX_VERSION)):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    number = int(text)
    if abs(number) > MAX_VERSION:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return number


async def receive_call(request: Request, max_body_bytes: int, profile: WireProfile) -> Call:
    """Read the request; HTTP 415 for other media types, SchemaTooLarge over the limit."""
    path = {name: unquote(part) for name, part in request.path_params.items()}
    text = request.scope.get("query_string", b"").decode("latin-1")
    query = parse_qs(text, keep_blank_values=True) if text else {}
    _refuse_nul(path, query)
    body = b"" if request.method in ("GET", "HEAD") else await _read_body(request, max_body_bytes)
    if body:
        _check_media_type(request.headers.get("content-type", ""))
    return Call(path, query, body, profile)


def _refuse_nul(path: Mapping[str, str], query: Mapping[str, list[str]]) -> None:
    """Let no name pass that PostgreSQL cannot even be asked for."""
    for part in path.values():
        if _NUL in part:
            raise InvalidSubject(part)
    if any(_NUL in value for values in query.values() for value in values):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The query holds a NUL character")


async def _read_body(request: Request, max_body_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > max_body_bytes:
            raise SchemaTooLarge(f"The request body is larger than {max_body_bytes} bytes")
        parts.append(part)
    return b"".join(parts)


def _check_media_type(content_type: str) -> None:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and media_type not in READABLE_TYPES:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


@lru_cache(256)
def choose_media_type(accept: str) -> str:
    """Return the media type to answer in; HTTP 406 where the client takes none of ours."""
    if not accept.strip():
        return DEFAULT_MEDIA_TYPE
    wanted = [_read_accepted(part) for part in accept.split(",")]
    scores = {
        ours: weight * max((q for pattern, q in wanted if _matches(pattern, ours)), default=0.0)
        for ours, weight in MEDIA_TYPES.items()
    }
    best = max(scores, key=lambda ours: scores[ours])
    if scores[best] <= 0:
        raise HTTPException(HTTPStatus.NOT_ACCEPTABLE)
    return best


def _read_accepted(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return pattern, float(parameter[2:])
            except ValueError:
                return pattern, 0.0
    return pattern, 1.0


def _matches(pattern: str, media_type: str) -> bool:
    return pattern in ("*/*", "application/*", media_type)


def make_answer(value: Any, media_type: str) -> Response:
    """Return what a handler returned as a response."""
    if isinstance(value, NoContent):
        return Response(status_code=HTTPStatus.NO_CONTENT)
    content = value.encode() if isinstance(value, RawText) else orjson.dumps(value)
    return Response(content, media_type=media_type)


def make_error(code: int, status: int, message: str) -> Response:
    """Return an error in Confluent's shape; a client that cannot parse one reports 50005."""
    body = orjson.dumps({"error_code": code, "message": message})
    return Response(body, status, media_type=DEFAULT_MEDIA_TYPE)


def answer_registry_error(error: RegistryError, profile: WireProfile) -> Response:
    """Return an error of ours by the table in registry.errors."""
    wire = find_wire_error(error, profile)
    return make_error(wire.code, wire.status, str(error))


def answer_http_error(_request: Request, error: Exception) -> Response:
    """Return an error of the framework: unknown path, wrong method, unreadable body."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    detail = error.detail if isinstance(error, HTTPException) else phrase
    message = f"HTTP {status} {phrase}" if detail == phrase else detail
    response = make_error(status, status, message)
    response.headers.update(getattr(error, "headers", None) or {})
    return response
