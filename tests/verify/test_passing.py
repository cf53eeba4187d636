"""When the relay has passed a moment."""

import time

import pytest

from cdc.control.status import RelayStatus, TableState, TableStatus
from cdc.errors import Unreachable
from cdc.kafka.port import Record, TopicPartition
from cdc.verify.passing import RelayPassing

RAW = "mysql.pizzashop.users"


class Source:
    """Connect, the broker and the relay, each as far as it has come; GTIDs are numbers."""

    def __init__(self):
        self.offset = {"gtids": "5"}
        self.server = "mysql"
        self.position = 10
        self.end = 10
        self.records = []
        self.asked = 0
        self.after = lambda: None

    def is_gtid_subset(self, part, whole):
        return int(part) <= int(whole or 0)

    def ranges(self, names):
        return {TopicPartition(name): (0, self.end) for name in names if self.end}

    def read_to_end(self, topic, start):
        return iter([Record(topic, 0, at, 0, b"", b"") for at in self.records if at >= start[0]])

    def offsets(self):
        self.asked += 1
        if self.asked > 1:
            self.after()
        return [{"offsets": [{"partition": {"server": self.server}, "offset": self.offset}]}]

    def statuses(self):
        if self.position is None:
            return {}
        table = TableStatus(RAW, 0, TableState.RUNNING, position=self.position)
        return {"relay-0": RelayStatus("1", "relay", 0, 0, 0, 0.0, (table,))}

    def wait(self, gtids="5", limit_s=0.0):
        passing = RelayPassing(self, self.offsets, self.statuses, self, self)
        passing.await_passed(gtids, RAW, time.monotonic() + limit_s)


@pytest.fixture
def source():
    """Everybody is there."""
    return Source()


def test_both_there_is_passed(source):
    """Debezium has committed the GTIDs, the relay is at the end."""
    source.wait()


def test_markers_behind_the_position_are_nothing(source):
    """The end counts transaction markers, which no position passes by itself."""
    source.end = 12
    source.wait()


def test_topic_without_events_is_passed(source):
    """No raw topic, and no relay that has it: there is nothing to wait for."""
    source.position, source.end = None, 0
    source.wait()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offset": {"gtids": "4"}}, "Debezium has not yet read"),
        ({"offset": {}}, "Debezium has not yet read"),
        ({"offset": None}, "Debezium has not yet read"),
        ({"offset": {"gtids": "5", "snapshot": "INITIAL"}}, "Debezium has not yet read"),
        ({"server": "other"}, "Debezium has not yet read"),
        ({"end": 12, "records": [10]}, "the relay has not yet passed offset 12"),
        ({"position": None}, "the relay has not yet passed offset 10"),
    ],
)
def test_who_is_behind_is_said(source, change, message):
    """Too few GTIDs, a snapshot under way, another server's connector, or a relay that lags."""
    for name, value in change.items():
        setattr(source, name, value)
    with pytest.raises(Unreachable, match=message) as caught:
        source.wait()
    assert caught.value.hint.startswith("cdc ")


def test_it_is_waited_for(source):
    """What comes before the deadline is in time."""
    source.offset = {"gtids": "4"}
    source.after = lambda: source.offset.update(gtids="5")
    source.wait(limit_s=30)
    assert source.asked == 2
