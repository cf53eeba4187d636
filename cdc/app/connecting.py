"""What brings connectors to their state, and tells how they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from cdc.app.tables import open_database
from cdc.config import Settings
from cdc.connect.client import ConnectClient
from cdc.connect.desired import DesiredConnector
from cdc.connect.offsets import find_lag, read_positions
from cdc.connect.progress import SnapshotProgress, read_progress
from cdc.connect.raw_subjects import free_subjects, raw_topics, registry_urls
from cdc.connect.reconcile import Reconciler
from cdc.connect.states import ConnectorState, read_live
from cdc.doctor import Access
from cdc.doctor.worker import WorkerClient
from cdc.errors import HeadworksError, Unreachable
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import NOTIFICATIONS, SIGNALS, SOURCE_SPECS
from cdc.signalling import Snapshots
from cdc.source import Database
from cdc.store import AppliedConnectors, ServiceDatabase
from registry.client import RegistryClient
from registry.errors import RegistryUnreachable

Answer = TypeVar("Answer")


def build_reconciler(settings: Settings) -> Reconciler:
    """What brings Connect to the declared state; remembers it in the service's database."""

    @cache
    def make_topics() -> None:
        KafkaAccess.of(settings).topics().create(SOURCE_SPECS)

    def prepare(wanted: DesiredConnector) -> None:
        if SIGNALS in wanted.config.values():
            make_topics()
        _free_subjects(settings, wanted)

    return Reconciler(
        ConnectClient(settings.connect_url),
        AppliedConnectors(ServiceDatabase(settings.registry_database)),
        settings.fingerprint_key,
        prepare,
    )


def _free_subjects(settings: Settings, wanted: DesiredConnector) -> None:
    """See that the registry takes every shape of a connector with Avro."""
    urls = registry_urls(wanted.config)
    if not urls:
        return
    with closing(open_database(settings)) as database:
        topics = list(raw_topics(wanted.config, database.tables()))
    for part, url in urls.items():
        try:
            free_subjects(RegistryClient(url), part, topics)
        except RegistryUnreachable as error:
            raise Unreachable(
                f"connector {wanted.name}: the level of its raw subjects cannot be set: {error}",
                hint="cdc stack up serve",
            ) from None


@dataclass(frozen=True, slots=True)
class Standing:
    """A connector as `cdc connectors status` shows it.

    `lag` counts transactions that MySQL has and the connector has not, `snapshot` is its newest;
    None where nothing is known.
    """

    state: ConnectorState
    lag: int | None
    snapshot: SnapshotProgress | None


def read_standings(settings: Settings, connect: ConnectClient) -> list[Standing]:
    """All connectors; what MySQL and Kafka cannot be asked for is left out.

    Raises:
        Unreachable: Connect does not answer.
    """
    live = read_live(connect)
    executed = _unless_down(lambda: _executed(settings), "") if live else ""
    nothing: Sequence[bytes | None] = ()
    notes = _unless_down(lambda: _notifications(settings), nothing) if live else nothing
    return [
        Standing(
            one.state,
            find_lag(executed, read_positions(connect.offsets(name))),
            next(iter(reversed(read_progress(notes, one.config.get("topic.prefix", "")))), None),
        )
        for name, one in live.items()
    ]


def _executed(settings: Settings) -> str:
    with closing(open_database(settings)) as database:
        return database.gtid_executed()


def _notifications(settings: Settings) -> Sequence[bytes | None]:
    reader = KafkaAccess.of(settings).reader()
    return [record.value for record in reader.read_to_end(NOTIFICATIONS)]


def _unless_down(ask: Callable[[], Answer], otherwise: Answer) -> Answer:
    try:
        return ask()
    except HeadworksError:
        return otherwise


def build_snapshots(settings: Settings) -> Snapshots:
    """What asks connectors for snapshots.

    Raises:
        ConfigError: a secret is missing.
    """
    kafka = KafkaAccess.of(settings)
    person = settings.relay.model_copy(update={"group": f"{settings.relay.group}-signals"})
    return Snapshots(kafka.topics(), kafka.reader(), kafka.sink(person, 0))


def build_access(settings: Settings) -> Access:
    """How `cdc doctor` reaches what it looks at; nothing is opened yet."""

    def login(user: str, password: str) -> Database:
        return Database(*settings.mysql_address, user, password)

    return Access(
        database=lambda: open_database(settings),
        login=login,
        connect=lambda: WorkerClient(settings.connect_url, retries=1),
        topics=lambda: KafkaAccess.of(settings).topics(),
    )
