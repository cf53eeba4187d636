"""Every matching topic is some member's: a group that has overlooked one is made to look again.

A static member that comes back within its session gets the assignment that it had, without a
rebalance and without a look at what it subscribes to by now (KIP-345; seen on Kafka 4.3). A topic
made while it was away is then nobody's, for ever: the client itself knows of the topic and takes it
for assigned. A rebalance, in which all members say anew what they subscribe to, is what mends it;
the only way to ask for one from outside is to join the group for a moment.
"""

from __future__ import annotations

import re
import struct
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from cdc.kafka.layout import STATUS
from cdc.telemetry.logs import get_log
from cdc.telemetry.trouble import Pace

LOOK_S = 3.0
ANSWER_TIMEOUT_S = 5.0
VISIT_S = 20.0
"""A visitor that has not become a member by then leaves again; the next look sends another."""
STABLE = "Stable"
_POLL_S = 0.2
_HEAD = struct.Struct(">hi")
_LENGTH = struct.Struct(">h")
_COUNT = struct.Struct(">i")
_LOG = get_log("cdc.kafka")


class Coverage:
    """Looks every `LOOK_S`; a topic that is nobody's in two looks running calls for a rebalance.

    `connect` makes a consumer of the same group that is no static member.
    """

    def __init__(self, admin: AdminClient, group: str, connect: Callable[[], Consumer]) -> None:
        self._admin = admin
        self._group = group
        self._connect = connect
        self._looked_at = time.monotonic()
        self._nobodys: frozenset[str] = frozenset()
        self._visit: threading.Thread | None = None
        self._pace = Pace()

    def look(self, patterns: Sequence[str]) -> None:
        """Look, if it is time; never waits for a rebalance, and troubles are only for the log."""
        visiting = self._visit is not None and self._visit.is_alive()
        if visiting or time.monotonic() - self._looked_at < LOOK_S:
            return
        try:
            nobodys = self._find_nobodys(patterns)
        except KafkaException:
            return  # the next look tells; whether the broker answers is the relay's own concern
        finally:
            self._looked_at = time.monotonic()
        if nobodys & self._nobodys:
            if self._pace.is_due(" ".join(sorted(nobodys))):
                _LOG.warning("topics_unassigned", group=self._group, topics=sorted(nobodys))
            self._visit = threading.Thread(target=self._rebalance, daemon=True)
            self._visit.start()
        self._nobodys = nobodys

    def _find_nobodys(self, patterns: Sequence[str]) -> frozenset[str]:
        """Matching topics that no member of the settled group has; none while it is unsettled.

        A group that nobody has joined yet is not listed: the client joins with the first topic.
        """
        names = self._admin.list_topics(timeout=ANSWER_TIMEOUT_S).topics
        matching = {name for name in names if any(re.match(p, name) for p in patterns)}
        # Not `describe_consumer_groups`: where it runs out of time while the coordinator is being
        # looked for, as after a broker's crash, librdkafka aborts the process (its issue 4605).
        groups = self._admin.list_groups(self._group, timeout=ANSWER_TIMEOUT_S)
        # None at all while a broker that came back still loads its groups.
        if [str(it.state) for it in groups] != [STABLE]:
            return frozenset()
        members: list[Any] = groups[0].members  # the client's stubs deny them an assignment
        taken = {topic for it in members for topic in assigned_topics(it.assignment)}
        return frozenset(matching - taken)

    def _rebalance(self) -> None:
        """Join for a topic that nobody else reads, and leave: both make the group settle anew."""
        joined = threading.Event()
        with closing(self._connect()) as visitor:
            visitor.subscribe([STATUS], on_assign=lambda *_: joined.set())
            end = time.monotonic() + VISIT_S
            while not joined.is_set() and time.monotonic() < end:
                visitor.poll(_POLL_S)


def assigned_topics(assignment: bytes) -> frozenset[str]:
    """Topics of a member's assignment, as the consumer protocol writes it.

    Kafka's ConsumerProtocolAssignment: version, then per topic its name and partitions; what comes
    behind (user data) is not looked at. A member without an assignment has sent nothing.
    """
    if not assignment:
        return frozenset()
    topics, at = [], _HEAD.size
    for _ in range(_HEAD.unpack_from(assignment)[1]):
        begin = at + _LENGTH.size
        end = begin + _LENGTH.unpack_from(assignment, at)[0]
        topics.append(assignment[begin:end].decode())
        at = end + _COUNT.size * (1 + _COUNT.unpack_from(assignment, end)[0])
    return frozenset(topics)
