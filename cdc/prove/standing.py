"""All surfaces of a stack that stands, and what in it is restricted.

Enters: the settings of a running stack, a runner of commands. Leaves: surfaces. Routes come from
the applications themselves, topics from the broker, subjects from the registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from starlette.routing import Route
from starlette.types import ASGIApp

from cdc.admin.app import create_app
from cdc.app import build_admin
from cdc.config import Settings
from cdc.connect.client import ConnectClient
from cdc.errors import Unreachable
from cdc.kafka.client import KafkaAccess
from cdc.prove.ground import Runner
from cdc.prove.surfaces import (
    ALWAYS_RESTRICTED,
    HTTP_TIMEOUT_S,
    RESTRICTED_LOG,
    Restricted,
    Row,
    Surface,
    command_surface,
    file_surface,
    http_surface,
    topic_surfaces,
    unasked,
)
from cdc.topics.listing import kind_of

RELAY_PATHS = ("/health", "/ready", "/metrics", "/unknown")


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be looked at, what must not be, and the routes that nobody can fill."""

    surfaces: tuple[Surface, ...]
    restricted: tuple[Restricted, ...]
    unasked: tuple[str, ...]


def get_paths(app: ASGIApp) -> list[str]:
    """The paths of an application's GET routes."""
    routes = getattr(app, "routes", ())
    return [
        route.path
        for route in routes
        if isinstance(route, Route) and "GET" in (route.methods or {"GET"})
    ]


def find_surfaces(settings: Settings, runner: Runner) -> Standing:
    """Ask the stack what there is.

    Raises:
        Unreachable: Kafka, Connect or the registry does not answer.
    """
    kafka = KafkaAccess.of(settings)
    names = kafka.topics().names()
    relay_and_others = settings.relay.model_copy(update={"prefixes": _prefixes(settings)})
    topics, restricted = topic_surfaces(names, kafka.log_reader(), relay_and_others)
    governed = [name for name in names if kind_of(name, settings.relay) == "governed"]
    session = requests.Session()
    session.trust_env = False
    shapes = list(_registered(session, settings))
    ours, theirs = _serve_paths(settings)
    rows = [*shapes, *({"topic": name} for name in governed), *_named(settings)]
    serve = f"http://127.0.0.1:{settings.port('serve')}"
    relay = f"http://127.0.0.1:{settings.port('relay')}"
    with_deleted = [path + suffix for path in theirs for suffix in ("", "?deleted=true")]
    surfaces = [
        *topics,
        http_surface("registry", settings.registry_url, with_deleted, shapes, session.get),
        http_surface("REST of cdc serve", serve, [*ours, "/unknown"], rows, session.get),
        http_surface("relay: metrics, health", relay, RELAY_PATHS, (), session.get),
        file_surface("log files", settings.stack_dir / "logs"),
        file_surface("generated files", settings.stack_dir / "etc"),
        command_surface(lambda *words: runner.run(*words).said, _words(settings, names)),
    ]
    return Standing(
        tuple(surfaces), (*restricted, *ALWAYS_RESTRICTED), tuple(unasked([*ours, *theirs], rows))
    )


def _serve_paths(settings: Settings) -> tuple[list[str], list[str]]:
    """Paths of the admin application and of the registry inside it."""
    parts = build_admin(settings)
    try:
        return get_paths(create_app(parts)), get_paths(parts.registry)
    finally:
        parts.close()


def _registered(session: requests.Session, settings: Settings) -> Iterator[Row]:
    """Every governed version, deleted ones too; raw subjects are restricted, as raw topics are."""

    def ask(path: str) -> Any:
        try:
            answer = session.get(settings.registry_url + path, timeout=HTTP_TIMEOUT_S)
            return answer.json() if answer.ok else []
        except requests.RequestException as error:
            raise Unreachable(
                f"prove: the registry at {settings.registry_url} does not answer"
                f" ({type(error).__name__})",
                hint="cdc stack up serve",
            ) from None

    for subject in ask("/subjects?deleted=true"):
        if subject.startswith(f"{settings.relay.namespace}."):
            versions = f"/subjects/{quote(subject, safe='')}/versions"
            for number in ask(f"{versions}?deleted=true"):
                found = ask(f"{versions}/{number}?deleted=true")
                yield {
                    "subject": subject,
                    "version": str(number),
                    "id": str(found["id"]),
                    "guid": str(found.get("guid", "none")),
                }


def _prefixes(settings: Settings) -> list[str]:
    """Of raw topics: those that the relay reads, and those of every connector that there is."""
    client = ConnectClient(settings.connect_url)
    configs = (client.get_config(name) or {} for name in client.list_connectors())
    found = (config.get("topic.prefix", "") for config in configs)
    return [*settings.relay.prefixes, *filter(None, found)]


def _named(settings: Settings) -> Iterator[Row]:
    """Names that admin routes may ask for."""
    for name in ConnectClient(settings.connect_url).list_connectors():
        yield {"name": name, "connector": name}
    for file in settings.policies.dir.glob("*.yaml"):
        yield {"table": file.stem}


def _words(settings: Settings, topics: Sequence[str]) -> list[Row]:
    """Values for the words of commands."""
    logs = (settings.stack_dir / "logs").glob("*.log")
    kinds = {name: kind_of(name, settings.relay) for name in topics}
    return [
        {"registry": settings.registry_url},
        *({"log": file.stem} for file in sorted(logs) if file.name != RESTRICTED_LOG),
        *({"governed": name} for name, kind in kinds.items() if kind == "governed"),
        *({"other": name} for name, kind in kinds.items() if kind == "dead letters"),
        *({"other": name} for name in topics if name.startswith("_cdc.")),
    ]
