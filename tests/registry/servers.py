"""A registry on a real socket, for tests that go through HTTP clients."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests
import uvicorn

DEADLINE_S = 20


@contextlib.contextmanager
def serve(app: Any) -> Iterator[str]:
    """Run an ASGI app on a free loopback port and yield its URL once it answers."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield await_url(server)
    finally:
        server.should_exit = True
        thread.join(DEADLINE_S)


def await_url(server: uvicorn.Server) -> str:
    """Return the server's URL as soon as somebody answers there."""
    deadline = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while time.monotonic() < deadline:
        if server.started:
            port = server.servers[0].sockets[0].getsockname()[1]
            url = f"http://127.0.0.1:{port}"
            with contextlib.suppress(requests.ConnectionError):
                requests.get(url, timeout=1)
                return url
        pause.wait(0.01)
    raise TimeoutError(f"no answer within {DEADLINE_S} s")
