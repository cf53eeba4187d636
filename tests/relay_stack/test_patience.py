"""A registry that answers late, or never: one table waits, the others go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from cdc.control.status import TableState
from cdc.errors import TableStopped, TransientError
from cdc.event import AvroShape, Shape
from cdc.majors import Majors
from cdc.relay import PatientPrograms
from cdc.stream.pipeline import Program
from tests.relay_stack.fakes import FakePrograms, governed, raw
from tests.relay_stack.plant import PRODUCTS, USERS, Plant
from tests.waiting import wait_until

LATE = AvroShape(None, 2)
SOON = AvroShape(None, 1)


@dataclass
class SlowPrograms(FakePrograms):
    """Answers for shape 2 only when it is told to."""

    answered: threading.Event = field(default_factory=threading.Event)

    def program_for(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:
        """See the port."""
        if shape == LATE:
            assert self.answered.wait(60)
        return super().program_for(raw_topic, shape, majors)


@pytest.fixture
def slow() -> Iterator[SlowPrograms]:
    """Threads that still wait are let go with the test."""
    programs = SlowPrograms()
    yield programs
    programs.answered.set()


def test_the_table_waits_and_gets_the_answer_that_was_asked_for(slow: SlowPrograms) -> None:
    """The other table's event arrives meanwhile; the registry is asked once."""
    plant = Plant(programs=PatientPrograms(slow, patience_s=0.05))
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    plant.broker.append(PRODUCTS, b"n", raw("p"))
    relay = plant.relay()
    plant.turn(relay)
    assert plant.values(governed(PRODUCTS)) == [b"1:p"]
    users = next(table for table in plant.status().tables if table.raw_topic == USERS)
    assert (users.state, users.code) == (TableState.WAITING, "unavailable")
    assert "has not answered yet" in users.message
    assert "cdc serve" in users.hint

    slow.answered.set()
    wait_until(lambda: (USERS, LATE) in slow.asked, 10, "the answer")
    plant.turn(relay, 400)

    assert plant.values(governed(USERS)) == [b"1:new"]
    assert slow.asked.count((USERS, LATE)) == 1


def test_ten_tables_cost_a_round_no_more_than_one(slow: SlowPrograms) -> None:
    """Else the round's transaction would time out, and no table would ever get on."""
    patient = PatientPrograms(slow, patience_s=0.2)
    began = time.monotonic()
    for number in range(10):
        with pytest.raises(TransientError):
            patient.program_for(f"raw.shop.t{number}", LATE, None)

    assert time.monotonic() - began < 1
    slow.answered.set()
    wait_until(lambda: len(slow.asked) == 10, 10, "the answers")
    for number in range(10):
        assert patient.program_for(f"raw.shop.t{number}", LATE, None).topic


def test_an_error_reaches_whoever_asked(slow: SlowPrograms) -> None:
    """As it was raised, and the next time it is asked anew."""
    patient = PatientPrograms(slow)
    slow.errors[1] = TableStopped("no_policy", "no policy")
    for _ in range(2):
        with pytest.raises(TableStopped, match="no policy"):
            patient.program_for(USERS, SOON, None)
    slow.errors.clear()

    assert patient.program_for(USERS, SOON, None).topic == governed(USERS)
    assert len(slow.asked) == 3


def test_an_answer_under_outdated_policies_is_not_used(slow: SlowPrograms) -> None:
    """Policies that changed while the registry was busy: it is asked again."""
    patient = PatientPrograms(slow, patience_s=0.01)
    with pytest.raises(TransientError):
        patient.program_for(USERS, LATE, None)
    slow.changed = True
    assert patient.refresh()
    assert not patient.refresh()
    slow.answered.set()
    wait_until(lambda: len(slow.asked) == 1, 10, "the outdated answer")
    wait_until(lambda: _answers(patient), 10, "the new answer")

    assert len(slow.asked) == 2


def _answers(programs: PatientPrograms) -> bool:
    try:
        programs.program_for(USERS, LATE, None)
    except TransientError:
        return False
    return True
