"""`cdc policies k`: the picture, the numbers, the exit codes."""

import json
import re

import pytest
from click.testing import CliRunner

from cdc.cli import cdc
from cdc.cli.anonymity import WIDTH
from cdc.errors import ConfigError, ExitCode
from tests.anonymity.world import TOPIC, World


@pytest.fixture
def run(tmp_path, monkeypatch):
    """`cdc policies k …` on 22 users: twenty in a cell, two alone, one of them without place."""
    world = World(tmp_path, "k: 5\n")
    for number in range(20):
        world.place(number, "12.91")
    world.place(20, "13.05")
    world.place(21, None)
    monkeypatch.setenv("CDC_POLICIES__DIR", str(tmp_path))
    monkeypatch.setattr("cdc.app.build_cell_counter", lambda _: world.counter)

    def run(*args):
        return CliRunner().invoke(cdc, ["policies", "k", *args], standalone_mode=False)

    return run


def test_the_picture_tells_sizes_and_never_a_cell(run):
    """Bars by size, what is below k, which level reaches it; no value, 80 columns, exit 1."""
    result = run("pizzashop.users")
    assert result.return_value == ExitCode.FINDINGS
    assert "rows 22, cells 3, smallest cell 1" in result.stdout
    assert "below k: rows 2 (9.09%), cells 2; rows that show a NULL 1" in result.stdout
    assert re.search(r"^ +1 █+ +2 +2$", result.stdout, re.MULTILINE)
    assert re.search(r"^ +20-20 █+ +1 +20$|^ +20 █+ +1 +20$", result.stdout, re.MULTILINE)
    assert re.search(r"lat drop, lon drop +1 +22 +0 +0.00%", result.stdout)
    assert max(map(len, result.stdout.splitlines())) <= WIDTH
    for value in ("12.9", "13.0", "77.5"):
        assert value not in result.stdout


def test_json_has_every_number(run):
    """For scripts: the histogram, the levels, the verdict."""
    (shown,) = json.loads(run("--output", "json").stdout)["topics"]
    assert (shown["topic"], shown["k"], shown["ok"]) == (TOPIC, 5, False)
    assert shown["sizes"] == [{"size": 1, "cells": 2}, {"size": 20, "cells": 1}]
    assert (shown["rows_below"], shown["null_rows_below"]) == (2, 1)
    assert shown["levels"][0]["changes"] == {"lat": "cell 0.1", "lon": "cell 0.1"}
    assert {"cells", "smallest", "rows_below", "share_below"} <= set(shown["levels"][0])


@pytest.mark.parametrize(("args", "error"), [(("shop.x",), ConfigError), (("--k", "1"), Exception)])
def test_wrong_arguments_are_refused(run, args, error):
    """A name without policy, a k of one."""
    assert isinstance(run(*args).exception, error)


def test_reached_k_is_exit_code_0(run, tmp_path):
    """No levels are tried then."""
    policy = tmp_path / "pizzashop.users.yaml"
    policy.write_text(policy.read_text().replace("lat: {class: quasi", "lat: {class: public"))
    result = run("--output", "json")
    assert result.return_value == ExitCode.FINE
    assert json.loads(result.stdout)["topics"][0]["levels"] == []


def test_no_policy_says_k(run, tmp_path):
    """Nothing to count is no finding, and is said."""
    policy = tmp_path / "pizzashop.users.yaml"
    policy.write_text(policy.read_text().replace("k: 5\n", ""))
    result = run()
    assert result.return_value == ExitCode.FINE
    assert "no policy says `k`" in result.stderr
