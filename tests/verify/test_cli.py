"""What `cdc verify` prints and how it ends."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from cdc.cli import cdc
from cdc.errors import ConfigError, ExitCode, Unreachable
from cdc.kafka.memory import MemoryBroker, MemoryReader
from tests.verify.world import World

WIDTH = 80


class App:
    """Stands in for `cdc.app`: two tables of one world, the second of which may be broken."""

    def __init__(self, world):
        self.world = world
        self.database = self
        self.reader = MemoryReader(MemoryBroker())
        self.closed = False
        self.breaks = False

    def close(self):
        self.closed = True

    def verify(self, plan, raw_topic, timeout_s, tick):
        assert (raw_topic, timeout_s) == ("raw", 60)
        tick(1)
        if self.breaks and plan is not self.world.plan:
            raise Unreachable("Kafka at nowhere does not answer")
        return self.world.verify()

    def run(self, *args):
        return CliRunner().invoke(cdc, ["verify", *args], standalone_mode=False)


@pytest.fixture
def app(monkeypatch):
    """One user on both sides."""
    world = World()
    world.put(1)
    made = App(world)
    plans = [world.plan, replace(world.plan)]
    monkeypatch.setattr("cdc.app.build_verifier", lambda _: made)
    monkeypatch.setattr("cdc.app.plan_tables", lambda *_: plans)
    monkeypatch.setattr("cdc.app.raw_topic_of", lambda *_: "raw")
    return made


def test_equal_is_exit_0_with_counts(app):
    """A line a table with both counts and the verdict; what is held back stands below."""
    result = app.run()
    lines = result.stdout.splitlines()
    assert result.return_value == ExitCode.FINE
    assert lines[1].split() == ["pizzashop.users", "1", "1", "0", "0", "0", "0", "equal"]
    assert "pizzashop.users: dropped by the policy: first_name, last_name" in lines
    assert app.closed


def test_different_is_exit_1_with_the_keys(app):
    """Each finding is named by its governed key and the columns that differ, in 80 columns."""
    app.world.rows[1]["lat"] = None
    result = app.run()
    found = [line for line in result.stdout.splitlines() if "differing: " in line]
    assert result.return_value == ExitCode.FINDINGS
    assert "DIFFERS" in result.stdout
    assert found[0].startswith('pizzashop.users: differing: {"id":"v1.')
    assert found[0].endswith(" in lat")
    assert max(map(len, result.stdout.splitlines()[:4])) <= WIDTH


def test_json_is_stable(app):
    """The fields that scripts rely on, as JSON on stdout."""
    app.world.rows[2] = app.world.rows[1] | {"id": 2}
    result = app.run("--output", "json")
    (report, _) = json.loads(result.stdout)["tables"]
    assert report.keys() == {
        "table",
        "topic",
        "source_rows",
        "governed_rows",
        "missing",
        "extra",
        "differing",
        "dead_lettered",
        "withheld",
        "dropped",
        "topic_exists",
        "took_s",
        "named",
        "equal",
    }
    assert (report["equal"], report["missing"]) == (False, 1)
    assert report["named"]["missing"][0].keys() == {"key", "columns"}


def test_topic_that_does_not_exist_has_a_next_step(app):
    """All rows are missing; where to look is said."""
    app.world.exists = False
    app.world.log.clear()
    assert "does not exist yet; see `cdc relay status`" in app.run().stdout


def test_what_was_compared_before_a_failure_is_shown(app):
    """The first table's verdict is printed although the second cannot be compared."""
    app.breaks = True
    result = app.run()
    assert isinstance(result.exception, Unreachable)
    assert "equal" in result.stdout


def test_no_report_means_no_output(app, monkeypatch):
    """A failure at the start leaves stdout empty: no script takes it for an answer."""

    def refuse(*_):
        raise Unreachable("MySQL does not answer")

    monkeypatch.setattr("cdc.app.plan_tables", refuse)
    result = app.run("--output", "json")
    assert isinstance(result.exception, Unreachable)
    assert result.stdout == ""


def test_append_only_tables_are_left_out_with_a_note(app, monkeypatch):
    """Their topics hold what MySQL may not have any more: not compared, and said so."""
    plans = [replace(app.world.plan, append_only=True), app.world.plan]
    monkeypatch.setattr("cdc.app.plan_tables", lambda *_: plans)
    result = app.run()
    assert result.return_value == ExitCode.FINE
    assert result.stdout.count("equal") == 1
    assert result.stderr.startswith("note: pizzashop.users: append-only: ")
    named = app.run("pizzashop.users")
    assert isinstance(named.exception, ConfigError)
    assert "append-only" in named.exception.message
