"""The endpoints as a table, and the application made of it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from registry.errors import RegistryError, StoreError, WireProfile
from registry.http import about, schemas, settings, subjects
from registry.http.answers import show_registered
from registry.http.batches import Registrar
from registry.http.door import AnswerCache, Door
from registry.http.wire import (
    Call,
    answer_http_error,
    answer_registry_error,
    choose_media_type,
    make_answer,
    make_error,
    receive_call,
)
from registry.service import RegistryService

MAX_BODY_BYTES: Final = 10 * 1024 * 1024

Handler = Callable[[RegistryService, Call], Any]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line of the protocol.

    A cached one answers the same until something is deleted; a registration goes with others.
    """

    method: str
    path: str
    handler: Handler
    query: tuple[str, ...] = ()
    is_cached: bool = False
    is_registration: bool = False


_SUBJECT: Final = "/subjects/{subject}"
_VERSION: Final = "/subjects/{subject}/versions/{version}"
_ID: Final = "/schemas/ids/{id}"
_PAGE: Final = ("offset", "limit")
_DELETED: Final = ("deleted", *_PAGE)
_SHOWN: Final = ("format", "referenceFormat", "findTags")
_GUID: Final = "/schemas/guids/{guid}"

ENDPOINTS: Final[Sequence[Endpoint]] = (
    Endpoint("GET", _ID, schemas.get_schema, ("subject", "fetchMaxId", *_SHOWN), is_cached=True),
    Endpoint(
        "GET", f"{_ID}/schema", schemas.get_schema_text, ("subject", "format"), is_cached=True
    ),
    Endpoint("GET", f"{_ID}/subjects", schemas.list_subjects, ("subject", *_DELETED)),
    Endpoint("GET", f"{_ID}/versions", schemas.list_versions, ("subject", *_DELETED)),
    Endpoint("GET", _GUID, schemas.get_schema_by_guid, ("format",)),
    Endpoint("GET", f"{_GUID}/ids", schemas.list_ids_by_guid),
    Endpoint("GET", "/schemas/types", schemas.list_types),
    Endpoint(
        "GET",
        "/schemas",
        schemas.list_schemas,
        ("subjectPrefix", "aliases", "latestOnly", "ruleType", *_DELETED),
    ),
    Endpoint(
        "GET", "/subjects", subjects.list_subjects, ("subjectPrefix", "deletedOnly", *_DELETED)
    ),
    Endpoint("POST", _SUBJECT, subjects.look_up, ("normalize", "deleted", "format")),
    Endpoint("DELETE", _SUBJECT, subjects.delete_subject, ("permanent",)),
    Endpoint(
        "GET",
        f"{_SUBJECT}/metadata",
        subjects.find_by_metadata,
        ("key", "value", "deleted", "format"),
    ),
    Endpoint(
        "GET",
        f"{_SUBJECT}/versions",
        subjects.list_versions,
        ("deletedOnly", "deletedAsNegative", *_DELETED),
    ),
    Endpoint(
        "POST",
        f"{_SUBJECT}/versions",
        subjects.register,
        ("normalize", "format", "force"),
        is_registration=True,
    ),
    Endpoint("GET", _VERSION, subjects.get_version, ("deleted", *_SHOWN)),
    Endpoint("DELETE", _VERSION, subjects.delete_version, ("permanent",)),
    Endpoint("GET", f"{_VERSION}/schema", subjects.get_version_text, ("deleted", "format")),
    Endpoint("POST", f"{_VERSION}/tags", subjects.change_tags),
    Endpoint("GET", f"{_VERSION}/referencedby", subjects.list_referrers, _DELETED),
    Endpoint("GET", "/config", settings.get_config, ("defaultToGlobal",)),
    Endpoint("PUT", "/config", settings.put_config),
    Endpoint("DELETE", "/config", settings.delete_config),
    Endpoint("GET", "/config/{subject}", settings.get_config, ("defaultToGlobal",)),
    Endpoint("PUT", "/config/{subject}", settings.put_config),
    Endpoint("DELETE", "/config/{subject}", settings.delete_config),
    Endpoint("GET", "/mode", settings.get_mode, ("defaultToGlobal",)),
    Endpoint("PUT", "/mode", settings.put_mode, ("force",)),
    Endpoint("DELETE", "/mode", settings.delete_mode, ("recursive",)),
    Endpoint("GET", "/mode/{subject}", settings.get_mode, ("defaultToGlobal",)),
    Endpoint("PUT", "/mode/{subject}", settings.put_mode, ("force",)),
    Endpoint("DELETE", "/mode/{subject}", settings.delete_mode, ("recursive",)),
    Endpoint("POST", f"/compatibility{_VERSION}", settings.check_version, ("normalize", "verbose")),
    Endpoint(
        "POST",
        f"/compatibility{_SUBJECT}/versions",
        settings.check_subject,
        ("normalize", "verbose"),
    ),
    Endpoint("GET", "/", about.get_root),
    Endpoint("POST", "/", about.get_root),
    Endpoint("GET", "/contexts", about.list_contexts, ("contextPrefix", *_PAGE)),
    Endpoint("DELETE", "/contexts/{context}", about.delete_context),
    Endpoint("GET", "/v1/metadata/id", about.get_id),
    Endpoint("GET", "/v1/metadata/version", about.get_version),
    Endpoint("GET", "/v1/metadata/deployment", about.get_deployment),
)


def create_app(
    service: RegistryService,
    *,
    profile: WireProfile = WireProfile.DEFAULT,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> Starlette:
    """Return the registry as an ASGI application, to be run alone or mounted at `/`.

    `profile` chooses the Confluent generation that answers look like; larger bodies than
    `max_body_bytes` are refused with 413.
    """
    cache = AnswerCache(service)
    answer = _Answerer(service, cache, Registrar(service), profile, max_body_bytes)
    app = Starlette(
        routes=routes(answer),
        middleware=[Middleware(Door, cache=cache)],
        exception_handlers={HTTPException: answer_http_error, Exception: _answer_failure},
    )
    app.router.redirect_slashes = False
    return app


def routes(answer: "_Answerer") -> list[Route]:
    """Return a Starlette route for each endpoint."""
    return [Route(each.path, answer.make(each), methods=[each.method]) for each in ENDPOINTS]


@dataclass(frozen=True, slots=True)
class _Answerer:
    """Turns an endpoint into what Starlette calls; handlers run in threads, for they do I/O."""

    service: RegistryService
    cache: AnswerCache
    registrar: Registrar
    profile: WireProfile
    max_body_bytes: int

    def make(self, endpoint: Endpoint) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                return await self._answer(endpoint, request)
            except RegistryError as error:
                if isinstance(error, StoreError):
                    _log.error("store failed: %s", type(error.__cause__).__name__)
                return answer_registry_error(error, self.profile)

        return answer

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        media_type = choose_media_type(request.headers.get("accept", ""))
        call = await receive_call(request, self.max_body_bytes, self.profile)
        if endpoint.is_registration and not call.wants_resolved:
            registered = await self.registrar.register(call)
            return make_answer(show_registered(registered, self.profile), media_type)
        age = self.cache.age
        value = await run_in_threadpool(endpoint.handler, self.service, call)
        response = make_answer(value, media_type)
        if endpoint.is_cached and not call.flag("fetchMaxId"):
            self.cache.keep(request.scope, response, age)
        return response


def _answer_failure(_request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw; the traceback goes to the log of the server."""
    _log.error("unexpected failure: %s", type(error).__name__)
    return make_error(50001, 500, "Internal error; the server's log says more")
