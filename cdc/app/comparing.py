"""What compares governed topics with MySQL, and takes earlier majors away."""

from __future__ import annotations

from contextlib import closing

from cdc.app.tables import newest_majors, open_database, plan_tables, relay_statuses
from cdc.config import Settings
from cdc.connect.client import ConnectClient
from cdc.errors import Unreachable
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import dead_letter_topic
from cdc.topics import Retirer
from cdc.verify import RelayPassing, TableReport, Verifier
from registry.client import RegistryClient
from registry.errors import RegistryUnreachable
from registry.model import SchemaId

VERIFY_TIMEOUT_S = 60.0


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


def verify_table(settings: Settings, name: str, raw_topic: str) -> TableReport:
    """Compare the newest major of one table with MySQL.

    Raises:
        ConfigError, TableStopped, Unreachable: see `plan_tables` and `Verifier.verify`.
    """
    verifier = build_verifier(settings)
    with closing(verifier.database):
        (plan,) = plan_tables(settings, verifier.database, [name], newest_majors(verifier.reader))
        return verifier.verify(plan, raw_topic, VERIFY_TIMEOUT_S, lambda _: None)
