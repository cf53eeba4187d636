"""The composition root: the only place that builds clients.

Every `build_…` takes the settings and gives one working thing; what it is made of is written here
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from starlette.types import ASGIApp

from cdc import __version__
from cdc.anonymity import AnonymityWatch, CellCounter, Target, choose_targets
from cdc.config import Settings
from cdc.connect.client import ConnectClient
from cdc.connect.desired import DesiredConnector
from cdc.connect.offsets import find_lag, read_positions
from cdc.connect.progress import SnapshotProgress, read_progress
from cdc.connect.raw_subjects import free_subjects, raw_topics, registry_urls
from cdc.connect.reconcile import Reconciler
from cdc.connect.restarts import Backoff, Restarter
from cdc.connect.states import ConnectorState, read_live
from cdc.control.state import read_state
from cdc.control.status import RelayStatus, read_status
from cdc.errors import ConfigError, HeadworksError, Unreachable
from cdc.evolution.lock import LockFolder
from cdc.govern import Governor, PolicyFolder
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import NOTIFICATIONS, SIGNALS, SOURCE_SPECS, STATE, STATUS, dead_letter_topic
from cdc.kafka.port import Reader
from cdc.keys import load_keys, read_secret
from cdc.operations import LetterRow, Letters, Orders, Selection
from cdc.privacy.plan import Plan, plan_table, require_keys
from cdc.privacy.policy import load_policies
from cdc.relay import Kernels, PatientPrograms, Ports, Relay
from cdc.signalling import Snapshots
from cdc.source import Database
from cdc.store import AppliedConnectors, ServiceDatabase
from cdc.telemetry.logs import get_log
from cdc.telemetry.metrics import DEPENDENCY_UP, Metrics
from cdc.topics import RecordDecoder, Retirer, list_topics
from cdc.verify import RelayPassing, TableReport, Verifier
from registry.client import RegistryClient
from registry.derive.table import Table
from registry.errors import RegistryUnreachable, WireProfile
from registry.http import create_app as create_registry_app
from registry.model import SchemaId
from registry.service import open_registry

DEAD_LETTER_KEY = "dlq"
VERIFY_TIMEOUT_S = 60.0
_LOG = get_log("cdc.app")
Answer = TypeVar("Answer")


def build_relay(settings: Settings, instance: int) -> Relay:
    """One relay instance.

    Raises:
        ConfigError: policies or keys are missing or malformed.
    """
    keys = load_keys(settings.privacy_keys)
    if DEAD_LETTER_KEY not in keys:
        raise ConfigError(
            f"{settings.privacy_keys}: key `{DEAD_LETTER_KEY}` is missing:"
            " it seals the originals of dead letters"
        )
    folder = PolicyFolder(settings.policies.dir, _report_policy)
    require_keys(folder.policies, keys)
    lock = LockFolder(settings.policies.lock, is_binding=settings.relay.evolution == "locked")
    registry = RegistryClient(settings.registry_url)
    kafka = KafkaAccess.of(settings)
    kernels = Kernels(settings.cache_dir / "kernels")
    if settings.relay.path == "auto":
        kernels.load()
    ports = Ports(
        source=kafka.source(settings.relay, instance),
        sink=kafka.sink(settings.relay, instance),
        topics=kafka.topics(),
        reader=kafka.reader(),
        programs=PatientPrograms(
            Governor(folder, keys, registry, settings.relay.namespace, lock=lock, kernels=kernels)
        ),
        cipher=keys[DEAD_LETTER_KEY],
    )
    return Relay(settings.relay, instance, ports)


def _report_policy(error: ConfigError) -> None:
    _LOG.error(
        "policy_refused",
        message=error.message,
        hint=f"{error.hint or 'mend it'}; until then the policies before it stay in force",
    )


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


SchemaText = Callable[[SchemaId], str]


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


def build_registry(database_url: str, profile: str = "default") -> ASGIApp:
    """The registry alone on its database, answering as one Confluent generation does.

    Raises:
        ConfigError: the database cannot be opened.
    """
    return create_registry_app(open_registry(database_url), profile=WireProfile(profile))


def relay_statuses(settings: Settings, reader: Reader) -> Mapping[str, RelayStatus]:
    """The last word of each relay of the settings' group."""
    statuses = read_status(reader.read_to_end(STATUS))
    return {
        name: status for name, status in statuses.items() if status.group == settings.relay.group
    }


def open_database(settings: Settings) -> Database:
    """The source, as the verifying user sees it.

    Raises:
        ConfigError: the password's reference leads nowhere.
    """
    host, port = settings.mysql_address
    return Database(host, port, settings.mysql.user, read_secret(settings.mysql_password))


def read_tables(settings: Settings, names: Iterable[str]) -> Mapping[str, Table | None]:
    """The shapes of tables, from live MySQL; None: no such table, or the user may not see it.

    Raises:
        ConfigError: a secret is missing.
        Unreachable: MySQL does not answer.
    """
    with closing(open_database(settings)) as database:
        return {name: database.table(*name.split(".", 1)) for name in names}


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


def build_verifier(settings: Settings) -> Verifier:
    """What compares governed topics with MySQL.

    Raises:
        ConfigError: a secret is missing.
    """
    database = open_database(settings)
    kafka = KafkaAccess.of(settings)
    topics, reader = kafka.topics(), kafka.reader()
    registry = RegistryClient(settings.registry_url)
    connect = ConnectClient(settings.connect_url)

    def schema_text(schema_id: SchemaId) -> str:
        try:
            return registry.schema_by_id(schema_id)
        except RegistryUnreachable as error:
            raise Unreachable(f"registry: {error}", hint="cdc stack up serve") from None

    passing = RelayPassing(
        database,
        lambda: [connect.offsets(name) for name in connect.list_connectors()],
        lambda: relay_statuses(settings, reader),
        topics,
        reader,
    )
    letters = dead_letter_topic(settings.relay.namespace)
    return Verifier(database, topics, reader, schema_text, passing, letters)


def newest_majors(reader: Reader) -> Mapping[str, int]:
    """The newest recorded major of each table; none where a policy's is all that there is.

    Raises:
        Unreachable: Kafka does not answer.
    """
    state = read_state(reader.read_to_end(STATE))
    return {topic.split(".", 1)[1]: majors.newest for topic, majors in state.majors.items()}


def build_retirer(settings: Settings) -> Retirer:
    """What takes earlier majors away.

    Raises:
        ConfigError: a secret is missing.
    """
    kafka = KafkaAccess.of(settings)
    reader = kafka.reader()
    person = settings.relay.model_copy(update={"group": f"{settings.relay.group}-retire"})
    return Retirer(
        settings.relay.namespace,
        kafka.topics(),
        reader,
        kafka.sink(person, 0),
        RegistryClient(settings.registry_url),
        lambda: relay_statuses(settings, reader),
    )


def plan_tables(
    settings: Settings, database: Database, names: Sequence[str], majors: Mapping[str, int]
) -> list[Plan]:
    """The plans of the named tables (none: of every table that has a policy), from live MySQL.

    `majors` are those that are above the policies' (see `newest_majors`).

    Raises:
        ConfigError: a table has no policy, or MySQL has no such table.
        TableStopped: its policy cannot be carried out.
    """
    policies, keys = load_policies(settings.policies.dir), load_keys(settings.privacy_keys)
    unknown = sorted(set(names) - set(policies))
    if unknown:
        raise ConfigError(
            f"no policy of table {', '.join(unknown)} in {settings.policies.dir}",
            hint=f"tables with a policy: {', '.join(policies)}",
        )
    plans = []
    for name in names or policies:
        table = database.table(*name.split(".", 1))
        if table is None:
            raise ConfigError(
                f"{policies[name].path}: MySQL has no table {name}, or user"
                f" `{settings.mysql.user}` may not see it"
            )
        namespace = settings.relay.namespace
        plans.append(plan_table(table, policies, keys, namespace, majors.get(name, 0)))
    return plans


def verify_table(settings: Settings, name: str, raw_topic: str) -> TableReport:
    """Compare the newest major of one table with MySQL.

    Raises:
        ConfigError, TableStopped, Unreachable: see `plan_tables` and `Verifier.verify`.
    """
    verifier = build_verifier(settings)
    with closing(verifier.database):
        (plan,) = plan_tables(settings, verifier.database, [name], newest_majors(verifier.reader))
        return verifier.verify(plan, raw_topic, VERIFY_TIMEOUT_S, lambda _: None)


def raw_topic_of(settings: Settings, plan: Plan) -> str:
    """The raw topic of a table: that of the first prefix."""
    return f"{settings.relay.prefixes[0]}.{plan.table.qualified}"
