from pathlib import Path

import pytest

from cdc.connect.desired import read_connector
from cdc.connect.export import export_connector
from cdc.connect.states import ConnectorState, LiveConnector
from cdc.errors import ConfigError

LIVE = {
    "connector.class": "C",
    "database.password": "hunter2",
    "pin": "1234",
    "pattern": "^a.*: '{b}' # no comment",
    "tasks.max": "1",
    "other.password": "${file:/s:pw}",
}


def live(state: str = "RUNNING") -> LiveConnector:
    """A connector of Connect."""
    return LiveConnector(LIVE, ConnectorState("my-shop", state, ()))


def test_an_export_reads_as_what_is_live(tmp_path: Path) -> None:
    """Value for value, but for secrets that Connect holds written out: those become references."""
    made = export_connector("my-shop", live("STOPPED"), frozenset({"pin"}))
    wanted = read_connector(made.write(tmp_path / "new"), {})
    references = {
        "database.password": "${env:MY_SHOP_DATABASE_PASSWORD}",
        "pin": "${env:MY_SHOP_PIN}",
    }
    assert (wanted.name, wanted.state) == ("my-shop", "stopped")
    assert wanted.config == {**LIVE, **references}
    assert made.written_out == ("database.password", "pin")
    assert "hunter2" not in made.text


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Export does not write over a file under review."""
    made = export_connector("my-shop", live(), frozenset())
    made.write(tmp_path)
    with pytest.raises(ConfigError, match=r"my-shop\.yaml: cannot be written"):
        made.write(tmp_path)
