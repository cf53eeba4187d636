from pathlib import Path

import pytest

from cdc.connect.desired import find_files, read_connector
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
        '"connector.class": "C",\n  "a": "{{NO}}",\n  "b": 5,\n  "database.password": "hunter2"'
    )
    text = mistakes(write(tmp_path, config))
    assert 'shop.json:5: b must be text ("…")' in text
    assert "shop.json:6: database.password is written out" in text
    assert "shop.json:4: {{NO}} has no value and no default" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "shop.json:1: not JSON"),
        ("[]", 'must be {"name"'),
        ('{"name": "a", "name": "b"}', "key name is there twice"),
        ('{"name": "a b", "config": {"connector.class": "C"}}', "name must be letters"),
        ('{"name": "a", "config": {}}', "lacks connector.class"),
        ('{"name": "a", "x": 1, "config": {"connector.class": "C"}}', "unknown key x"),
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
