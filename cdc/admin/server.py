"""The process behind `cdc serve`: a loopback socket and uvicorn on it."""

import ipaddress
import signal
import socket

import uvicorn
from starlette.types import ASGIApp

from cdc.errors import ConfigError, FatalError

BACKLOG = 2048
GRACE_S = 5
"""Open requests have this long to end after SIGTERM."""


def open_socket(host: str, port: int) -> socket.socket:
    """Listen on a loopback address; port 0 takes a free one.

    Raises:
        ConfigError: the address is not loopback, is not one of this machine's, or is taken.
    """
    refuse_public(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            f"serve.port (CDC_SERVE__PORT): cannot listen on {host}:{port}: {reason}",
            hint="another port, or 0 for a free one: cdc serve --port 0",
        ) from None


def refuse_public(host: str) -> None:
    """Let only loopback addresses pass: nobody is asked for credentials yet.

    Raises:
        ConfigError: `host` is another address, or a name other than localhost.
    """
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        raise ConfigError(
            f"serve.host (CDC_SERVE__HOST): {host or 'an empty address'} is not a loopback address;"
            " others are refused until credentials exist",
            hint="127.0.0.1, or a reverse proxy with credentials in front of it",
        )


def address_of(listener: socket.socket) -> str:
    """The URL of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run_server(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then let open requests end and return.

    Raises:
        FatalError: the application's start failed.
    """
    # Errors are logged where they are answered, without their text; uvicorn would print it.
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="critical",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    # uvicorn raises the signal again once it has stopped; a stop that was asked for is no failure.
    for asked in (signal.SIGTERM, signal.SIGINT):
        signal.signal(asked, lambda _number, _frame: None)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise FatalError("cdc serve: the application could not be started")
