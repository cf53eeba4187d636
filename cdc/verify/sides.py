"""Both sides of a table as digests by governed key; memory grows with rows, not with their width.

Lineage fields (`__…`) have no counterpart in MySQL and are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NewType, Protocol

from cdc.canonical import to_slice
from cdc.errors import RecordError
from cdc.kafka.port import Reader, Record
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.source import NO_FORM, Database
from cdc.verify.records import GONE, Key, RecordDecoder, SchemaText, Slices

Digest = NewType("Digest", bytes)

DIGEST_BYTES = 16
"""Two different rows get one digest with a chance of 2^-128."""

NO_STATE: Final = Digest(b"no form")
"""Of a row that can only become a dead letter: equals nothing that a topic holds."""
UNREADABLE: Final = Digest(b"unreadable")
"""Of a governed value that cannot be read: equals nothing that MySQL holds."""

_NULL_MARK = b"\xff\xff\xff\xff"
_TICK = 1000


class Tick(Protocol):
    """Told how many rows or records have been read since the last call."""

    def __call__(self, count: int) -> None:
        """`count` more."""


def digest(row: Slices) -> Digest:
    """The same for the same slices only: each carries its length, which is below 2^32-1."""
    parts: list[bytes] = []
    for data in row:
        parts += (_NULL_MARK,) if data is None else (len(data).to_bytes(4, "big"), data)
    return Digest(hashlib.blake2b(b"".join(parts), digest_size=DIGEST_BYTES).digest())


@dataclass(slots=True)
class ExpectedRows:
    """What one reading of MySQL gave.

    `keyless` rows have no governed key: a value of it is NULL or has no canonical form. `kept`
    holds whole rows.
    """

    count: int = 0
    keyless: int = 0
    digests: dict[Key, Digest] = field(default_factory=dict)
    kept: dict[Key, Slices] = field(default_factory=dict)


class ExpectedSide:
    """MySQL's rows as the policy wants them."""

    def __init__(self, plan: Plan, database: Database) -> None:
        self._plan = plan
        self._database = database
        self._sources = list(dict.fromkeys(name for c in plan.columns for name in c.reads))
        self._makers = [_maker(column) for column in plan.columns]
        self._reads = [[self._sources.index(name) for name in c.reads] for c in plan.columns]
        self._places = range(len(plan.columns))
        self._key_places = [i for i, c in enumerate(plan.columns) if c.governed.is_key]

    def read(self, tick: Tick, keep: Collection[Key] = ()) -> ExpectedRows:
        """One consistent snapshot; rows of the keys in `keep` are kept whole."""
        found = ExpectedRows()
        rows = self._database.read_rows(self._plan.table, self._sources)
        for values in _counted(rows, tick):
            found.count += 1
            row = self._govern(values, self._places)
            key = self._key(values, row)
            if key is None:
                found.keyless += 1
                continue
            found.digests[key] = NO_STATE if row is None else digest(row)
            if row is not None and key in keep:
                found.kept[key] = row
        return found

    def _key(self, values: tuple[Any, ...], row: Slices | None) -> Key | None:
        if row is None:
            key = self._govern(values, self._key_places)
        else:
            key = tuple(row[place] for place in self._key_places)
        return None if key is None or None in key else key

    def _govern(self, values: tuple[Any, ...], places: Sequence[int]) -> Slices | None:
        """Some columns' governed slices; None: one has no form, so a dead letter is due."""
        try:
            return tuple(
                self._makers[place](*(values[read] for read in self._reads[place]))
                for place in places
            )
        except _NO_FORMS:
            return None


class _NoFormError(Exception):
    """Met `NO_FORM`."""


# The same values that the record path makes dead letters of.
_NO_FORMS = (_NoFormError, RecordError, ValueError, OverflowError)


def _maker(column: PlannedColumn) -> Callable[..., bytes | None]:
    """What a rule reads of one row to its governed slice, by the rule's definition for a row."""
    plain, target = column.rule.plain, column.governed.type

    def make(*values: Any) -> bytes | None:
        if NO_FORM in values:
            raise _NoFormError
        if None in values:
            return None
        return to_slice(plain(*values), target)

    return make


class GovernedSide:
    """The governed topic's present state; each `advance` reads on from where the last one ended.

    `foreign` holds records whose key is no key of this table: bytes of the key, then where the
    record stands.
    """

    def __init__(self, plan: Plan, reader: Reader, schema_text: SchemaText) -> None:
        self._plan = plan
        self._reader = reader
        self._decode = RecordDecoder(plan, schema_text)
        self._offsets: dict[int, int] = {}
        self.digests: dict[Key, Digest] = {}
        self.foreign: dict[bytes | None, tuple[int, int]] = {}

    def advance(self, tick: Tick, watch: Collection[Key] = ()) -> Mapping[Key, set[Digest | None]]:
        """Read to the end of now; for the watched keys, every state that they had meanwhile."""
        states: dict[Key, set[Digest | None]] = {key: {self.digests.get(key)} for key in watch}
        for record in _counted(self._walk(self._offsets), tick):
            key = self._decode.key(record.key or b"")
            if key is None:
                self._note_foreign(record)
                continue
            state = self._state(record)
            if state is None:
                self.digests.pop(key, None)
            else:
                self.digests[key] = state
            if key in states:
                states[key].add(state)
        return states

    def rows_of(self, keys: Collection[Key]) -> Mapping[Key, Slices]:
        """The present rows of a few keys, by reading the topic once more."""
        found: dict[Key, Slices] = {}
        for record in self._walk({}):
            key = self._decode.key(record.key or b"")
            if key is not None and key in keys and record.value is not None:
                found[key] = self._decode.row(record.value) or ()
        return found

    def decode_key(self, data: bytes) -> Key | None:
        """The key behind a governed key's bytes; None: of another shape than the present one."""
        return self._decode.key(data)

    def _note_foreign(self, record: Record) -> None:
        self.foreign.pop(record.key, None)
        if record.value is not None:
            self.foreign[record.key] = record.partition, record.offset

    def _state(self, record: Record) -> Digest | None:
        if record.value is None:
            return None
        row = self._decode.row(record.value)
        if row == GONE:
            return None
        return UNREADABLE if row is None else digest(row)

    def _walk(self, offsets: dict[int, int]) -> Iterator[Record]:
        reading = self._reader.read_to_end(self._plan.topic, offsets)
        yield from reading
        offsets.update(reading.offsets)


def _counted(items: Iterable[Any], tick: Tick) -> Iterator[Any]:
    """The same items; every thousand of them is told."""
    number = 0
    for item in items:
        yield item
        number += 1
        if number % _TICK == 0:
            tick(_TICK)
    tick(number % _TICK)
