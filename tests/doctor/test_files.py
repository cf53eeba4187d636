import json
from pathlib import Path

import pytest

from cdc.doctor.files import read_connector_file
from cdc.errors import ConfigError


def write(folder: Path, document: object) -> Path:
    """A connector file."""
    path = folder / "shop.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1))
    return path


def test_a_file_that_apply_refuses_is_read(tmp_path: Path) -> None:
    """Literal secrets, numbers and placeholders without a value are no hindrance."""
    config = {"database.password": "x", "tasks.max": 1, "include.query": True, "a": "{{NOPE}}"}
    read = read_connector_file(write(tmp_path, {"name": "shop", "config": config}), {})

    assert read.name == "shop"
    assert read.config == {
        "database.password": "x",
        "tasks.max": "1",
        "include.query": "true",
        "a": "",
    }
    assert read.lines["tasks.max"] == 5


def test_a_configuration_alone_is_read(tmp_path: Path) -> None:
    """As `PUT /connectors/NAME/config` takes it; the file's name is the connector's."""
    read = read_connector_file(write(tmp_path, {"topic.prefix": "{{P:mysql}}"}), {})

    assert (read.name, read.prefix) == ("shop", "mysql")


@pytest.mark.parametrize("text", ["{", "[]", '{"config": 3}'])
def test_what_is_no_connector_is_refused(tmp_path: Path, text: str) -> None:
    """One line that names the file."""
    with pytest.raises(ConfigError, match=r"shop\.json"):
        read_connector_file(write(tmp_path, text), {})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """One line that names the file."""
    with pytest.raises(ConfigError, match=r"none\.json: cannot be read"):
        read_connector_file(tmp_path / "none.json", {})
