"""Tables as MySQL has them, their plans, and how far relays are with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing

from cdc.config import Settings
from cdc.control.state import read_state
from cdc.control.status import RelayStatus, read_status
from cdc.errors import ConfigError
from cdc.kafka.layout import STATE, STATUS
from cdc.kafka.port import Reader
from cdc.keys import load_keys, read_secret
from cdc.privacy.plan import Plan, plan_table
from cdc.privacy.policy import load_policies
from cdc.source import Database
from registry.derive.table import Table


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


def raw_topic_of(settings: Settings, plan: Plan) -> str:
    """The raw topic of a table: that of the first prefix."""
    return f"{settings.relay.prefixes[0]}.{plan.table.qualified}"


def newest_majors(reader: Reader) -> Mapping[str, int]:
    """The newest recorded major of each table; none where a policy's is all that there is.

    Raises:
        Unreachable: Kafka does not answer.
    """
    state = read_state(reader.read_to_end(STATE))
    return {topic.split(".", 1)[1]: majors.newest for topic, majors in state.majors.items()}


def relay_statuses(settings: Settings, reader: Reader) -> Mapping[str, RelayStatus]:
    """The last word of each relay of the settings' group."""
    statuses = read_status(reader.read_to_end(STATUS))
    return {
        name: status for name, status in statuses.items() if status.group == settings.relay.group
    }
