from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from cdc.control.status import (
    RelayStatus,
    TableState,
    TableStatus,
    read_status,
    status_key,
    status_value,
)
from cdc.kafka.port import Record

TABLE = TableStatus(
    "raw.shop.users",
    0,
    TableState.STOPPED,
    "no_policy",
    "users: no policy",
    "write one",
    "governed.shop.users.v1",
    4,
    5,
    ("secret",),
    {"name": 2},
    1,
    17,
    3,
    20,
    1,
)
STATUS = RelayStatus("1.0", "cdc-relay", 2, 5_000, 1_000, 12.5, (TABLE,))


def record(key: bytes, value: bytes | None) -> Record:
    """A record of the status topic."""
    return Record("_cdc.status", 0, 0, 0, key, value)


def test_what_is_said_is_heard() -> None:
    """Every field of relay and tables, under `<group>-<instance>`."""
    key = status_key("cdc-relay", 2)
    assert read_status([record(key, status_value(STATUS))]) == {"cdc-relay-2": STATUS}


@pytest.mark.parametrize(
    ("events", "slow", "path"),
    [
        (0, 0, ""),
        (1000, 10, "fast"),
        (1000, 11, "1 % slow"),
        (10, 5, "50 % slow"),
        (10, 10, "slow"),
    ],
)
def test_the_path_is_told_in_a_word(events: int, slow: int, path: str) -> None:
    """Fast from 99 of 100 events on."""
    assert replace(TABLE, events=events, slow=slow).path == path


def test_a_relay_that_took_its_word_back_is_gone() -> None:
    """The last word of each counts, a tombstone ends it."""
    key, other = status_key("cdc-relay", 2), status_key("cdc-relay", 0)
    records = [
        record(key, status_value(STATUS)),
        record(other, status_value(STATUS)),
        record(key, None),
    ]
    assert list(read_status(records)) == ["cdc-relay-0"]


def test_one_group_can_be_asked_for() -> None:
    """Several groups share the topic."""
    records = [record(status_key("cdc-relay", 2), status_value(STATUS))]
    assert list(read_status(records, "cdc-relay")) == ["cdc-relay-2"]
    assert read_status(records, "other") == {}


def test_fields_of_a_later_version_are_passed_over() -> None:
    """An older reader still reads what it knows."""
    value = orjson.loads(status_value(STATUS))
    value["mood"] = "fine"
    value["tables"][0]["mood"] = "fine"
    assert read_status([record(b"x", orjson.dumps(value))]) == {"x": STATUS}


def test_silence_is_counted_in_seconds() -> None:
    """From the moment it spoke; a clock that is behind is no future."""
    assert STATUS.silent_s(8_500) == 3.5
    assert STATUS.silent_s(4_000) == 0
