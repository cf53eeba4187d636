"""What a policy's options make of topics and records, on the broker in memory."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from cdc.event import OutBatch, RawBatch
from cdc.kafka.port import TopicSpec
from cdc.stream.pipeline import Program
from tests.relay_stack.fakes import FakePrograms, governed, raw, turn
from tests.relay_stack.plant import USERS, Plant

OUT = governed(USERS)


def _keyless(programs: FakePrograms, batch: RawBatch, epoch: int) -> OutBatch:
    """The fake program as an append-only table's."""
    out = turn(programs, OUT, batch, epoch)
    return replace(out, keys=[None] * len(out.keys), hashes=batch.offsets[out.index])


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Every program is an append-only table's with lineage."""
    made = Plant()

    run = partial(_keyless, made.programs)

    def program_for(*_: object) -> Program:
        return Program(OUT, None, 11, (), run=run, append_only=True, lineage="0123456789ab")

    monkeypatch.setattr(made.programs, "program_for", program_for)
    return made


def test_records_without_a_key_are_spread_by_their_offset(plant: Plant) -> None:
    """The same after a crash: nothing but the raw offset decides."""
    for number in range(7):
        plant.broker.append(USERS, None, raw(str(number)))
    plant.turn(plant.relay())

    records = plant.records(OUT)
    assert {record.key for record in records} == {None}
    found = {record.value: record.partition for record in records}
    assert found == {f"1:{number}".encode(): number % 3 for number in range(7)}
    assert plant.status().tables[0].key_schema_id is None


def test_an_append_only_topic_keeps_every_record(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not compacted, and nothing is deleted from it by its age."""
    made = list[TopicSpec]()
    create = plant.topics.create
    monkeypatch.setattr(plant.topics, "create", lambda specs: (made.extend(specs), create(specs)))
    plant.broker.append(USERS, None, raw("a"))
    plant.turn(plant.relay())

    config = next(spec.config for spec in made if spec.name == OUT)
    assert (config["cleanup.policy"], config["retention.ms"]) == ("delete", "-1")


def test_a_truncate_leaves_what_was_added(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes without a record, and without a look at all that was ever added."""
    monkeypatch.setattr("cdc.relay.truncation.live_keys", None)
    for op, payload in (("c", "a"), ("t", ""), ("c", "b")):
        plant.broker.append(USERS, None, raw(payload, op=op))
    plant.turn(plant.relay())

    assert sorted(plant.values(OUT)) == [b"1:a", b"1:b"]
    assert plant.offset(USERS) == 3


def test_lineage_headers_name_the_raw_event_and_the_policy(plant: Plant) -> None:
    """Each record its own, where the policy asks for it."""
    for number in range(2):
        plant.broker.append(USERS, None, raw(str(number)))
    plant.turn(plant.relay())

    found = {r.value: dict(r.headers) for r in plant.reader.read_to_end(OUT, headers=True)}
    policy = b"0123456789ab"
    assert found == {
        f"1:{n}".encode(): {"cdc.source": f"{USERS}/0/{n}".encode(), "cdc.policy": policy}
        for n in range(2)
    }


def test_without_lineage_there_are_no_headers() -> None:
    """The default costs nothing and tells nothing."""
    plant = Plant()
    plant.broker.append(USERS, b"k", raw("a"))
    plant.turn(plant.relay())

    (record,) = plant.reader.read_to_end(OUT, headers=True)
    assert not record.headers


def test_a_broker_that_refuses_a_keyless_record_gets_it_out_of_the_way(plant: Plant) -> None:
    """An oversize one is a dead letter without a key."""
    plant.broker.append(USERS, None, raw("x" * (16 * 1024 * 1024)))
    plant.turn(plant.relay())

    (letter,) = plant.letters()
    assert (letter.reason, letter.key) == ("oversize", None)
    assert plant.values(OUT) == []
