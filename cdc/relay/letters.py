"""Dead letters in the relay's hands: written, superseded by a later change of their row, closed.

`OpenLetters` is what is known of a table's open letters. It changes while a round is under way;
after an aborted one it is read anew from `_cdc.state`, like everything else of its table. At most
one letter of a row is open: a later change of the row, whether it passes or not, closes it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from cdc.control.letters import OpenLetter, letter_key, letter_value
from cdc.deadletter import (
    Closed,
    How,
    Letter,
    Origin,
    Original,
    closing_record,
    parse_origin,
    seal_letter,
)
from cdc.event import AvroShape, JsonShape, OutBatch, RawBatch, Reject, Shape
from cdc.kafka.layout import STATE
from cdc.kafka.port import TransactionalSink
from cdc.keys import Key
from cdc.stream.shape import MAGIC, PREFIX_BYTES, json_prefix

_DIGEST_BYTES = 16
_PURPOSE = b"headworks row"

Identify = Callable[[bytes], bytes]
"""Raw key → the part of it that names the row, whatever its schema."""


def identify_by(shape: Shape | None) -> Identify:
    """How the raw keys of a run name their rows: behind the schema, which may change."""
    if isinstance(shape, JsonShape) and shape.key_prefix is not None:
        length = len(shape.key_prefix)
        return lambda key: key[length:-1]
    if isinstance(shape, AvroShape) and shape.key_id is not None:
        return lambda key: key[PREFIX_BYTES:]
    return _identify


def _identify(key: bytes) -> bytes:
    if key[:1] == bytes([MAGIC]):
        return key[PREFIX_BYTES:]
    prefix = json_prefix(key)
    return key[len(prefix) : -1] if prefix else key


class Digester:
    """Names rows to those who have the key; set up once, because setting up costs most."""

    def __init__(self, secret: bytes) -> None:
        self._begun = hashlib.blake2b(digest_size=_DIGEST_BYTES, key=secret, person=_PURPOSE)

    def digest(self, row: bytes) -> str:
        """32 hexadecimal digits."""
        hasher = self._begun.copy()
        hasher.update(row)
        return hasher.hexdigest()


class OpenLetters:
    """The open letters of one table, found by row or by governed key."""

    def __init__(self, letters: Iterable[OpenLetter], cipher: Key) -> None:
        self._digesters = {it: Digester(secret) for it, secret in cipher.versions.items()}
        self._letters: dict[str, OpenLetter] = {}
        self._by_row: dict[int, dict[str, str]] = {}
        self._by_key: dict[bytes, str] = {}
        for letter in letters:
            self.add(letter)

    def __len__(self) -> int:
        return len(self._letters)

    def __iter__(self) -> Iterator[OpenLetter]:
        """In no order; letters may be removed meanwhile."""
        return iter(list(self._letters.values()))

    def get(self, letter_id: str) -> OpenLetter | None:
        """By position."""
        return self._letters.get(letter_id)

    def add(self, letter: OpenLetter) -> None:
        """Open, or open with another reason."""
        self._letters[letter.id] = letter
        if letter.row:
            self._by_row.setdefault(letter.key_version, {})[letter.row] = letter.id
        if letter.key:
            self._by_key[base64.b64decode(letter.key)] = letter.id

    def remove(self, letter: OpenLetter) -> None:
        """Closed."""
        self._letters.pop(letter.id, None)
        rows = self._by_row.get(letter.key_version, {})
        if rows.get(letter.row) == letter.id:
            del rows[letter.row]
        if not rows:
            self._by_row.pop(letter.key_version, None)
        key = base64.b64decode(letter.key)
        if self._by_key.get(key) == letter.id:
            del self._by_key[key]

    def of(self, row: bytes | None, key: bytes | None) -> list[OpenLetter]:
        """Letters of a row, told by the naming part of its raw key or by its governed key."""
        found = [self._by_key.get(key)] if key is not None else []
        if row is not None:
            for version, rows in self._by_row.items():
                digester = self._digesters.get(version)
                found.append(rows.get(digester.digest(row)) if digester else None)
        names = {it for it in found if it is not None}
        return [self._letters[it] for it in sorted(names)] if names else []


@dataclass(frozen=True, slots=True)
class Run:
    """Events of one shape and what became of them, as far as letters are concerned.

    `out` is None where no program took them. Letters of events at the offsets `unkept` go without
    their originals.
    """

    batch: RawBatch
    shape: Shape | None
    epoch: int
    rejects: Sequence[Reject]
    out: OutBatch | None = None
    unkept: frozenset[int] = frozenset()

    @property
    def places(self) -> range:
        """Events that have been taken: those before a TRUNCATE."""
        stop = self.out.truncate_at if self.out else None
        return range(len(self.batch) if stop is None else stop)

    def governed_keys(self) -> Mapping[int, bytes]:
        """By place."""
        passed = zip(self.out.index.tolist(), self.out.keys, strict=True) if self.out else ()
        return {
            **dict(passed),
            **{it.index: it.key for it in self.rejects if it.key is not None},
        }


class LetterWriter:
    """Writes letters and their state into the open transaction."""

    def __init__(
        self, sink: TransactionalSink, topic: str, cipher: Key, now_ms: Callable[[], int]
    ) -> None:
        self.topic = topic
        self._sink = sink
        self._cipher = cipher
        self._now_ms = now_ms

    def follow(self, letters: OpenLetters, run: Run) -> None:
        """Bury a run's rejects, and close the letters of every row that it changes, in order."""
        if not letters and not run.rejects:
            return
        identify, keys = identify_by(run.shape), run.governed_keys()
        rejects = {reject.index: reject for reject in run.rejects}
        for place in run.places:
            reject = rejects.get(place)
            if run.batch.values[place] is None or (reject is None and not letters):
                continue
            raw_key = run.batch.keys[place]
            row = identify(raw_key) if raw_key is not None else None
            self.supersede(letters, letters.of(row, keys.get(place)))
            if reject is not None:
                self._bury(letters, run, reject, row)

    def close(self, letters: OpenLetters, letter: OpenLetter, how: How) -> None:
        """Nothing is left to do for a letter."""
        self._produce(closing_record(_in_clear(letter), Closed(how, self._now_ms())))
        self.forget(letters, letter)

    def supersede(self, letters: OpenLetters, these: Iterable[OpenLetter]) -> None:
        """Of these nothing may come back: later changes are there, or unknown."""
        for letter in these:
            self.close(letters, letter, How.SUPERSEDED)

    def purge(self, letters: OpenLetters, letter_id: str) -> None:
        """Take a letter back, whatever became of it."""
        self._sink.produce(self.topic, 0, letter_id.encode(), None)
        letter = letters.get(letter_id)
        if letter is not None:
            self.forget(letters, letter)

    def bury_again(
        self, letters: OpenLetters, letter: OpenLetter, again: Letter, *, keep: bool = True
    ) -> None:
        """It was replayed and could not pass: it stays, with the new reason, as the same letter."""
        self._produce(seal_letter(again, self._cipher, keep=keep))
        opened = _opened(again, letter.row, letter.key_version)
        self._open(letters, replace(opened, tried_by=letter.tried_by))

    def forget(self, letters: OpenLetters, letter: OpenLetter) -> None:
        """It is no longer open."""
        letters.remove(letter)
        self._sink.produce(STATE, 0, letter_key(letter.id), None)

    def _bury(self, letters: OpenLetters, run: Run, reject: Reject, row: bytes | None) -> None:
        place, batch = reject.index, run.batch
        letter = Letter(
            reject.error.reason,
            reject.error.stage,
            reject.error.column,
            reject.error.message,
            Origin(batch.topic, batch.partition, int(batch.offsets[place]), run.epoch),
            run.shape.value_id if isinstance(run.shape, AvroShape) else None,
            reject.key,
            Original(batch.keys[place], batch.values[place]),
            self._now_ms(),
        )
        keep = letter.origin.offset not in run.unkept
        self._produce(seal_letter(letter, self._cipher, keep=keep))
        named = Digester(self._cipher.secret).digest(row) if row is not None else ""
        self._open(letters, _opened(letter, named, self._cipher.current))

    def _open(self, letters: OpenLetters, letter: OpenLetter) -> None:
        letters.add(letter)
        self._sink.produce(STATE, 0, letter_key(letter.id), letter_value(letter))

    def _produce(self, record: tuple[bytes, bytes]) -> None:
        self._sink.produce(self.topic, 0, *record)


def _opened(letter: Letter, row: str, key_version: int) -> OpenLetter:
    """What `_cdc.state` holds of a letter."""
    return OpenLetter(
        letter.origin.text,
        letter.attempt,
        letter.reason,
        letter.stage,
        letter.column,
        letter.message,
        letter.at_ms,
        row,
        key_version,
        base64.b64encode(letter.key or b"").decode(),
    )


def _in_clear(letter: OpenLetter) -> Letter:
    """The letter as far as its state tells it."""
    return Letter(
        letter.reason,
        letter.stage,
        letter.column,
        letter.message,
        parse_origin(letter.id),
        key=base64.b64decode(letter.key) or None,
        at_ms=letter.at_ms,
        attempt=letter.attempt,
    )
