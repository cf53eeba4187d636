"""`TableBook`: the tables that this relay owns, and the control records that they owe.

A table comes into the book when its partition is assigned, is opened at the start of a round (never
within one: events already in hand would be delivered again) and leaves it when revoked. After a
failure, a changed policy or a re-created topic it is simply taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from cdc.control.state import (
    Epoch,
    StopNote,
    epoch_record,
    majors_record,
    stop_key,
    stop_value,
)
from cdc.control.status import TableState
from cdc.event import RawBatch
from cdc.kafka.port import TopicPartition
from cdc.majors import Majors
from cdc.relay.lookout import Sight
from cdc.relay.opening import OPENING_CODES, Opener, Opening
from cdc.relay.ports import Ports
from cdc.relay.table import Halt, Table
from cdc.relay.work import Work
from cdc.stream.pipeline import Program
from cdc.telemetry.logs import get_log

_LOG = get_log("cdc.relay")


class TableBook:
    """See above. `tables` are the opened ones, halted or not."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._opener = Opener(ports)
        self._tables: dict[TopicPartition, Table] = {}
        self._unopened: set[TopicPartition] = set()
        self._halted: dict[TopicPartition, Halt] = {}
        self._notes: dict[bytes, tuple[bytes | None, TopicPartition]] = {}
        self.tables: Mapping[TopicPartition, Table] = MappingProxyType(self._tables)

    @property
    def owes(self) -> bool:
        """Whether control records wait to be written."""
        return bool(self._notes)

    def take_up_again(self, places: list[TopicPartition]) -> None:
        """Read these no further; open them anew."""
        for at in places:
            self._ports.source.pause(at)
            table = self._tables.pop(at)
            if table.shown is not None:
                self._halted[at] = table.shown
            self._unopened.add(at)

    def take_up_all(self) -> None:
        """After an aborted transaction: what was to be recorded is decided anew, too."""
        self.take_up_again(list(self._tables))
        self._notes.clear()

    def follow_assignment(self) -> None:
        """What the last poll brought."""
        changes = self._ports.source.take_changes()
        for at in changes.revoked:
            for known in (self._tables, self._halted):
                known.pop(at, None)
            self._unopened.discard(at)
        for at in changes.assigned | changes.lost:
            self._tables.pop(at, None)
            self._unopened.add(at)

    def open_new(self) -> None:
        """Open what is not open yet.

        Raises:
            TransientError: the broker did not tell all that is needed; the next call tries again.
        """
        if not self._unopened:
            return
        for table, opening in self._opener.open(sorted(self._unopened)):
            table.earlier = self._halted.get(table.at)
            self._tables[table.at] = table
            if opening is not None:
                self._opened(table, opening)
            if table.halt is not None:
                self._note_halt(table, table.halt)
                self.halt(table, table.halt)
        self._unopened.clear()

    def waiting(self, now: float) -> list[TopicPartition]:
        """Tables whose time to try again has come."""
        return [
            at
            for at, table in self._tables.items()
            if table.halt and table.halt.retry_at is not None and table.halt.retry_at <= now
        ]

    def halted(self) -> list[TopicPartition]:
        """Tables that stand still."""
        return [at for at, table in self._tables.items() if table.halt is not None]

    def see(self, sight: Sight) -> None:
        """What a look has found; tables that are outdated are taken up again."""
        for at, table in self._tables.items():
            table.end = sight.ends.get(at, table.end)
        self.take_up_again([at for at, it in self._tables.items() if sight.outdates(it)])

    def of(self, batches: list[RawBatch]) -> Iterator[tuple[Table, RawBatch]]:
        """Each batch with its table; one whose partition has just gone is passed over."""
        for batch in batches:
            table = self._tables.get(TopicPartition(batch.topic, batch.partition))
            if table is not None:
                yield table, batch

    def take_notes(self, work: Work) -> dict[bytes, bytes | None]:
        """Control records for this transaction, each with its partition's offset.

        The offset is what has a relay refused that lost the partition meanwhile.
        """
        for at, tally in work.tallies.items():
            table = self._tables[at]
            if tally.halt is not None:
                self._note_halt(table, tally.halt)
            elif tally.passed and table.stop_noted:
                self._notes[stop_key(at.topic)] = (None, at)
            if tally.majors is not None:
                key, value = majors_record(at.topic, tally.majors)
                self._notes[key] = (value, at)
        for _, at in self._notes.values():
            work.offsets.setdefault(at, self._tables[at].position)
        return {key: value for key, (value, _) in self._notes.items()}

    def apply(self, work: Work) -> None:
        """The transaction has been committed: only now it has happened."""
        self._notes.clear()
        for at, offset in work.offsets.items():
            self._tables[at].position = offset
        for at, tally in work.tallies.items():
            table = self._tables[at]
            if tally.majors is not None:
                _say_majors(table, tally.majors)
                table.majors = tally.majors
            if tally.program is not None:
                _say_lock(table, tally.program)
                table.program = tally.program
            if tally.passed:
                self._went_on(table)
            if tally.halt is not None:
                self.halt(table, tally.halt)

    def halt(self, table: Table, halt: Halt) -> None:
        """Read no further; said once, however often it is tried again."""
        self._ports.source.pause(table.at)
        table.halt = halt
        if table.earlier is not None and table.earlier.code == halt.code:
            return
        _LOG.warning(
            f"table_{halt.state}",
            topic=table.at.topic,
            offset=table.position,
            code=halt.code,
            message=halt.message,
            hint=halt.hint,
        )

    def _opened(self, table: Table, opening: Opening) -> None:
        if opening.new_epoch:
            key, value = epoch_record(table.at.topic, Epoch(table.epoch, table.topic_id))
            self._notes[key] = (value, table.at)
        for key in table.expired:
            self._notes[key] = (None, table.at)
        if table.earlier and table.earlier.code in OPENING_CODES and table.halt is None:
            table.earlier = None
        if table.earlier is None:
            _LOG.info(
                "table_opened", topic=table.at.topic, offset=table.position, epoch=table.epoch
            )

    def _note_halt(self, table: Table, halt: Halt) -> None:
        """What needs a person is recorded, once."""
        if halt.state is TableState.STOPPED and table.stop_noted != halt.code:
            since_ms = self._ports.clock.wall_ms()
            note = StopNote(halt.code, halt.message, halt.hint, since_ms)
            self._notes[stop_key(table.at.topic)] = (stop_value(note), table.at)

    def _went_on(self, table: Table) -> None:
        if table.earlier is not None:
            _LOG.info("table_goes_on", topic=table.at.topic, after=table.earlier.code)
        table.stop_noted, table.earlier = "", None
        self._halted.pop(table.at, None)


def _say_majors(table: Table, majors: Majors) -> None:
    """A major that was opened, and what became of its predecessors."""
    if not majors.is_backfilled:
        return
    _LOG.warning(
        "majors_changed",
        topic=table.at.topic,
        newest=majors.newest,
        served=majors.served,
        frozen={f"v{it.major}": it.why for it in majors.frozen},
        hint="cdc relay status shows the backfill; then cdc topics retire",
    )


def _say_lock(table: Table, program: Program) -> None:
    """A lock that has fallen behind the stream is said once."""
    told = table.program.unlocked if table.program else ()
    if program.unlocked and program.unlocked != told:
        _LOG.warning(
            "lock_stale",
            topic=table.at.topic,
            subjects=program.unlocked,
            hint="cdc schemas lock, and commit the files",
        )
