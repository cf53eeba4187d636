from dataclasses import dataclass, field

import pytest

from cdc.doctor import UNREACHABLE, Access, Scope, diagnose, gather
from cdc.doctor.world import Connector, Relaying, Worker
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.memory.broker import MemoryBroker
from cdc.kafka.memory.views import MemoryTopics
from cdc.kafka.port import TopicSpec
from tests.doctor.worlds import SOUND_GRANTS, SOUND_VARIABLES, USERS, profile_file

SECRET = {"database.user": "debezium", "database.password": "${env:DOCTOR_PASSWORD}"}
MYSQL = {"connector.class": "io.debezium.connector.mysql.MySqlConnector"}


@dataclass
class FakeDatabase:
    """A server with one table; GTID sets are written as lists of letters."""

    variables_: dict[str, str] = field(default_factory=lambda: dict(SOUND_VARIABLES))
    place = ("127.0.0.1", 3306, "verify")

    def variables(self):
        return self.variables_

    def table_facts(self):
        return (USERS,)

    def grants(self):
        return SOUND_GRANTS

    def is_gtid_subset(self, part, whole):
        return set(part) <= set(whole)

    def close(self):
        pass


@dataclass
class FakeConnect:
    """A worker with the connectors of `configs`, each at GTIDs `abc`."""

    configs: dict[str, dict[str, str]] = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    def read_worker(self):
        return Worker("http://connect", "4.1.0", {})

    def list_connectors(self):
        return list(self.configs)

    def get_config(self, name):
        return self.configs[name]

    def get_status(self, name):
        state = "FAILED" if name in self.failed else "RUNNING"
        return {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": state}]}

    def offsets(self, name):  # noqa: ARG002 (as the client's)
        return {"offsets": [{"partition": {"server": "mysql"}, "offset": {"gtids": "abc"}}]}


def refuse(part):
    """Stands for a part that does not answer."""

    def open_():
        raise Unreachable(f"{part} does not answer", hint=f"start {part}")

    return open_


def access(**parts) -> Access:
    """Everything answers, but for what a test says."""
    broker = MemoryBroker()
    MemoryTopics(broker).create([TopicSpec("mysql.shop.users", 2, {"retention.ms": "60000"})])
    known = {
        "database": FakeDatabase,
        "login": lambda user, password: FakeDatabase(),  # noqa: ARG005 (as `Login`)
        "connect": FakeConnect,
        "topics": lambda: MemoryTopics(broker),
    }
    return Access(**{**known, **parts})


def scope(*named: Connector, folder: tuple[Connector, ...] = ()) -> Scope:
    """Named connectors, and those of a folder."""
    return Scope(Relaying(), named, lambda: folder)


def test_everything_is_observed(monkeypatch) -> None:
    """Variables, tables, grants, topics with their settings, the worker's version."""
    monkeypatch.setenv("DOCTOR_PASSWORD", "x")
    running = FakeConnect({"shop": {**profile_file().config, **SECRET}})

    world = gather(scope(), access(connect=lambda: running))

    assert world.absent == ()
    assert world.server is not None
    assert world.server.place == "127.0.0.1:3306"
    assert world.server.tables == (USERS,)
    (connector,) = world.connectors
    assert connector.grants is not None
    assert connector.grants.allows("RELOAD")
    assert not connector.missed
    (topic,) = world.topics
    assert (topic.partitions, topic.number("retention.ms")) == (2, 60000)
    assert world.worker is not None
    assert world.worker.version == "4.1.0"


def test_connectors_of_other_systems_are_not_judged() -> None:
    """A sink that runs beside is a neighbour; one that is asked for by name is refused."""
    sink = Connector("sink", {"connector.class": "org.example.Sink"})
    running = FakeConnect({"shop": MYSQL, "sink": dict(sink.config)})

    world = gather(scope(), access(connect=lambda: running))

    assert [connector.name for connector in world.connectors] == ["shop"]
    assert [connector.name for connector in world.neighbours] == ["sink"]
    with pytest.raises(ConfigError, match=r"sink: connector\.class is not"):
        gather(scope(sink), None)


def test_a_failed_task_is_noticed() -> None:
    """Connect's own word for it, of that connector alone."""
    running = FakeConnect({"a": MYSQL, "b": MYSQL}, failed=("b",))

    world = gather(scope(), access(connect=lambda: running))

    assert {c.name: c.failed for c in world.connectors} == {"a": False, "b": True}


def test_named_files_are_judged_beside_what_runs() -> None:
    """A running connector of another name is a neighbour, one of the same name is replaced."""
    running = FakeConnect({"pizzashop": {"a": "old"}, "other": {"b": "c"}})

    world = gather(scope(profile_file()), access(connect=lambda: running))

    assert [connector.name for connector in world.connectors] == ["pizzashop"]
    assert world.connectors[0].config == profile_file().config
    assert [connector.name for connector in world.neighbours] == ["other"]


def test_where_nothing_runs_the_folders_files_are_judged() -> None:
    """Before the first `cdc connectors apply` too there is something to say."""
    world = gather(scope(folder=(profile_file(),)), access())

    assert [connector.name for connector in world.connectors] == ["pizzashop"]


@pytest.mark.parametrize(
    ("part", "name", "label"),
    [
        ("database", "MySQL", "MySQL at"),
        ("connect", "Kafka Connect", "Kafka Connect at"),
        ("topics", "Kafka", "topic"),
    ],
)
def test_what_does_not_answer_is_one_finding_and_the_rest_is_judged(
    part: str, name: str, label: str
) -> None:
    """One `unreachable` with the next step; every other part has its checks."""
    everything = diagnose(gather(scope(folder=(profile_file(),)), access()))
    without = diagnose(gather(scope(folder=(profile_file(),)), access(**{part: refuse(name)})))

    (finding,) = [f for f in without.findings if f.code == UNREACHABLE]
    assert (finding.subject, finding.title) == (name, f"{name} does not answer")
    assert finding.remedy == f"start {name}"
    rest = {check.name for check in everything.checks if not check.name.startswith(label)}
    assert {"connector pizzashop", *rest} - {"table pizzashop.users"} <= {
        check.name for check in without.checks
    }


def test_a_server_that_threw_away_unread_changes_is_noticed() -> None:
    """Purged transactions that are not among those the connector has read."""
    running = FakeConnect({"shop": profile_file().config})

    def missed(purged: str) -> bool:
        database = FakeDatabase({**SOUND_VARIABLES, "gtid_purged": purged})
        parts = access(connect=lambda: running, database=lambda: database)
        return gather(scope(), parts).connectors[0].missed

    assert missed("abcd")
    assert not missed("ab")
    assert not missed("")


def test_a_secret_that_cannot_be_read_is_said_without_it() -> None:
    """The reference's place is named; grants are unknown, which is a note."""
    world = gather(scope(profile_file()), access())

    assert world.connectors[0].grants is None
    assert "/secrets/mysql.properties" in world.connectors[0].unseen
    found = {finding.code for finding in diagnose(world).findings}
    assert "unseen-grants" in found
    assert not found & {"missing-grants", "wide-grants"}


def test_offline_nothing_is_asked() -> None:
    """Files alone: no server, no topics, no complaint about them."""
    world = gather(scope(folder=(profile_file(),)), None)

    assert [connector.name for connector in world.connectors] == ["pizzashop"]
    assert (world.server, world.worker, world.topics, world.absent) == (None, None, (), ())


def test_a_wrong_setting_is_no_finding() -> None:
    """What keeps the command from asking at all ends it."""

    def wrong():
        raise ConfigError("mysql.url: not of the form mysql://HOST:PORT")

    with pytest.raises(ConfigError, match=r"mysql\.url"):
        gather(scope(profile_file()), access(database=wrong))
