"""Incremental snapshots on demand: asked through Kafka, followed by their notifications."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from cdc.connect.progress import SnapshotProgress, read_progress
from cdc.connect.snapshots import add_condition, stop_signal
from cdc.control.signals import snapshot_signal
from cdc.errors import Unreachable
from cdc.kafka.layout import NOTIFICATIONS, SIGNALS, SOURCE_SPECS
from cdc.kafka.port import GroupMetadata, Reader, TopicAdmin, TransactionalSink

POLL_S = 0.3
# A signal is no consumer's doing: no offsets are committed with it.
_NOBODY = GroupMetadata(object())
ENDED = frozenset({"completed", "aborted", "skipped"})


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Asks connectors for snapshots of tables, each named by its raw topic."""

    topics: TopicAdmin
    reader: Reader
    sink: TransactionalSink

    def ask(self, raw_topic: str, where: str) -> str:
        """Ask for a table's rows (those that fulfil `where`); the name of the snapshot."""
        name = f"cdc-{uuid.uuid4().hex[:12]}"
        key, value = snapshot_signal(raw_topic, name)
        self._send(key, add_condition(value, where))
        return name

    def cancel(self, raw_topic: str) -> None:
        """Ask for the end of a table's snapshot."""
        self._send(*stop_signal(raw_topic, f"cdc-{uuid.uuid4().hex[:12]}"))

    def follow(
        self,
        raw_topic: str,
        name: str,
        timeout_s: float,
        tell: Callable[[SnapshotProgress], None],
    ) -> SnapshotProgress:
        """Wait for the end of a snapshot, telling each step.

        Raises:
            Unreachable: it has not ended in time.
        """
        prefix = raw_topic.rsplit(".", 2)[0]
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            values = (record.value for record in self.reader.read_to_end(NOTIFICATIONS))
            found = [one for one in read_progress(values, prefix) if one.id == name]
            if found:
                tell(found[-1])
                if found[-1].state in ENDED:
                    return found[-1]
            time.sleep(POLL_S)
        raise Unreachable(
            f"{raw_topic}: the snapshot has not ended after {timeout_s:g} s",
            hint="cdc connectors status; does the connector read signals from kafka?",
        )

    def _send(self, key: bytes, value: bytes) -> None:
        self.topics.create(SOURCE_SPECS)
        self.sink.open()
        self.sink.begin()
        self.sink.produce(SIGNALS, 0, key, value)
        self.sink.commit({}, _NOBODY)
