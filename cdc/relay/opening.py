"""From where a raw partition is read, and under which epoch: decided at every assignment.

The decision is made from four facts and nothing else (`decide`), so that every relay that takes a
partition decides alike, and after an aborted transaction it is simply made again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cdc.control.commands import KEPT_MS as COMMANDS_KEPT_MS
from cdc.control.commands import ack_key
from cdc.control.letters import OpenLetter, letter_key
from cdc.control.state import ControlState, Epoch, read_state
from cdc.deadletter import parse_origin
from cdc.errors import TableStopped
from cdc.kafka.layout import LETTERS_KEPT_MS, STATE
from cdc.kafka.port import TopicInfo, TopicPartition
from cdc.relay.letters import OpenLetters
from cdc.relay.ports import Ports
from cdc.relay.table import LIMIT_CODE, PAUSED_CODE, Halt, Table

FIRST_EPOCH = 1
OPENING_CODES = frozenset({"raw_partitions", "raw_lost", LIMIT_CODE, PAUSED_CODE})
"""What is decided here; all else shows itself only when an event is taken."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one partition: the topic, its recorded epoch, group offset, log bounds."""

    info: TopicInfo
    recorded: Epoch | None
    committed: int | None
    bounds: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Opening:
    """Read from `start`; `epoch` is not yet recorded where `new_epoch`."""

    start: int
    epoch: int
    new_epoch: bool


def decide(at: TopicPartition, facts: Facts) -> Opening:
    """Where to start.

    A topic that was created anew starts at 0 under the next epoch: offsets of its predecessor mean
    nothing in it. A partition without an offset starts at 0.

    Raises:
        TableStopped: `raw_partitions` or `raw_lost`.
    """
    _check_partitions(at, facts.info)
    same = facts.recorded is not None and facts.recorded.topic_id == facts.info.topic_id
    before = facts.recorded.epoch if facts.recorded else FIRST_EPOCH - 1
    recreated = facts.recorded is not None and not same
    start = 0 if recreated or facts.committed is None else facts.committed
    _check_bounds(at, start, facts.bounds)
    return Opening(start, before if same else before + 1, not same)


def _check_partitions(at: TopicPartition, info: TopicInfo) -> None:
    if info.partitions != 1:
        raise TableStopped(
            "raw_partitions",
            f"{at.topic}: {info.partitions} partitions; a raw topic has exactly one, "
            "its offset is the table's order",
            hint="set topic.creation.default.partitions=1 in the connector, delete the topic and "
            "take a snapshot of the table",
        )


def _check_bounds(at: TopicPartition, start: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= start <= high:
        raise TableStopped(
            "raw_lost",
            f"{at.topic}: to go on at offset {start}, but the topic holds {low} to {high}: "
            "changes between have been lost",
            hint="stop the relay, set the group's offset of this topic to the earliest "
            "(kafka-consumer-groups --reset-offsets --to-earliest), start it, snapshot the table",
        )


def find_hold(raw_topic: str, state: ControlState) -> Halt | None:
    """What keeps a table where it is until somebody says `resume`."""
    pause, stop = state.pauses.get(raw_topic), state.stops.get(raw_topic)
    if pause is not None:
        since = datetime.fromtimestamp(pause.since_ms / 1000, UTC).isoformat(timespec="seconds")
        hint = f"cdc relay resume {raw_topic}"
        return Halt(PAUSED_CODE, f"paused by {pause.by} since {since}", hint)
    if stop is not None and stop.code == LIMIT_CODE:
        return Halt(stop.code, stop.message, stop.hint)
    return None


class Opener:
    """Gathers the facts and starts partitions."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def open(self, places: Sequence[TopicPartition]) -> list[tuple[Table, Opening | None]]:
        """Tables of these partitions, reading where they can; a topic that is gone is left out.

        Raises:
            TransientError: the broker did not answer everything: nothing is half opened that a
                second call would not open again.
        """
        infos = self._ports.topics.describe(sorted({place.topic for place in places}))
        present = [place for place in places if place.topic in infos]
        # Offsets first: that waits for a predecessor's last transaction, state with it.
        committed = self._ports.source.committed(present)
        state = read_state(self._ports.reader.read_to_end(STATE))
        bounds = self._ports.topics.ranges(sorted({place.topic for place in present}))
        facts = {
            at: Facts(infos[at.topic], state.epochs.get(at.topic), committed.get(at), bounds[at])
            for at in present
            if at in bounds
        }
        return [self._open(at, known, state) for at, known in facts.items()]

    def _open(
        self, at: TopicPartition, facts: Facts, state: ControlState
    ) -> tuple[Table, Opening | None]:
        table = self._table(at, facts, state)
        try:
            opening = decide(at, facts)
        except TableStopped as stopped:
            table.halt = Halt.of(stopped)
            table.epoch = facts.recorded.epoch if facts.recorded else 0
            table.position = facts.committed or 0
            self._ports.source.pause(at)
            return table, None
        table.epoch, table.position = opening.epoch, opening.start
        table.outdated = find_outdated(table, state)
        table.halt = find_hold(at.topic, state)
        if table.halt is None:
            self._ports.source.start(at, opening.start)
        return table, opening

    def _table(self, at: TopicPartition, facts: Facts, state: ControlState) -> Table:
        expired = find_expired(at.topic, state, self._ports.clock.wall_ms())
        mine = [it for it in state.letters.values() if it.raw_topic == at.topic]
        stop = state.stops.get(at.topic)
        return Table(
            at,
            OpenLetters(
                (it for it in mine if letter_key(it.id) not in expired), self._ports.cipher
            ),
            {name for name, ack in state.acks.items() if ack.raw_topic == at.topic},
            expired,
            topic_id=facts.info.topic_id,
            end=facts.bounds[1],
            stop_noted=stop.code if stop else "",
            majors=state.majors.get(at.topic),
        )


def find_expired(raw_topic: str, state: ControlState, now_ms: int) -> frozenset[bytes]:
    """Keys of letters and acknowledgements that outlived what they are about."""
    letters = (
        letter_key(name)
        for name, it in state.letters.items()
        if it.raw_topic == raw_topic and it.at_ms < now_ms - LETTERS_KEPT_MS
    )
    acks = (
        ack_key(name)
        for name, it in state.acks.items()
        if it.raw_topic == raw_topic and it.at_ms < now_ms - 2 * COMMANDS_KEPT_MS
    )
    return frozenset((*letters, *acks))


def find_outdated(table: Table, state: ControlState) -> list[OpenLetter]:
    """Letters from before the raw topic was lost or made anew: changes since then are unknown."""
    stop = state.stops.get(table.at.topic)
    lost_ms = stop.since_ms if stop and stop.code == "raw_lost" else 0
    return [
        it for it in table.letters if it.at_ms < lost_ms or parse_origin(it.id).epoch < table.epoch
    ]
