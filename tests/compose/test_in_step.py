"""docker-compose-cdc.yml against `cdc.stack`: two ways to the same stack."""

import csv
import json
from pathlib import Path

import pytest

from cdc.config import Part, Settings, StackSettings
from cdc.stack import kafka, kafka_connect
from cdc.stack.mysql import prepare
from cdc.stack.parts import PARTS
from cdc.stack.site import Site
from tests.compose.compose_file import ROOT, Compose, ports_in, read_compose

COMPOSE: Compose = read_compose()

LOCK = ROOT / "cdc/stack/jars.lock.csv"

# What differs because a container is a place of its own.
KAFKA_PLACES = {"log.dirs"}
CONNECT_PLACES = {"plugin.path"}
MYSQL_PLACES = (
    "--defaults-file",
    "--basedir",
    "--lc-messages-dir",
    "--character-sets-dir",
    "--datadir",
    "--socket",
    "--pid-file",
    "--user",
    "--library-path",
)
# The image's own names for some of the worker's settings.
CONNECT_NAMES = {
    "BOOTSTRAP_SERVERS": "bootstrap.servers",
    "GROUP_ID": "group.id",
    "HOST_NAME": "rest.advertised.host.name",
    "CONFIG_STORAGE_TOPIC": "config.storage.topic",
    "OFFSET_STORAGE_TOPIC": "offset.storage.topic",
    "STATUS_STORAGE_TOPIC": "status.storage.topic",
    "KEY_CONVERTER": "key.converter",
    "VALUE_CONVERTER": "value.converter",
}
CONNECT_IMAGE_ONLY = {"HEAP_OPTS", "REST_PORT", "ADVERTISED_PORT"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A local stack with default ports, its controller where the compose file has it."""
    state = Path("/var/lib/headworks")
    site = Site(Settings(stack=StackSettings(dir=tmp_path)))
    site.settings.ports_file.write_text(json.dumps({"kafka_controller": 19093}))
    assert Settings(stack=StackSettings(dir=state)).secrets_dir == state / "secrets"
    return site


def environment(service: str) -> dict[str, str]:
    """A service's environment."""
    return COMPOSE.services[service].environment


@pytest.mark.parametrize("part", ["mysql", "kafka", "connect", "serve", "relay"])
def test_ports_are_the_local_stacks(part: Part) -> None:
    """Each server is asked for its health on the port that the local stack gives it."""
    check = COMPOSE.services[part].healthcheck
    assert check is not None

    assert str(Settings().port(part)) in " ".join(check.test)


def test_no_other_port_is_used() -> None:
    """The file names the five ports of the settings, and the controller's."""
    named = {port for service in COMPOSE.services.values() for _, port in ports_in(service)}

    assert named - {19093} <= {Settings().port(part.name) for part in PARTS}


def test_parts_are_the_local_stacks() -> None:
    """Each part of the local stack is a service; the others are one-shot steps."""
    long_lived = {name for name, service in COMPOSE.services.items() if service.healthcheck}

    assert long_lived == {part.name for part in PARTS}


def test_kafka_is_configured_the_same(site: Site) -> None:
    """Every broker setting of the local stack has the same value, and there is no other."""
    wanted = {
        name: str(value)
        for name, value in kafka.server_properties(site).items()
        if name not in KAFKA_PLACES
    }

    given = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment("kafka").items()
        if name != "KAFKA_HEAP_OPTS"
    }

    assert {name: given[name] for name in given if name not in KAFKA_PLACES} == wanted


def test_connect_is_configured_the_same(site: Site) -> None:
    """Every worker setting of the local stack has the same value, and there is no other."""
    wanted = {
        name: str(value).replace(str(site.settings.secrets_dir), "/var/lib/headworks/secrets")
        for name, value in kafka_connect.worker_properties(site).items()
        if name not in CONNECT_PLACES
    }

    given = {
        CONNECT_NAMES.get(name, name.removeprefix("CONNECT_").lower().replace("_", ".")): value
        for name, value in environment("connect").items()
        if name not in CONNECT_IMAGE_ONLY
    }

    assert given == wanted


@pytest.mark.parametrize(
    ("service", "variable", "heap"),
    [
        ("kafka", "KAFKA_HEAP_OPTS", kafka.HEAP),
        ("connect", "HEAP_OPTS", kafka_connect.HEAP),
    ],
)
def test_heaps_are_the_local_stacks(service: str, variable: str, heap: str) -> None:
    """The Java processes have the same largest heap."""
    assert environment(service)[variable] == f"-Xmx{heap}"


def test_mysql_gets_the_local_stacks_options(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same my.cnf, same port, address and file privilege; paths are the image's own."""
    monkeypatch.setattr("cdc.stack.mysql._initialize", lambda _: None)
    monkeypatch.setattr("cdc.stack.mysql._program", lambda _: ["mysqld"])
    local = {option for option in prepare(site) if option.startswith("--")}
    service = COMPOSE.services["mysql"]

    assert "./mysql/my.cnf:/etc/mysql/conf.d/my.cnf:ro" in service.volumes
    assert set(service.command) <= local
    assert {option for option in local if not option.startswith(MYSQL_PLACES)} == set(
        service.command
    )


def locked_version(group: str, artifact: str) -> str:
    """The version of a part in the lock file of the local stack."""
    with LOCK.open() as lines:
        rows = [row for row in csv.reader(lines) if row[1:3] == [group, artifact]]
    return rows[0][3]


def test_kafka_and_debezium_are_the_locked_versions() -> None:
    """Image tags and the local stack's jars are of one version."""
    services = COMPOSE.services

    assert services["kafka"].image == (
        f"apache/kafka:{locked_version('org.apache.kafka', 'kafka_2.13')}"
    )
    debezium = locked_version("io.debezium", "debezium-connector-mysql")
    assert services["connect"].image == f"quay.io/debezium/connect:{debezium}"


@pytest.mark.parametrize("name", ["bootstrap", "serve", "connectors", "relay"])
def test_our_processes_see_the_checkouts_files(name: str) -> None:
    """Policies, connectors and SQL are mounted where the settings' defaults look for them."""
    settings = Settings()
    service = COMPOSE.services[name]

    assert "./connectors:/app/connectors:ro" in service.volumes
    assert "./schemas:/app/schemas:ro" in service.volumes
    assert "./mysql:/app/mysql:ro" in service.volumes
    assert (str(settings.connect.dir), str(settings.policies.dir)) == (
        "connectors",
        "schemas/policies",
    )


@pytest.mark.parametrize("part", ["serve", "relay"])
def test_our_processes_run_the_local_stacks_command(part: str) -> None:
    """The containers start what `cdc stack up` starts."""
    local = next(one for one in PARTS if one.name == part).prepare(Site(Settings()))

    assert COMPOSE.services[part].command == ["cdc", *local[local.index("cdc") + 1 :]]
