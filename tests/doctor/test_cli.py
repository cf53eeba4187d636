from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from cdc.cli import cdc
from cdc.findings import FORMATS

NAIVE = {
    "name": "naive",
    "config": {
        "connector.class": "io.debezium.connector.mysql.MySqlConnector",
        "database.hostname": "mysql",
        "database.user": "root",
        "database.password": "swordfish",
        "topic.prefix": "mysql",
        "table.include.list": "pizzashop.users",
    },
}


@pytest.fixture
def naive(tmp_path: Path) -> Path:
    """The file of a minimal connector."""
    path = tmp_path / "naive.json"
    path.write_text(json.dumps(NAIVE, indent=2))
    return path


def run(*args: str | Path) -> Result:
    """Run `cdc doctor --offline` with further arguments; exit codes as the command line's."""
    return CliRunner().invoke(cdc, ["doctor", "--offline", *map(str, args)], standalone_mode=False)


def test_the_repositorys_connectors_are_fine_offline() -> None:
    """What the repository recommends has no finding in CI."""
    result = run()

    assert result.return_value == 0
    assert "connector pizzashop: fine" in result.output


def test_errors_make_exit_code_1(naive: Path) -> None:
    """The file is judged as it is, and each finding has its remedy, in 80 columns."""
    result = run("--connector", naive)

    assert result.return_value == 1
    assert "error[skipped-operations]" in result.output
    assert result.output.count("remedy:") == result.output.count("[") - result.output.count("DATA")
    assert "swordfish" not in result.output
    short = [line for line in result.output.splitlines() if str(naive) not in line]
    assert max(map(len, short)) <= 80


def test_warnings_fail_only_where_that_is_asked(tmp_path: Path) -> None:
    """--fail-on warning: the same finding, another exit code."""
    file = tmp_path / "shop.json"
    document = json.loads(Path("connectors/pizzashop.json").read_text())
    document["config"]["heartbeat.interval.ms"] = "0"
    file.write_text(json.dumps(document))

    assert run("--connector", file).return_value == 0
    assert run("--connector", file, "--fail-on", "warning").return_value == 1


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_has_the_findings(naive: Path, format_: str) -> None:
    """Text, JSON, JUnit, SARIF and GitHub's commands all name the rule."""
    result = run("--connector", naive, "--format", format_)

    assert result.return_value == 1
    assert "skipped-operations" in result.output
    if format_ in ("json", "sarif"):
        assert json.loads(result.output)
    if format_ == "junit":
        assert ET.fromstring(result.output).get("name") == "cdc doctor"  # noqa: S314 (our own)


def test_a_rule_that_fires_knows_its_line(naive: Path) -> None:
    """In JSON: the file and the line of the setting, and the rule's page."""
    result = run("--connector", naive, "--format", "json")

    findings = [f for check in json.loads(result.output)["checks"] for f in check["findings"]]
    (secret,) = [f for f in findings if f["code"] == "literal-secret"]
    assert (secret["file"], secret["line"]) == (str(naive), 7)
    assert secret["details"]["page"] == "docs/doctor/literal-secret.md"
