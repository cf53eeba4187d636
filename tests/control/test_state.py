from __future__ import annotations

from cdc.control.state import Epoch, StopNote, epoch_record, read_state, stop_key, stop_value
from cdc.kafka.port import Record

NOTE = StopNote("no_policy", "shop.users: no policy", "write one", 1_700_000_000_000)
TOPIC = "raw.shop.users"


def record(key: bytes | None, value: bytes | None) -> Record:
    """A record of the control topic."""
    return Record("_cdc.state", 0, 0, 0, key, value)


def test_what_is_written_is_read() -> None:
    """Epochs and stops by raw topic, as they were."""
    epoch = Epoch(3, "topic-id")
    state = read_state(
        [record(*epoch_record(TOPIC, epoch)), record(stop_key(TOPIC), stop_value(NOTE))]
    )
    assert state.epochs == {TOPIC: epoch}
    assert state.stops == {TOPIC: NOTE}


def test_the_last_record_of_a_key_counts() -> None:
    """A later epoch replaces, a tombstone takes back; compaction changes nothing."""
    state = read_state(
        [
            record(*epoch_record(TOPIC, Epoch(1, "a"))),
            record(stop_key(TOPIC), stop_value(NOTE)),
            record(*epoch_record(TOPIC, Epoch(2, "b"))),
            record(stop_key(TOPIC), None),
        ]
    )
    assert state.epochs[TOPIC] == Epoch(2, "b")
    assert state.stops == {}


def test_records_of_a_later_version_are_passed_over() -> None:
    """Unknown keys, values that are no objects, records without a key."""
    state = read_state(
        [
            record(b"major/x", b'{"major": 2}'),
            record(b"epoch/y", b"[1]"),
            record(None, b"{}"),
            record(b"stop/z", b"not json"),
        ]
    )
    assert (state.epochs, state.stops) == ({}, {})
