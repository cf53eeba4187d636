"""The first thing a request meets: who may speak, and to which of the two applications.

Who: programs on this machine, not web pages. A page of any site, open in a browser on this machine,
can send requests to 127.0.0.1: across sites, or as "same site" by a name that the site points here
(DNS rebinding). Both show in headers that a browser sets by itself, and are refused.

To which: our paths to us, all others to the registry as they came, without passing our router:
clients ask it for a schema at every start and some for every message.

Every answer gets headers that keep it from being framed, sniffed or kept.
"""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cdc.admin.problems import is_ours, refusal

HOSTS = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})
SITES = frozenset({b"none", b"same-origin"})

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """ASGI middleware around our application, with the registry beside it."""

    def __init__(self, app: ASGIApp, registry: ASGIApp) -> None:
        self._app = app
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *SECURITY_HEADERS]
            await send(message)

        await self._choose(scope)(scope, receive, send_secured)

    def _choose(self, scope: Scope) -> ASGIApp:
        path = scope["path"]
        if refused := find_refusal(scope["headers"]):
            return refusal(HTTPStatus.FORBIDDEN, refused, path)
        return self._app if is_ours(path) else self._registry


def find_refusal(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Why a request is refused; empty when it is not. Names of headers are in lower case (ASGI)."""
    for name, value in headers:
        if name == b"host" and host_name(value) not in HOSTS:
            return "the Host header must name this machine: 127.0.0.1, localhost or [::1]"
        if name == b"sec-fetch-site" and value not in SITES:
            return "requests from pages of other sites are refused"
    return ""


def host_name(host: bytes) -> bytes:
    """A Host header without its port, in lower case."""
    name, colon, port = host.rpartition(b":")
    return (name if colon and port.isdigit() else host).lower()
