"""Replay: dead letters once more through the pipeline, under today's policy.

Each keeps the version of its event (epoch and raw offset). Only open letters are replayed: a later
change of the row has closed its letter. One that fails again stays, with its new reason, under the
same position. Many letters take several transactions; a letter knows which command has tried it, so
that a successor goes on where this relay died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from cdc.control.commands import Command
from cdc.control.letters import OpenLetter
from cdc.deadletter import How, Letter, Original, open_letter, read_letter
from cdc.errors import RecordError
from cdc.event import RawBatch
from cdc.kafka.errors import Refused
from cdc.relay.passage import Passage
from cdc.relay.ports import Ports
from cdc.relay.table import Table

CHUNK_LETTERS = 500
CHUNK_BYTES = 32 * 1024 * 1024
"""Of originals in one transaction; one letter is always taken."""
UNKEPT = "original_not_kept"
UNNAMED = "row_unknown"


class Replay:
    """Replays the letters of one command; the caller acknowledges in the transaction left open."""

    def __init__(self, ports: Ports, passage: Passage) -> None:
        self._ports = ports
        self._passage = passage
        self._most = CHUNK_LETTERS
        self._in_hand: Sequence[Letter] = ()

    def run(self, table: Table, command: Command) -> Mapping[str, int]:
        """What became of the letters: how many of each outcome.

        Raises:
            TableStopped: the table's policy cannot be carried out; a transaction is open.
            ConfigError: the key that opens a letter is missing; a transaction is open.
            TransientError: the round must be aborted.
        """
        self._ports.sink.begin()
        self._passage.supersede_outdated(table)
        counts: Counter[str] = Counter()
        wanted = self._choose(table, command, counts)
        for number, chunk in enumerate(self._chunks(wanted)):
            if number:
                self.commit(table)
                self._ports.health.beat()
                self._ports.sink.begin()
            self._in_hand = chunk
            counts.update(self._again(table, letter, command) for letter in chunk)
        for missing in wanted.values():
            self._passage.letters.forget(table.letters, missing)
            counts["expired"] += 1
        return dict(counts)

    def commit(self, table: Table) -> None:
        """Commit; a refused chunk is tried in halves until the one letter is found.

        Raises:
            TransientError: nothing of this transaction has happened.
        """
        try:
            self._ports.sink.commit({table.at: table.position}, self._ports.source.group_metadata())
        except Refused:
            if len(self._in_hand) == 1:
                self._passage.refuse(table.at, self._in_hand[0].origin.offset + 1)
            self._most = max(1, len(self._in_hand) // 2)
            raise
        self._most, self._in_hand = CHUNK_LETTERS, ()

    def _choose(
        self, table: Table, command: Command, counts: Counter[str]
    ) -> dict[str, OpenLetter]:
        """The letters to read; the others are counted."""
        chosen = {}
        for letter_id in dict.fromkeys(command.letters):
            letter = table.letters.get(letter_id)
            if letter is None:
                counts["not_open"] += 1
            elif letter.tried_by == command.id:
                counts["failed_again"] += 1
            elif not (letter.row or letter.key):
                counts[UNNAMED] += 1
            else:
                chosen[letter_id] = letter
        return chosen

    def _chunks(self, wanted: dict[str, OpenLetter]) -> Iterator[Sequence[Letter]]:
        """The letters as the dead letter topic has them; those found leave `wanted`."""
        chunk: list[Letter] = []
        size = 0
        for record in self._ports.reader.read_to_end(self._passage.letters.topic):
            name = (record.key or b"").decode(errors="replace")
            if name not in wanted or record.value is None:
                continue
            if read_letter(record.value).attempt != wanted[name].attempt:
                continue
            del wanted[name]
            chunk.append(open_letter(record.value, self._ports.cipher))
            size += len(record.value)
            if len(chunk) >= self._most or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _again(self, table: Table, letter: Letter, command: Command) -> str:
        """One letter; the name of its outcome."""
        known = table.letters.get(letter.origin.text)
        if known is None:
            return "not_open"
        if letter.original is None:
            return UNKEPT
        reject = self._passage.again(table, _batch(letter, letter.original), letter.origin.epoch)
        if reject is None:
            self._passage.letters.close(table.letters, known, How.REPLAYED)
            return "replayed"
        failed = replace(_failed(letter, reject.error), key=reject.key or letter.key)
        keep = not self._passage.is_refused_letter(table.at, letter.origin.offset)
        tried = replace(known, tried_by=command.id)
        self._passage.letters.bury_again(table.letters, tried, failed, keep=keep)
        return "failed_again"


def _batch(letter: Letter, original: Original) -> RawBatch:
    at = letter.origin
    offsets = np.array([at.offset], np.int64)
    return RawBatch(at.topic, at.partition, offsets, [original.key], [original.value])


def _failed(letter: Letter, error: RecordError) -> Letter:
    return replace(
        letter,
        reason=error.reason,
        stage=error.stage,
        column=error.column,
        message=error.message,
        attempt=letter.attempt + 1,
    )
