import itertools

import pytest

from registry.avro import parse_lenient
from registry.compatibility import EarlierVersion, check_each, check_level
from registry.compatibility.levels import MAX_QUOTED_SCHEMA
from registry.model import CompatibilityLevel
from tests.registry.cases import (
    X_INT,
    X_INT_Y_OPTIONAL,
    X_INT_Y_REQUIRED,
    X_STRING,
    load_cases,
    make_record,
)

CASES = load_cases("avro_levels")


def number(*texts: str) -> list[EarlierVersion]:
    """Return versions 1, 2, … of these schemas."""
    return [EarlierVersion(i, parse_lenient(text)) for i, text in enumerate(texts, 1)]


@pytest.mark.parametrize("part", range(4))
def test_messages_are_confluent_s(part):
    """Every captured history gets Confluent's list of messages at its level, word for word."""
    for case in itertools.islice(CASES, part, None, 4):
        earlier = number(*case["previous"])
        level = CompatibilityLevel(case["level"])
        assert check_level(parse_lenient(case["new"]), earlier, level) == case["messages"]


def test_nothing_earlier_forbids_nothing():
    """A first version is compatible at every level."""
    for level in CompatibilityLevel:
        assert check_level(parse_lenient(X_INT), [], level) == []


def test_check_each_names_every_version_that_objects():
    """Beside Confluent's first objection, all of them can be had, newest first."""
    new = parse_lenient(X_INT_Y_REQUIRED)
    earlier = number(X_INT, X_INT_Y_OPTIONAL, X_STRING)
    objections = list(check_each(new, earlier, CompatibilityLevel.BACKWARD_TRANSITIVE))
    assert [messages[-2] for messages in objections] == [
        "{oldSchemaVersion: 3}",
        "{oldSchemaVersion: 1}",
    ]


def test_a_long_old_schema_is_cut_in_the_message():
    """Confluent quotes at most 10 KiB of the old schema and says so."""
    old = make_record({"name": "x", "type": "int", "doc": "d" * MAX_QUOTED_SCHEMA})
    quoted = check_level(parse_lenient(X_STRING), number(old), CompatibilityLevel.BACKWARD)[-1]
    assert quoted.startswith("{oldSchema: <truncated> '{")
    assert quoted.endswith("...'}")
    assert len(quoted) < MAX_QUOTED_SCHEMA + 50


def test_an_ambiguous_alias_is_an_objection():
    """Where Avro Java throws, Confluent answers a message and so do we."""
    new = make_record({"name": "y", "type": "int", "aliases": ["x"]})
    old = make_record({"name": "x", "type": "int"}, {"name": "y", "type": "int"})
    first, *_ = check_level(parse_lenient(new), number(old), CompatibilityLevel.BACKWARD)
    assert first.startswith(
        "Unexpected exception during compatibility check: Reader record field y"
    )
