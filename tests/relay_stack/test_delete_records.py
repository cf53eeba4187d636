"""Deletes that are a record and then a tombstone, on their way through the relay."""

from dataclasses import replace

import numpy as np
import pytest

from cdc.event import OutBatch, Shape
from cdc.kafka.port import TopicSpec
from cdc.majors import Majors
from cdc.relay import passage
from cdc.stream.pipeline import Program
from tests.relay_stack.fakes import governed, raw
from tests.relay_stack.plant import PRODUCTS, USERS, Plant


def test_both_records_of_a_refused_delete_are_one_dead_letter() -> None:
    """An event that became a record and a tombstone is rejected once."""
    places = np.array([0, 1, 1], np.int64)
    out = OutBatch(
        governed(USERS), places, [b"a", b"b", b"b"], [b"x", b"y", None], places, [], 0, {}
    )

    left = passage._without(out, {1: "refused", 2: "refused"})

    assert (left.keys, left.values) == ([b"a"], [b"x"])
    assert [(reject.index, reject.key) for reject in left.rejects] == [(1, b"b")]


def test_a_topic_with_records_of_deletes_keeps_them_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The relay makes it with a lag, as its program says; the others without."""
    plant, made = Plant(), list[TopicSpec]()
    create, program_for = plant.topics.create, plant.programs.program_for

    def deleting(topic: str, shape: Shape, majors: Majors | None) -> Program:
        return replace(program_for(topic, shape, majors), delete_records=topic == USERS)

    monkeypatch.setattr(plant.topics, "create", lambda specs: (made.extend(specs), create(specs)))
    monkeypatch.setattr(plant.programs, "program_for", deleting)
    for topic in (USERS, PRODUCTS):
        plant.broker.append(topic, b"0", raw("0"))
    plant.turn(plant.relay())

    lags = {spec.name: spec.config.get("min.compaction.lag.ms") for spec in made}
    assert (lags[governed(USERS)], lags[governed(PRODUCTS)]) == ("86400000", None)
