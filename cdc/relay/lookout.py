"""What has changed outside, looked for once a second beside the loop, which never waits for it.

A look asks Kafka and decides nothing: it gets values and gives values. The loop takes what was
found when it next comes round. At most one look is under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from cdc.control.state import read_state
from cdc.errors import TransientError, Unreachable
from cdc.kafka.layout import COMMANDS, STATE
from cdc.kafka.port import TopicInfo, TopicPartition
from cdc.majors import Majors
from cdc.relay.commands import Post, read_post
from cdc.relay.ports import Ports
from cdc.relay.table import Table
from cdc.telemetry.logs import get_log
from cdc.telemetry.trouble import Pace

LOOK_S = 1.0
_COMMANDS_AT = TopicPartition(COMMANDS)
_LOG = get_log("cdc.relay")


@dataclass(frozen=True, slots=True)
class Known:
    """What a look starts from: raw topics of the open tables, and those that stand still.

    `is_serving`: an earlier major of one of them is still written. Of `_cdc.commands` the offsets
    below `read` are known.
    """

    topics: tuple[str, ...]
    standing: tuple[str, ...]
    is_serving: bool
    read: int

    @classmethod
    def of(cls, tables: Iterable[Table], read: int) -> Known:
        """As things are now."""
        owned = list(tables)
        return cls(
            tuple(sorted({it.at.topic for it in owned})),
            tuple(sorted({it.at.topic for it in owned if it.halt is not None})),
            any(it.majors is not None and bool(it.majors.served) for it in owned),
            read,
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look has found: raw topics, ends of those that stand still, recorded majors."""

    topics: Mapping[str, TopicInfo]
    ends: Mapping[TopicPartition, int]
    majors: Mapping[str, Majors]
    post: Post

    def outdates(self, table: Table) -> bool:
        """Whether the raw topic was made anew, or a person has retired a major still written."""
        info, recorded = self.topics.get(table.at.topic), self.majors.get(table.at.topic)
        is_recreated = info is not None and info.topic_id != table.topic_id
        served = table.majors.served if table.majors else ()
        return is_recreated or (bool(served) and recorded is not None and recorded.served != served)


class Lookout:
    """Begins looks, and tells of each once."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._began = ports.clock.now()
        self._look: Future[Sight] | None = None
        self._pace = Pace(ports.clock.now)

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next look."""
        return self._look is None and self._ports.clock.now() - self._began >= LOOK_S

    def begin(self, known: Known) -> None:
        """Begin a look."""
        self._began = self._ports.clock.now()
        self._look = self._ports.beside.submit(look, self._ports, known)

    def take(self) -> Sight | None:
        """What a look that has come to its end has found; one that failed is for the log only."""
        if self._look is None or not self._look.done():
            return None
        ended, self._look = self._look, None
        try:
            return ended.result()
        except (TransientError, Unreachable) as error:
            # No trouble of its own: where Kafka is away, the rounds say so.
            if self._pace.is_due(error.message):
                _LOG.info("look_failed", message=error.message)
            return None


def look(ports: Ports, known: Known) -> Sight:
    """Ask for all that may have changed; `_cdc.state` is read only where a major may be retired.

    Raises:
        TransientError: the broker does not answer now.
        Unreachable: idem.
    """
    ports.source.claim_unassigned()
    ranges = ports.topics.ranges([COMMANDS, *known.standing])
    ends = {at: end for at, (_, end) in ranges.items()}
    return Sight(
        ports.topics.describe(known.topics),
        ends,
        read_state(ports.reader.read_to_end(STATE)).majors if known.is_serving else {},
        read_post(ports.reader, known.read, ends.get(_COMMANDS_AT, 0)),
    )
