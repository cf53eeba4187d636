"""Finding what differs, while both sides go on changing.

    1. read the governed topic to its end and MySQL in one snapshot; keys that differ are suspects
    2. no suspects: equal
    3. read MySQL again in one snapshot; then wait until the relay has passed that moment
    4. read the governed topic on: a suspect is cleared if, in what was read since step 1, it had
       the state that MySQL had in the snapshot; what is left has differed twice

The order makes step 4 a proof. The last change of a key before the snapshot of step 3 was written
to the governed topic either before step 1's end, where it is the state that was read, or after it
and before the end of step 4. So a key that changes all the time is judged as surely as one that
stands still.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from cdc.deadletter import read_letters
from cdc.errors import Unreachable
from cdc.kafka.port import Reader, TopicAdmin
from cdc.privacy.plan import Plan
from cdc.source import Database
from cdc.verify.records import Key, SchemaText
from cdc.verify.report import Letters, TableReport, judge, make_report
from cdc.verify.sides import ExpectedRows, ExpectedSide, GovernedSide, Tick

KEPT_ROWS = 10_000
"""Suspects whose whole rows are kept for the second look, so that columns can be named."""


class Passing(Protocol):
    """See `cdc.verify.passing.RelayPassing`."""

    def await_passed(self, gtids: str, raw_topic: str, deadline: float) -> None:
        """Return once the relay has passed a set of GTIDs."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares tables. `dead_letters` is the topic's name."""

    database: Database
    topics: TopicAdmin
    reader: Reader
    schema_text: SchemaText
    passing: Passing
    dead_letters: str

    def verify(self, plan: Plan, raw_topic: str, timeout_s: float, tick: Tick) -> TableReport:
        """Compare one table.

        Raises:
            Unreachable: something does not answer, or the relay does not catch up in `timeout_s`.
        """
        begin = time.monotonic()
        expected = ExpectedSide(plan, self.database)
        governed = GovernedSide(plan, self.reader, self.schema_text)
        governed.advance(tick)
        rows = expected.read(tick)
        suspects = _differing(rows, governed)
        exists = plan.topic in self.topics.describe([plan.topic])
        if exists and (suspects or rows.keyless):
            rows = expected.read(tick, frozenset(suspects[:KEPT_ROWS]))
            self._await_relay(plan, raw_topic, timeout_s, len(suspects))
            states = governed.advance(tick, suspects)
            suspects = [key for key in suspects if rows.digests.get(key) not in states[key]]
        letters = self._letters(plan, governed) if suspects or rows.keyless else Letters()
        judged = judge(plan, rows, governed, suspects, letters)
        took_s = time.monotonic() - begin
        return make_report(plan, rows, governed, judged, exists=exists, took_s=took_s)

    def _await_relay(self, plan: Plan, raw_topic: str, timeout_s: float, suspects: int) -> None:
        gtids = self.database.gtid_executed()
        deadline = time.monotonic() + timeout_s
        try:
            self.passing.await_passed(gtids, raw_topic, deadline)
        except Unreachable as error:
            raise Unreachable(
                f"{plan.table.qualified}: {suspects:,} keys differ so far, and it cannot be said"
                f" whether they are only behind: {error.message}",
                hint=error.hint,
            ) from None

    def _letters(self, plan: Plan, governed: GovernedSide) -> Letters:
        letters = Letters()
        for letter in read_letters(self.reader.read_to_end(self.dead_letters)).values():
            if letter.origin.table != plan.table.qualified or letter.closed:
                continue
            if letter.key is None:
                letters.keyless += 1
            elif key := governed.decode_key(letter.key):
                letters.keys.add(key)
        return letters


def _differing(rows: ExpectedRows, governed: GovernedSide) -> list[Key]:
    keys = rows.digests.keys() | governed.digests.keys()
    return [key for key in keys if rows.digests.get(key) != governed.digests.get(key)]
