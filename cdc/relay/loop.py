"""`Relay`: the loop.

A round:

    1. take what a look beside the loop has found (`cdc.relay.lookout`); open the tables that are
       not open; where a command waits, the round is its (`cdc.relay.commands`)
    2. poll, and follow the assignment
    3. begin; every batch through its program; control records; status
    4. commit records and offsets together
    5. only now: positions, counts, halts
    6. TRUNCATEs that were met

No transaction is open between rounds, so that a rebalance, which happens inside a poll, never meets
one. Whatever raises TransientError aborts the round; all tables are then opened anew, from what the
broker says has been committed. FatalError is the end.
"""

from __future__ import annotations

import threading

from cdc.config import RelaySettings
from cdc.control.commands import Command
from cdc.errors import HeadworksError, TransientError, Unreachable
from cdc.event import RawBatch
from cdc.kafka.errors import Fenced, Refused
from cdc.kafka.layout import (
    CONTROL_SPECS,
    SIGNALS,
    SOURCE_SPECS,
    STATE,
    STATUS,
    dead_letter_spec,
    raw_patterns,
)
from cdc.relay.book import TableBook
from cdc.relay.commands import Desk, Mailbox
from cdc.relay.lookout import Known, Lookout
from cdc.relay.passage import Passage
from cdc.relay.ports import Ports
from cdc.relay.report import Report
from cdc.relay.table import Table
from cdc.relay.truncation import carry_out
from cdc.relay.work import Work
from cdc.telemetry.logs import get_log
from cdc.telemetry.trouble import Trouble

IDLE_S = 0.25
"""Longest wait for an event: bounds how late a stop, a retry or a status comes."""
STEADY_EVENTS = 64
"""After a batch of so many, the next may take `batch_wait_s` to fill; a smaller one goes at once:
few events want latency, many want large transactions."""
BACK_OFF_FIRST_S = 0.2
BACK_OFF_LONGEST_S = 5.0
ABORTED_HINT = "tried again by itself; where it lasts: cdc stack status, cdc stack logs kafka"
_LOG = get_log("cdc.relay")


class Relay:
    """One instance of a group; `instance` is its place in `transactional.id`.

    Raises:
        ConfigError: the namespace is also a prefix.
    """

    def __init__(self, settings: RelaySettings, instance: int, ports: Ports) -> None:
        self.ports = ports
        self._settings = settings
        self._patterns = raw_patterns(settings.prefixes, settings.namespace)
        self._book = TableBook(ports)
        self._passage = Passage(settings, ports)
        self._mailbox = Mailbox(ports)
        self._lookout = Lookout(ports)
        self._desk = Desk(ports, self._passage)
        self._report = Report(settings.group, instance, ports)
        self._limit = settings.batch_events
        self._last_events = 0
        self._delay_s = 0.0
        self._trouble = Trouble(_LOG, ABORTED_HINT, ports.clock.now)
        self._dirty = False

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set.

        Raises:
            Unreachable: Kafka did not answer at the start; afterwards the relay waits for it.
            FatalError: another process took over, or going on could lose or double a change.
        """
        try:
            self.start()
            while not stop.is_set():
                stop.wait(self.step())
        finally:
            self.close()

    def start(self) -> None:
        """Topics, transactions, membership.

        Raises:
            Unreachable: Kafka does not answer.
        """
        letters = dead_letter_spec(self._settings.namespace)
        self.ports.topics.create([*CONTROL_SPECS, *SOURCE_SPECS, letters])
        self.ports.sink.open()
        self.ports.source.subscribe(self._patterns)
        self.ports.health.ready = True
        _LOG.info("relay_started", group=self._settings.group, reads=self._patterns)

    def step(self) -> float:
        """One round; returns how many seconds to wait before the next.

        Raises:
            FatalError: see `run`.
        """
        self.ports.health.beat()
        try:
            self._round()
        except (TransientError, Unreachable, Fenced) as error:
            return self._recover(error)
        self._delay_s = 0.0
        return 0.0

    def close(self) -> None:
        """Stop orderly: nothing is left open, the status is taken back; errors are only logged."""
        self.ports.health.ready = False
        for leave in (self._say_farewell, self.ports.source.close, self.ports.sink.close):
            try:
                leave()
            except HeadworksError as error:
                _LOG.warning("close_failed", message=error.message)
        _LOG.info("relay_stopped", group=self._settings.group)

    def _round(self) -> None:
        self._settle()
        self._look()
        self._book.follow_assignment()
        self._book.open_new()
        if (order := self._mailbox.next(self._book.tables)) is not None:
            self._obey(*order)
            return
        fill_s = self._settings.batch_wait_s if self._last_events >= STEADY_EVENTS else 0.0
        batches = self.ports.source.poll(self._limit, IDLE_S, fill_s)
        self._book.follow_assignment()
        self._last_events = sum(map(len, batches))
        if batches or self._book.owes or self._report.due:
            self._transact(batches)

    def _obey(self, table: Table, command: Command) -> None:
        try:
            is_changed = self._desk.execute(table, command)
        except TransientError:
            self._mailbox.postpone(command)
            raise
        if is_changed:
            self._book.take_up_again([table.at])

    def _settle(self) -> None:
        """After a failure: close the transaction, then take every table up from the start.

        A fenced producer is replaced only if this process still is the group's member of its name:
        else another one has taken over, and taking its place would put an end to both.

        The poll brings no event, since no table is read; it hears what the group has decided.
        """
        if not self._dirty:
            return
        self._book.take_up_all()
        self.ports.source.poll(1, 0.0)
        if self.ports.sink.shut:
            self.ports.source.confirm_membership()
            self.ports.sink.open()
        self.ports.sink.abort()
        self._dirty = False

    def _look(self) -> None:
        self._book.take_up_again(self._book.waiting(self.ports.clock.now()))
        if self._lookout.is_due:
            self._lookout.begin(Known.of(self._book.tables.values(), self._mailbox.read))
        if (sight := self._lookout.take()) is None:
            return
        self._mailbox.put(sight.post)
        self._book.see(sight)
        if self.ports.programs.refresh():
            _LOG.info("programs_renewed")
            self._passage.forget_programs()
            self._book.take_up_again(self._book.halted())

    def _transact(self, batches: list[RawBatch]) -> None:
        began, work, sink = self.ports.clock.now(), Work(), self.ports.sink
        sink.begin()
        for table, batch in self._book.of(batches):
            self._passage.take(table, batch, work)
        for key, value in self._book.take_notes(work).items():
            sink.produce(STATE, 0, key, value)
        for signal in work.signals.values():
            sink.produce(SIGNALS, 0, *signal)
        if self._report.due:
            sink.produce(STATUS, 0, self._report.key, self._report.say(self._book.tables))
        self._commit(work, sum(map(len, batches)))
        self._trouble.over("relay_goes_on")
        self._book.apply(work)
        self._passage.committed(work)
        self._report.count(work, self._book.tables, self.ports.clock.now() - began)
        for truncation in work.truncations:
            carry_out(truncation, self.ports, self._passage.letters)

    def _commit(self, work: Work, events: int) -> None:
        """Commit; a refused batch is tried in halves until the one event is found."""
        try:
            self.ports.sink.commit(work.offsets, self.ports.source.group_metadata())
        except Refused:
            if events == 1:
                self._passage.refuse(*next(iter(work.offsets.items())))
            self._limit = max(1, events // 2)
            raise
        self._limit = min(self._settings.batch_events, self._limit * 2)

    def _recover(self, error: HeadworksError) -> float:
        """Abort at once, where that is possible; returns the back-off in seconds."""
        self._dirty = True
        self._report.count_aborted()
        self._delay_s = min(max(BACK_OFF_FIRST_S, self._delay_s * 2), BACK_OFF_LONGEST_S)
        self._trouble.say("round_aborted", error.message, error.hint)
        try:
            self._settle()
        except (TransientError, Unreachable, Fenced) as still:
            _LOG.debug("not_yet_settled", message=still.message)
        return self._delay_s

    def _say_farewell(self) -> None:
        """A last transaction that takes the status back."""
        if self.ports.sink.ready:
            self.ports.sink.begin()
            self.ports.sink.produce(STATUS, 0, self._report.key, None)
            self.ports.sink.commit({}, self.ports.source.group_metadata())
