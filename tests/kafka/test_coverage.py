"""What of a group's answer tells which topics are taken."""

import struct
from types import SimpleNamespace

import pytest

from cdc.kafka import coverage
from cdc.kafka.coverage import assigned_topics


def _assignment(topics: dict[str, list[int]], rest: bytes = b"") -> bytes:
    """As Kafka's ConsumerProtocolAssignment (version 1) has it."""
    head = struct.pack(">hi", 1, len(topics))
    for name, partitions in topics.items():
        head += struct.pack(">h", len(name.encode())) + name.encode()
        head += struct.pack(f">i{len(partitions)}i", len(partitions), *partitions)
    return head + rest


@pytest.mark.parametrize(
    ("data", "topics"),
    [
        (b"", set()),
        (_assignment({}), set()),
        (_assignment({"mysql.shop.users": [0]}), {"mysql.shop.users"}),
        (_assignment({"a": [0, 1, 2], "é": [], "b": [7]}), {"a", "é", "b"}),
        (_assignment({"a": [0]}, rest=b"\x00\x00\x00\x02xy"), {"a"}),
    ],
)
def test_topics_of_an_assignment(data, topics):
    """Every topic is named, whatever its partitions, and nothing of what comes behind them."""
    assert assigned_topics(data) == topics


def test_a_group_that_is_not_loaded_yet_is_not_called_unsettled(monkeypatch):
    """After a broker's crash: nobody is sent to rebalance, and the relay does not end of it."""
    monkeypatch.setattr(coverage, "LOOK_S", 0.0)
    admin = SimpleNamespace(
        list_topics=lambda **_: SimpleNamespace(topics={"raw.shop.users": None}),
        list_groups=lambda *_, **__: [],
    )
    watched = coverage.Coverage(admin, "relays", lambda: pytest.fail("a visit"))
    for _ in range(3):
        watched.look(["^raw"])
