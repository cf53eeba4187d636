from __future__ import annotations

import pytest

from cdc.control.status import RelayStatus, TableState, TableStatus
from cdc.kafka.memory import MemoryBroker, MemoryReader, MemoryTopics
from cdc.kafka.port import TopicSpec
from cdc.operations import TimeLeft, find_time_left

HOUR_MS = 3_600_000
RAW = "mysql.pizzashop.users"


@pytest.fixture
def broker() -> MemoryBroker:
    """A raw topic of three events (at 1, 2 and 3 ms) that is kept for four hours."""
    broker = MemoryBroker()
    MemoryTopics(broker).create([TopicSpec(RAW, 1, {"retention.ms": str(4 * HOUR_MS)})])
    for number in range(3):
        broker.append(RAW, b"k", b"%d" % number)
    return broker


def ask(broker: MemoryBroker, position: int, now_ms: int) -> dict[str, TimeLeft]:
    """Of a relay that stands at a position."""
    table = TableStatus(RAW, 0, TableState.STOPPED, position=position, lag=3 - position)
    relay = RelayStatus("1", "g", 0, now_ms, 0, 0.0, (table,))
    return dict(find_time_left([relay], MemoryTopics(broker), MemoryReader(broker), now_ms))


@pytest.mark.parametrize(("hours", "alarming"), [(1, False), (2.9, False), (3.1, True), (9, True)])
def test_time_left_counts_from_the_oldest_unread_event(
    broker: MemoryBroker, hours: float, *, alarming: bool
) -> None:
    """Its age against the topic's retention; below a quarter it alarms, below nothing it is 0."""
    (left,) = ask(broker, 1, int(hours * HOUR_MS) + 2).values()
    assert left.left_s == pytest.approx(max(0, (4 - hours) * 3600))
    assert left.retention_s == 4 * 3600
    assert left.is_alarming is alarming


def test_a_table_that_has_read_everything_is_in_no_danger(broker: MemoryBroker) -> None:
    """Nor is one whose topic is kept for ever."""
    assert ask(broker, 3, HOUR_MS) == {}
    broker.topics[RAW].config = {"retention.ms": "-1"}
    assert ask(broker, 0, HOUR_MS) == {}
