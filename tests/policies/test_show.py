"""`cdc policies show`: what leaves, as a table."""

import json
from dataclasses import replace

import pytest

from cdc.errors import ConfigError
from cdc.source import Database
from tests.policies.conftest import PEOPLE

COLUMNS = """\
  id: {class: identifier, rule: token, key: pii, type: person_id}
  email: {class: quasi, rule: email_domain, as: domain}
  lastName: {class: personal, rule: drop}
"""


class _Source(Database):
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def table(self, database: str, name: str):
        return PEOPLE if f"{database}.{name}" == "shop.people" else None


@pytest.fixture
def source(place, monkeypatch):
    """MySQL as `show` opens it."""
    made = _Source()
    place.write(COLUMNS)
    monkeypatch.setattr("cdc.app.open_database", lambda _: made)
    return made


def test_each_topic_lists_its_fields_and_what_stays(place, source):
    """Column, field, rule, class, type; dropped and withheld columns below."""
    lines = place.run("show").stdout.splitlines()
    assert lines[0] == "shop.people -> governed.shop.people.v1 (avro)"
    assert lines[2].split() == ["id", "id", "token", "identifier", "string", "key"]
    assert lines[3].split() == ["email", "domain", "email_domain", "quasi", "string"]
    assert lines[4] == "dropped: lastName"
    assert lines[5].startswith("withheld: born_on, lat, zip")
    assert source.closed


def test_json_has_the_same(place, source):
    """For scripts."""
    (topic,) = json.loads(place.run("show", "shop.people", "--output", "json").stdout)["topics"]
    assert topic["fields"][1] == {
        "column": "email",
        "field": "domain",
        "rule": "email_domain",
        "class": "quasi",
        "type": "string",
        "is_key": False,
    }
    assert topic["dropped"] == ["lastName"]
    assert source.closed


@pytest.mark.usefixtures("source")
def test_options_stand_beside_the_format(place, monkeypatch):
    """Those that are not the default, in both forms."""
    monkeypatch.setattr("tests.policies.test_show.PEOPLE", replace(PEOPLE, key=()))
    place.write(COLUMNS, key="[id]", deletes="record_then_tombstone")
    head = place.run("show").stdout.splitlines()[0]
    assert head.endswith("(avro; key: id; deletes: record_then_tombstone)")
    place.write(COLUMNS, append_only="true", lineage="true")
    (topic,) = json.loads(place.run("show", "--output", "json").stdout)["topics"]
    assert topic["options"] == ["append_only", "lineage"]
    assert not any(field["is_key"] for field in topic["fields"])


@pytest.mark.usefixtures("source")
def test_an_open_rotation_shows_both_fields(place):
    """The token under the version before leaves too, and is shown."""
    place.write(COLUMNS + "  x1: {class: identifier, rule: token, key: pii, type: phone}\n")
    place.run("keys", "rotate", "pii")
    shown = place.run("show").stdout
    assert [line.split()[1] for line in shown.splitlines() if " token " in line] == [
        "id",
        "x1",
        "x1__prev",
    ]


def test_a_table_without_policy_is_refused(place, source):
    """The message names the tables that have one."""
    result = place.run("show", "shop.other")
    assert isinstance(result.exception, ConfigError)
    assert "shop.people" in result.exception.hint
    assert source.closed
