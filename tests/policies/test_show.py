"""`cdc policies show`: what leaves, as a table."""

import json

import pytest

from cdc.app import Database
from cdc.errors import ConfigError
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


def test_a_table_without_policy_is_refused(place, source):
    """The message names the tables that have one."""
    result = place.run("show", "shop.other")
    assert isinstance(result.exception, ConfigError)
    assert "shop.people" in result.exception.hint
    assert source.closed
