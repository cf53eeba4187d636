"""The parts of the stack, as data: what each needs, how it starts, when it is ready."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import requests

from cdc.config import Part, Settings
from cdc.errors import ConfigError
from cdc.stack import kafka, kafka_connect, mysql
from cdc.stack.artifacts import fetch_jars, fetch_plugins
from cdc.stack.report import Report
from cdc.stack.site import Site
from cdc.stack.tools import fetch_tools

Fetch = Callable[[Site, Report], None]
HTTP_TIMEOUT_S = 5


def do_nothing(_site: Site) -> None:
    """A part's step that it does not need."""


@dataclass(frozen=True, slots=True)
class StackPart:
    """One part.

    `prepare` gives its command, `is_ready` is asked with the log's length before the start,
    `finish` runs once it is ready. `elsewhere` is the address of one that the settings name in its
    place (empty: ours is started). `before_stop` runs while it still answers; `stop_s` is how long
    it may take to end on SIGTERM.
    """

    name: Part
    needs: tuple[Part, ...]
    fetches: tuple[Fetch, ...]
    prepare: Callable[[Site], list[str]]
    is_ready: Callable[[Site, int], bool]
    address: Callable[[Settings], str]
    elsewhere: Callable[[Settings], str] = lambda _: ""
    finish: Callable[[Site], None] = do_nothing
    before_stop: Callable[[Site], None] = do_nothing
    by_default: bool = True
    stop_s: float = 30.0


def own_command(*arguments: str) -> Callable[[Site], list[str]]:
    """`prepare` of one of our own processes: the same settings file, environment and folder."""

    def prepare(site: Site) -> list[str]:
        config = ["--config", str(site.config)] if site.config else []
        return [sys.executable, "-m", "cdc", *config, *arguments]

    return prepare


def answers_ready(part: Part) -> Callable[[Site, int], bool]:
    """`is_ready` of one of our own processes: `GET /ready` answers 200."""

    def is_ready(site: Site, _start: int) -> bool:
        url = f"http://127.0.0.1:{site.settings.port(part)}/ready"
        try:
            return requests.get(url, timeout=HTTP_TIMEOUT_S).ok
        except requests.RequestException:
            return False

    return is_ready


def loopback(part: Part, scheme: str = "") -> Callable[[Settings], str]:
    """The address of a part that listens on a port of its own."""
    return lambda settings: f"{scheme}127.0.0.1:{settings.port(part)}"


PARTS = (
    StackPart(
        name="mysql",
        needs=(),
        fetches=(mysql.fetch_mysqld,),
        prepare=mysql.prepare,
        is_ready=mysql.is_ready,
        finish=mysql.bootstrap,
        before_stop=mysql.release_readers,
        address=loopback("mysql"),
        elsewhere=lambda settings: settings.mysql.url,
    ),
    StackPart(
        name="kafka",
        needs=(),
        fetches=(fetch_jars, fetch_tools),
        prepare=kafka.prepare,
        is_ready=kafka.is_ready,
        address=loopback("kafka"),
        elsewhere=lambda settings: settings.kafka.bootstrap,
    ),
    StackPart(
        name="connect",
        needs=("kafka",),
        fetches=(fetch_jars, fetch_plugins),
        prepare=kafka_connect.prepare,
        is_ready=kafka_connect.is_ready,
        address=loopback("connect", "http://"),
        elsewhere=lambda settings: settings.connect.url,
    ),
    StackPart(
        name="serve",
        needs=(),
        fetches=(),
        prepare=own_command("serve"),
        is_ready=answers_ready("serve"),
        address=loopback("serve", "http://"),
        by_default=False,
    ),
    StackPart(
        name="relay",
        needs=("kafka", "serve"),
        fetches=(),
        prepare=own_command("relay", "run"),
        is_ready=answers_ready("relay"),
        address=loopback("relay", "http://"),
        by_default=False,
    ),
)

BY_NAME: dict[str, StackPart] = {part.name: part for part in PARTS}


def select_parts(names: Iterable[str]) -> list[StackPart]:
    """The named parts and all that they need, in starting order; no names: the default ones.

    Raises:
        ConfigError: a name is not known.
    """
    wanted = set(names) or {part.name for part in PARTS if part.by_default}
    unknown = sorted(wanted - set(BY_NAME))
    if unknown:
        raise ConfigError(
            f"no such part: {', '.join(unknown)}; parts are: {', '.join(BY_NAME)}",
        )
    for part in reversed(PARTS):
        if part.name in wanted:
            wanted |= set(part.needs)
    return [part for part in PARTS if part.name in wanted]


def group_waves(parts: Iterable[StackPart]) -> list[list[StackPart]]:
    """Parts that can start together, wave by wave: each one's needs are in earlier waves."""
    waves: list[list[StackPart]] = []
    left = list(parts)
    while left:
        names = {part.name for part in left}
        wave = [part for part in left if not names & set(part.needs)]
        waves.append(wave)
        left = [part for part in left if part not in wave]
    return waves
