"""What `cdc serve` is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp

from cdc import __version__
from cdc.anonymity import AnonymityWatch, CellCounter, Target, choose_targets
from cdc.config import Settings
from cdc.connect.client import ConnectClient
from cdc.connect.restarts import Backoff, Restarter
from cdc.control.status import RelayStatus, read_status
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import STATUS, dead_letter_topic
from cdc.operations import LetterRow, Letters, Orders, Selection
from cdc.privacy.policy import load_policies
from cdc.telemetry.metrics import DEPENDENCY_UP, Metrics
from cdc.topics import RecordDecoder, list_topics
from registry.client import RegistryClient
from registry.errors import WireProfile
from registry.http import create_app as create_registry_app
from registry.model import SchemaId
from registry.service import open_registry

SchemaText = Callable[[SchemaId], str]


@dataclass(frozen=True, slots=True)
class Admin:
    """What `cdc serve` is made of; see `cdc.admin.parts.AdminParts`."""

    registry: ASGIApp
    connect: ConnectClient
    topics: Callable[[], Sequence[object]]
    relay: Callable[[], Mapping[str, RelayStatus]]
    anonymity: Callable[[], Sequence[object]]
    letters: Callable[[Selection], Sequence[LetterRow]]
    orders: Orders
    checks: Mapping[str, Callable[[], str]]
    metrics: Callable[[], bytes]
    version: str
    close: Callable[[], None]


def build_admin(settings: Settings) -> Admin:
    """The registry on its database, read access to Kafka and Connect, commands to the relays.

    Raises:
        ConfigError: the registry's database cannot be opened.
    """
    settings.stack_dir.mkdir(parents=True, exist_ok=True)
    service = open_registry(settings.registry_database)
    kafka = KafkaAccess.of(settings)
    connect = ConnectClient(settings.connect_url, retries=0)
    reader = kafka.reader()
    topics = kafka.topics()
    metrics = Metrics()
    watch = _build_watch(settings, metrics, lambda number: service.get_schema(number).schema)
    watch.start()
    backoff = Backoff(settings.connect.restarts, settings.connect.restart_backoff_s)
    restarter = Restarter(connect, backoff, metrics)
    restarter.start()

    def registry_answers() -> str:
        return f"{len(service.list_subjects())} subjects"

    def kafka_answers() -> str:
        return f"{len(topics.names())} topics"

    def connect_answers() -> str:
        return f"{len(connect.list_connectors())} connectors"

    def close() -> None:
        restarter.stop()
        watch.stop()
        service.close()

    return Admin(
        registry=create_registry_app(service, profile=WireProfile(settings.registry.profile)),
        connect=connect,
        topics=lambda: list_topics(topics, reader, settings.relay),
        relay=lambda: read_status(reader.read_to_end(STATUS)),
        anonymity=watch.last,
        letters=Letters(reader, dead_letter_topic(settings.relay.namespace)).find,
        orders=Orders(topics, reader, kafka.appender(), settings.relay),
        checks={
            "registry": _watched(metrics, "registry", registry_answers),
            "kafka": _watched(metrics, "kafka", kafka_answers),
            "connect": _watched(metrics, "connect", connect_answers),
        },
        metrics=metrics.render,
        version=__version__,
        close=close,
    )


def _watched(metrics: Metrics, name: str, ask: Callable[[], str]) -> Callable[[], str]:
    """The same check, its outcome kept as a metric."""

    def check() -> str:
        metrics.set(DEPENDENCY_UP, 0, name=name)
        said = ask()
        metrics.set(DEPENDENCY_UP, 1, name=name)
        return said

    return check


def build_registry(database_url: str, profile: str = "default") -> ASGIApp:
    """The registry alone on its database, answering as one Confluent generation does.

    Raises:
        ConfigError: the database cannot be opened.
    """
    return create_registry_app(open_registry(database_url), profile=WireProfile(profile))


def build_cell_counter(settings: Settings, schema_text: SchemaText | None = None) -> CellCounter:
    """What counts the cells of governed topics; it needs neither MySQL nor privacy keys.

    `schema_text` stands in for the registry's client.
    """
    kafka = KafkaAccess.of(settings)
    ask = schema_text or RegistryClient(settings.registry_url).schema_by_id
    return CellCounter(kafka.topics(), kafka.reader(), RecordDecoder(ask))


def _build_watch(settings: Settings, metrics: Metrics, own: SchemaText) -> AnonymityWatch:
    """The count of every policy's `k`, repeated; `own` reads the registry inside this process."""

    def targets() -> list[Target]:
        if not settings.policies.dir.is_dir():
            return []  # a service for the registry alone
        return choose_targets(load_policies(settings.policies.dir), settings.relay.namespace)

    return AnonymityWatch(
        targets,
        build_cell_counter(settings, None if settings.registry.url else own),
        metrics,
        settings.serve.k_every_s,
    )
