import json
from pathlib import Path

import pytest

from cdc.connect.desired import fill, find_files, read_connector, read_connectors
from cdc.connect.profiles import PROFILES
from cdc.errors import ConfigError
from tests.conftest import REPOSITORY

VALUES = {
    "SECRETS_DIR": "/s",
    "MYSQL_HOST": "127.0.0.1",
    "MYSQL_PORT": "3306",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
}


def write(folder: Path, config: str, name: str = '"shop"') -> Path:
    """A connector file whose `config` begins on line 2."""
    file = folder / "shop.json"
    file.write_text(f'{{"name": {name},\n "config": {{\n  {config}\n }}\n}}\n')
    return file


def mistakes(file: Path) -> str:
    """What reading the file is refused with."""
    with pytest.raises(ConfigError) as caught:
        read_connector(file, VALUES)
    return str(caught.value)


def test_the_shop_s_file_is_in_profile() -> None:
    """The committed connector reads, refers to its password, and is exactly-once and lossless."""
    wanted = read_connector(REPOSITORY / "connectors/pizzashop.json", VALUES)
    expected = {
        "database.password": "${file:/s/mysql.properties:debezium.password}",
        "database.server.id": "184054",
        "exactly.once.support": "required",
        "time.precision.mode": "microseconds",
        "enable.time.adjuster": "false",
        "topic.creation.default.partitions": "1",
        "value.converter.replace.null.with.default": "false",
        "key.converter.replace.null.with.default": "false",
    }
    assert wanted.name == "pizzashop"
    assert expected.items() <= wanted.config.items()
    assert not any("{{" in value for value in wanted.config.values())


def test_placeholders_are_ours_and_references_are_connect_s(tmp_path: Path) -> None:
    """`{{NAME}}` and `{{NAME:default}}` are filled, `${…}` passes."""
    config = '"connector.class": "C", "a": "{{MYSQL_HOST}}:{{NO:7}}", "b": "${env:HOME}"'
    wanted = read_connector(write(tmp_path, config), VALUES)
    assert wanted.config == {"connector.class": "C", "a": "127.0.0.1:7", "b": "${env:HOME}"}


def test_all_mistakes_at_once_with_their_lines(tmp_path: Path) -> None:
    """A missing value, a number and a written-out password are told together."""
    config = (
        '"connector.class": "C",\n  "a": "{{NO}}",\n  "b": 5.5,\n  "database.password": "hunter2"'
    )
    text = mistakes(write(tmp_path, config))
    assert "shop.json:5: config.b: must be text, a whole number, true or false" in text
    assert "shop.json:6: config.database.password: is written out" in text
    assert "shop.json:4: config.a: {{NO}} has no value and no default" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "shop.json:1: not JSON"),
        ("[]", "must be a mapping: name, config"),
        ('{"name": "a", "name": "b"}', "found duplicate key name"),
        ('{"name": "a b", "config": {"connector.class": "C"}}', "name: must be letters"),
        ('{"name": "a", "config": {}}', "lacks connector.class"),
        ('{"name": "a", "x": 1, "config": {"connector.class": "C"}}', "x: unknown key"),
        ('{"name": "a", "state": "on", "config": {"connector.class": "C"}}', "state: Input should"),
        ('{"name": "a", "extends": "x", "config": {}}', "extends: Input should be"),
        ('{"name": "a", "config": {"connector.class": "C", "name": "b"}}', "belongs beside config"),
        (
            '{"name": "a", "topics": {"x": {}}, "config": {"connector.class": "C"}}',
            "topics.x: needs include",
        ),
        (
            '{"name": "a", "topics": {"default": {"retention": "1 week"}}, "config": {}}',
            "topics.default.retention: String should match",
        ),
    ],
)
def test_what_is_no_connector_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """Each kind of wrong file has its own words."""
    file = tmp_path / "shop.json"
    file.write_text(text)
    assert said in mistakes(file)


def test_files_are_found_by_path_and_by_name(tmp_path: Path) -> None:
    """A name means its file in the folder; nothing named means all; an unknown one says which."""
    file = write(tmp_path, "")
    assert find_files(tmp_path) == find_files(tmp_path, ("shop",)) == [file]
    assert find_files(Path("/none"), (str(file),)) == [file]
    with pytest.raises(ConfigError, match=r"nope: .* \(known: shop\)"):
        find_files(tmp_path, ("nope",))


YAML = """\
name: shop
extends: mysql-recommended
state: paused
topics:
  default: {partitions: 1, retention: 2d, cleanup: delete}
  beat:
    {include: ["__debezium.*"], retention: forever, cleanup: compact, config: {segment.ms: 1000}}
config:
  topic.prefix: mysql
  tasks.max: 1
  include.query: yes
  exactly.once.support: null
  heartbeat.interval.ms: 50   # over the profile's
"""


def test_a_file_extends_a_profile(tmp_path: Path) -> None:
    """The profile's settings, the topics', the file's own over them; null leaves one out."""
    file = tmp_path / "shop.yaml"
    file.write_text(YAML)
    wanted = read_connector(file, VALUES)
    expected = {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "schema.history.internal.kafka.bootstrap.servers": "127.0.0.1:9092",
        "tasks.max": "1",
        "include.query": "yes",
        "heartbeat.interval.ms": "50",
        "topic.creation.groups": "beat",
        "topic.creation.default.retention.ms": "172800000",
        "topic.creation.default.max.message.bytes": "16777216",
        "topic.creation.beat.include": "__debezium.*",
        "topic.creation.beat.retention.ms": "-1",
        "topic.creation.beat.cleanup.policy": "compact",
        "topic.creation.beat.segment.ms": "1000",
        "topic.creation.beat.replication.factor": "1",
    }
    assert (wanted.name, wanted.state) == ("shop", "paused")
    assert expected.items() <= wanted.config.items()
    assert "exactly.once.support" not in wanted.config


def test_numbers_and_booleans_are_what_connect_makes_of_them(tmp_path: Path) -> None:
    """A file written for curl may hold JSON's own; Connect keeps text."""
    wanted = read_connector(
        write(tmp_path, '"connector.class": "C", "tasks.max": 1, "x": true'), VALUES
    )
    assert wanted.config == {"connector.class": "C", "tasks.max": "1", "x": "true"}


def test_tabs_are_json_too(tmp_path: Path) -> None:
    """A file that is indented by tabs reads, with its lines."""
    file = tmp_path / "shop.json"
    file.write_text('{\n\t"name": "a",\n\t"config": {"connector.class": "C", "b": "{{NO}}"}\n}')
    assert "shop.json:3: config.b: {{NO}} has no value" in mistakes(file)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("database.password", "hunter2"),
        ("database.password", "{{MYSQL_HOST}}"),
        ("database.password", "x${file:/a:b}"),
        ("schema.history.internal.producer.sasl.jaas.config", 'X required password="hunter2";'),
        ("a.sasl.jaas.config", 'X user="${env:U}" password="hunter2";'),
        ("basic.auth.user.info", "ann:hunter2"),
        ("some.api.key", "hunter2"),
        ("connection.url", "jdbc:mysql://ann:hunter2@db:3306/x"),
    ],
)
def test_a_secret_is_never_written_out(tmp_path: Path, key: str, value: str) -> None:
    """Not as it is, not by a placeholder, not within a URL or a JAAS line; it is not repeated."""
    text = mistakes(
        write(tmp_path, f'"connector.class": "C", {json.dumps(key)}: {json.dumps(value)}')
    )
    assert f"config.{key}: is written out" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("database.password", "${file:{{SECRETS_DIR}}/mysql.properties:pw}"),
        ("database.password", "${env:PW}"),
        ("database.password", ""),
        ("a.sasl.jaas.config", 'X required username="ann" password="${env:PW}";'),
        ("basic.auth.user.info", "ann:${env:PW}"),
        ("connection.url", "jdbc:mysql://ann:${env:PW}@db:3306/x"),
        ("key.converter", "C"),
        ("message.key.columns", "a.b:c"),
    ],
)
def test_references_and_other_keys_pass(tmp_path: Path, key: str, value: str) -> None:
    """What refers to a secret, or only sounds like one, is taken as it is."""
    file = write(tmp_path, f'"connector.class": "C", {json.dumps(key)}: {json.dumps(value)}')
    assert read_connector(file, VALUES).config[key] == value.replace("{{SECRETS_DIR}}", "/s")


def test_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    """Also that two files are of one connector."""
    good = '{"name": "shop", "config": {"connector.class": "C"}}'
    for name, text in (("a", good), ("b", good), ("c", "{"), ("d", '{"name": 1}')):
        (tmp_path / f"{name}.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_connectors(find_files(tmp_path), VALUES)
    for said in (
        "a.json is of connector shop too",
        "c.json:1: not JSON",
        "d.json:1: name:",
        "config: is missing",
    ):
        assert said in str(caught.value)


def test_the_committed_connector_is_in_the_profile() -> None:
    """Each setting of the profile is one of pizzashop's, with the same value."""
    config = read_connector(REPOSITORY / "connectors/pizzashop.json", VALUES).config
    values = {**VALUES, "REPLICATION_FACTOR": "1"}
    profile = {
        key: fill(value.replace("{{topic.prefix}}", "mysql"), values)
        for key, value in PROFILES["mysql-recommended"].items()
    }
    assert {key for key, value in profile.items() if config.get(key) != value} == set()
