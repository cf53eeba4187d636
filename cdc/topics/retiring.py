"""Taking an earlier major's topic away: once the newest one has all of the table.

1. the topic is an earlier major's, and the newest one's backfill is completed
2. (the caller has compared the newest one with MySQL)
3. `_cdc.state` says that it is retired; a relay that still writes it stops doing so
4. the topic is deleted, its subjects are soft-deleted: their ids can still be read
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cdc.control.signals import Backfill, read_backfills
from cdc.control.state import ControlState, read_state, retired_record
from cdc.control.status import SILENT_AFTER_S, RelayStatus
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.layout import NOTIFICATIONS, STATE
from cdc.kafka.port import GroupMetadata, Reader, TopicAdmin, TransactionalSink
from cdc.majors import Majors, Standing, topic_of_major
from registry.model import Subject

DEADLINE_S = 30.0
"""A relay looks once a second, and speaks every two."""
_POLL_S = 0.2
_NOBODY = GroupMetadata(None)


class SubjectRemover(Protocol):
    """What is needed of a registry."""

    def delete(self, subject: Subject) -> None:
        """Soft-delete all versions; nothing happens to a subject that is not there."""


@dataclass(frozen=True, slots=True)
class Retirement:
    """An earlier major's topic, of which table, and the newest topic that stays."""

    raw_topic: str
    major: int
    topic: str
    newest: str

    @property
    def table(self) -> str:
        """`<database>.<table>`."""
        return ".".join(self.raw_topic.rsplit(".", 2)[1:])


def find_retirement(topic: str, namespace: str, state: ControlState) -> Retirement:
    """The earlier major that a governed topic is of.

    Raises:
        ConfigError: it is no earlier major's, or already retired.
    """
    match = re.fullmatch(rf"{re.escape(namespace)}\.(.+)\.v(\d+)", topic)
    table, major = (match[1], int(match[2])) if match else ("", 0)
    for raw_topic, majors in state.majors.items():
        found = Retirement(raw_topic, major, topic, topic_of_major(topic, majors.newest))
        if found.table == table:
            _check(found, majors)
            return found
    raise ConfigError(f"{topic}: not a topic of a table's earlier major", hint="cdc topics list")


def _check(found: Retirement, majors: Majors) -> None:
    if found.topic == found.newest:
        raise ConfigError(
            f"{found.topic}: is the newest major of {found.table}; only earlier ones are retired"
        )
    standings = {it.major: it.standing for it in majors.old}
    if standings.get(found.major, Standing.RETIRED) is Standing.RETIRED:
        known = ", ".join(f"v{major}" for major in standings) or "none"
        raise ConfigError(
            f"{found.topic}: not there, or retired already; earlier majors: {known}",
            hint="cdc topics list",
        )


def require_backfilled(found: Retirement, reader: Reader) -> None:
    """See that the newest major has got the rows that were there before it.

    Raises:
        ConfigError: its snapshot is not completed.
    """
    known = read_backfills(reader.read_to_end(NOTIFICATIONS))
    backfill = known.get(found.newest, Backfill.ASKED)
    if backfill is not Backfill.COMPLETED:
        raise ConfigError(
            f"{found.topic}: the backfill of {found.newest} is {backfill}, not completed",
            hint="cdc relay status; cdc connectors status",
        )


@dataclass(frozen=True, slots=True)
class Retirer:
    """All four steps; `namespace` is the governed topics'."""

    namespace: str
    topics: TopicAdmin
    reader: Reader
    sink: TransactionalSink
    subjects: SubjectRemover
    statuses: Callable[[], Mapping[str, RelayStatus]]

    def find(self, topic: str) -> Retirement:
        """Step 1.

        Raises:
            ConfigError: the topic cannot be retired, or not yet.
        """
        found = find_retirement(topic, self.namespace, read_state(self.reader.read_to_end(STATE)))
        require_backfilled(found, self.reader)
        return found

    def carry_out(self, found: Retirement, deadline_s: float = DEADLINE_S) -> None:
        """Delete the topic and its subjects.

        Raises:
            Unreachable: a relay still writes it, or Kafka or the registry does not answer; the
                same command then goes on where this one ended.
        """
        key, value = retired_record(found.raw_topic, found.major, time.time_ns() // 1_000_000)
        self.sink.open()
        self.sink.begin()
        self.sink.produce(STATE, 0, key, value)
        self.sink.commit({}, _NOBODY)
        self._await_let_go(found, time.monotonic() + deadline_s)
        self.topics.delete([found.topic])
        for part in ("key", "value"):
            self.subjects.delete(Subject(f"{found.topic}-{part}"))

    def _await_let_go(self, found: Retirement, deadline: float) -> None:
        while _is_written(found, self.statuses().values()):
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{found.topic}: a relay still writes it", hint="cdc relay status"
                )
            time.sleep(_POLL_S)


def _is_written(found: Retirement, relays: Iterable[RelayStatus]) -> bool:
    """Whether a relay that speaks says that it serves this major."""
    now_ms = time.time_ns() // 1_000_000
    return any(
        table.raw_topic == found.raw_topic and table.majors and found.major in table.majors.served
        for relay in relays
        if relay.silent_s(now_ms) <= SILENT_AFTER_S
        for table in relay.tables
    )
