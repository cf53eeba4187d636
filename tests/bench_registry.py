"""Speed of the registry over HTTP, as one JSON object on stdout; `make bench-registry`.

The server is a process of its own (uvicorn with uvloop and httptools; one event loop and its
threads, so one core at most) on a new SQLite file; this process only sends requests over raw
keep-alive sockets, one at a time on each, and reads the answers. Bare Starlette, a route that
returns a constant, is measured in the same way and the same rounds. Medians over rounds after a
warm-up. `_per_s` are answers per second of the server's CPU and `check_1000_fields_ms` is CPU too,
so that other work on the machine does not count; what the clock says stands beside them in the
table on stderr. `get_p99_ms` and `start_s` are by the clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvloop

SCHEMAS = 1000
ROUNDS = 5
GET_S = 1.0
GET_SOCKETS = 4
REGISTRATIONS = 800
REGISTER_SOCKETS = 32
CHECKS = 20
START_DEADLINE_S = 20

SERVER = """
import sys, uvicorn
if sys.argv[1] == "bare":
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route
    async def answer(request):
        return Response(b"{}", media_type="application/json")
    app = Starlette(routes=[Route("/schemas/ids/{id}", answer)])
else:
    from registry.http import create_app
    from registry.service import open_registry
    app = create_app(open_registry(sys.argv[1]))
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
class Announced(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)
Announced(server.config).run()
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, its process, and how long it took to answer."""

    port: int
    process: psutil.Process
    start_s: float


@contextlib.contextmanager
def serve(what: str) -> Iterator[Server]:
    """Run `bare` Starlette or the registry on a database, until its first answer and after."""
    begin = time.monotonic()
    command = [sys.executable, "-c", SERVER, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline())  # type: ignore[union-attr]
            uvloop.run(send_all(port, [[make_get(1)]]))
            yield Server(port, psutil.Process(process.pid), time.monotonic() - begin)
        finally:
            process.terminate()


class Answers(asyncio.Protocol):
    """Sends the next request as soon as the last is answered; keeps each answer's time.

    `requests` are whole HTTP messages; answers carry Content-Length, as uvicorn's do.
    """

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[list[float]]) -> None:
        self._requests = requests
        self._done = done
        self._buffer = b""
        self._taken: list[float] = []
        self._begin = 0.0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().split(b"content-length: ")[1].split()[0]):
            return
        self._taken.append(time.perf_counter() - self._begin)
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 404")):
            self._done.set_exception(RuntimeError(self._buffer.decode()))
            return
        self._buffer = b""
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None or self._transport is None:
            self._done.set_result(self._taken)
            return
        self._begin = time.perf_counter()
        self._transport.write(request)

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(ConnectionError("the server hung up"))


async def send_all(port: int, shares: Sequence[Sequence[bytes] | Iterator[bytes]]) -> list[float]:
    """Send each share over a socket of its own, all at once; the seconds of each answer."""
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in shares]
    for share, done in zip(shares, futures, strict=True):
        await loop.create_connection(lambda s=share, d=done: Answers(iter(s), d), "127.0.0.1", port)
    return [taken for share in await asyncio.gather(*futures) for taken in share]


def make_get(schema_id: int) -> bytes:
    """What a deserializer asks."""
    path = f"/schemas/ids/{schema_id}?fetchMaxId=false&subject=s{schema_id}"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def make_post(path: str, schema: str) -> bytes:
    """A schema, sent as Confluent's clients do."""
    body = json.dumps({"schema": schema})
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


def make_schema(number: int, fields: int = 12, extra: str = "") -> str:
    """A record of nullable columns with some words of documentation, like a governed table's."""
    columns = [
        {
            "name": f"c{i}_{number}{extra}",
            "type": ["null", "string"],
            "default": None,
            "doc": "text",
        }
        for i in range(fields)
    ]
    return json.dumps({"type": "record", "name": "Row", "namespace": "a.b", "fields": columns})


def repeat_until(deadline_s: float, requests: Sequence[bytes]) -> Iterator[bytes]:
    """Requests in a circle until it is time."""
    while True:
        for request in requests:
            if time.perf_counter() > deadline_s:
                return
            yield request


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers per second of the server's CPU and per second of the clock."""

    per_cpu_s: float
    per_s: float
    p99_ms: float


def measure(server: Server, shares: Sequence[Sequence[bytes] | Iterator[bytes]]) -> Rate:
    """Send all shares at once and see what they cost."""
    begin, used = time.perf_counter(), read_cpu_s(server)
    taken = uvloop.run(send_all(server.port, shares))
    wall, used = time.perf_counter() - begin, read_cpu_s(server) - used
    p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
    return Rate(len(taken) / used, len(taken) / wall, p99 * 1000)


def read_cpu_s(server: Server) -> float:
    """Seconds that the server's process has worked."""
    times = server.process.cpu_times()
    return float(times.user + times.system)


def measure_gets(server: Server) -> Rate:
    """Ids all over the registry."""
    requests = [make_get(i) for i in range(1, SCHEMAS + 1)]
    step = SCHEMAS // GET_SOCKETS
    deadline = time.perf_counter() + GET_S
    shares = [
        repeat_until(deadline, requests[i * step :] + requests[: i * step])
        for i in range(GET_SOCKETS)
    ]
    return measure(server, shares)


def measure_registrations(server: Server, first: int, count: int) -> Rate:
    """New schemas under new subjects."""
    requests = [
        make_post(f"/subjects/s{i}/versions", make_schema(i)) for i in range(first, first + count)
    ]
    return measure(server, [requests[i::REGISTER_SOCKETS] for i in range(REGISTER_SOCKETS)])


def measure_checks(server: Server) -> Rate:
    """Verbose checks of a schema of 1000 fields, each time a text that was never seen before."""
    measure(server, [[make_post("/subjects/wide/versions", make_schema(0, 1000))]])
    path = "/compatibility/subjects/wide/versions/latest?verbose=true"
    requests = [make_post(path, make_schema(0, 1000) + " " * i) for i in range(1, CHECKS + 1)]
    return measure(server, [requests])


def measure_served(url: str) -> tuple[dict[str, float], dict[str, float]]:
    """All figures of a server that starts on 1,000 schemas, and what the clock says to them."""
    with serve(url) as server, serve("bare") as bare:
        rounds = [(measure_gets(server), measure_gets(bare)) for _ in range(ROUNDS + 1)]
        rss_mb = server.process.memory_info().rss / 1e6
        check = measure_checks(server)
        registered = [
            measure_registrations(server, 10_000 * i, REGISTRATIONS) for i in range(1, ROUNDS + 1)
        ]
    gets, bares = zip(*rounds[1:], strict=True)
    figures = {
        "get_by_id_per_s": statistics.median(rate.per_cpu_s for rate in gets),
        "get_p99_ms": statistics.median(rate.p99_ms for rate in gets),
        "register_per_s": statistics.median(rate.per_cpu_s for rate in registered),
        "check_1000_fields_ms": 1000 / check.per_cpu_s,
        "start_s": server.start_s,
        "rss_mb": rss_mb,
        "bare_starlette_per_s": statistics.median(rate.per_cpu_s for rate in bares),
    }
    clock = {
        "get_by_id_per_s": statistics.median(rate.per_s for rate in gets),
        "register_per_s": statistics.median(rate.per_s for rate in registered),
        "check_1000_fields_ms": 1000 / check.per_s,
        "bare_starlette_per_s": statistics.median(rate.per_s for rate in bares),
    }
    return figures, clock


def main() -> None:
    """Fill a registry, start it anew, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'registry.db'}"
        with serve(url) as server:
            measure_registrations(server, 1, SCHEMAS)
        figures, clock = measure_served(url)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))  # noqa: T201
    for name, value in figures.items():
        by_clock = f"{clock[name]:>12,.2f} by the clock" if name in clock else ""
        print(f"{name:24} {value:>12,.2f} {by_clock}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
