"""One batch through its programs and into the open transaction.

Nothing here changes a table: what happened is told to `Work`, and takes effect when the round has
been committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cdc.config import RelaySettings
from cdc.deadletter import Origin, Original, seal_letter
from cdc.errors import EncodeError, EnvelopeError, TableStopped, TransientError
from cdc.event import AvroShape, OutBatch, RawBatch, Reject, Shape
from cdc.kafka.layout import dead_letter_topic, governed_spec
from cdc.kafka.port import MAX_VALUE_BYTES, TopicPartition
from cdc.relay.ports import Ports
from cdc.relay.table import Halt, Table
from cdc.relay.work import Truncation, Work
from cdc.stream.pipeline import Program

RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 30.0
NOT_AN_ENVELOPE = EnvelopeError("not_an_envelope", "the message is not a Debezium envelope")


@dataclass(slots=True)
class _Wait:
    """How long a table has to wait for something that does not answer."""

    delay_s: float = RETRY_FIRST_S

    def next_delay(self) -> float:
        """Doubles from time to time."""
        delay, self.delay_s = self.delay_s, min(self.delay_s * 2, RETRY_LONGEST_S)
        return delay


class Passage:
    """Takes batches; caches programs per (raw topic, shape) and partition counts per topic."""

    def __init__(self, settings: RelaySettings, ports: Ports) -> None:
        self._settings = settings
        self._ports = ports
        self._dlq = dead_letter_topic(settings.namespace)
        self._programs: dict[tuple[str, Shape], Program] = {}
        self._partitions: dict[str, int] = {}
        self._waits: dict[str, _Wait] = {}
        self._refused: set[tuple[TopicPartition, int]] = set()

    def forget_programs(self) -> None:
        """Policies have changed."""
        self._programs.clear()

    def refuse(self, at: TopicPartition, next_offset: int) -> None:
        """The broker does not take what becomes of the event before `next_offset`: bury it."""
        self._refused.add((at, next_offset - 1))

    def take(self, table: Table, batch: RawBatch, work: Work) -> None:
        """All runs of a batch, as far as they can go.

        Raises:
            TransientError: the round must be aborted.
        """
        for shape, run in self._ports.split(batch):
            if not self._take_run(table, shape, run, work):
                return

    def _take_run(self, table: Table, shape: Shape | None, run: RawBatch, work: Work) -> bool:
        """One run; False where the table must not be read further in this round."""
        if shape is None:
            return self._bury(table, run, work, NOT_AN_ENVELOPE)
        try:
            program = self._program(table.at.topic, shape)
            out = program.run(run, table.epoch)
        except EnvelopeError as error:
            return self._bury(table, run, work, error)
        except (TableStopped, TransientError) as error:
            work.offsets[table.at] = int(run.offsets[0])
            work.tally(table.at).halt = self._halt(table.at.topic, error)
            return False
        out = self._spare_refused(table.at, run, out)
        self._produce(program, out)
        self._count(table, program, out, work)
        schema_id = shape.value_id if isinstance(shape, AvroShape) else None
        self._letters(table, run, out.rejects, work, schema_id)
        return self._arrive(table, run, out, work)

    def _arrive(self, table: Table, run: RawBatch, out: OutBatch, work: Work) -> bool:
        work.tally(table.at).passed = True
        if out.truncate_at is None:
            work.offsets[table.at] = int(run.offsets[-1]) + 1
            return True
        offset = int(run.offsets[out.truncate_at])
        work.offsets[table.at] = offset
        work.truncations.append(Truncation(table, offset, out.topic))
        return False

    def _program(self, raw_topic: str, shape: Shape) -> Program:
        program = self._programs.get((raw_topic, shape))
        if program is None:
            program = self._ports.programs.program_for(raw_topic, shape)
            self._programs[raw_topic, shape] = program
            self._waits.pop(raw_topic, None)
        return program

    def _halt(self, raw_topic: str, error: TableStopped | TransientError) -> Halt:
        if isinstance(error, TableStopped):
            return Halt.of(error)
        delay_s = self._waits.setdefault(raw_topic, _Wait()).next_delay()
        return Halt.of(error, retry_at=self._ports.clock.now() + delay_s)

    def _produce(self, program: Program, out: OutBatch) -> None:
        if not out.keys:
            return
        count = self._partition_count(out.topic, delete_records=program.delete_records)
        partitions = (out.hashes % count).tolist()
        self._ports.sink.produce_all(out.topic, partitions, out.keys, out.values)

    def _partition_count(self, topic: str, *, delete_records: bool) -> int:
        """Of a governed topic, which is created where it does not exist yet."""
        if topic not in self._partitions:
            count = self._settings.governed_partitions
            spec = governed_spec(topic, count, delete_records=delete_records)
            self._ports.topics.create([spec])
            info = self._ports.topics.describe([topic]).get(topic)
            if info is None:
                raise TransientError(f"{topic}: created, but not yet known to the broker")
            self._partitions[topic] = info.partitions
        return self._partitions[topic]

    def _spare_refused(self, at: TopicPartition, run: RawBatch, out: OutBatch) -> OutBatch:
        """Turn what the broker would refuse for ever into rejects, before it is produced."""
        bad = {}
        if max(map(len, filter(None, out.values)), default=0) > MAX_VALUE_BYTES:
            bad = {place: "oversize" for place, value in enumerate(out.values) if _too_large(value)}
        if self._refused:
            for place, index in enumerate(out.index.tolist()):
                if (at, int(run.offsets[index])) in self._refused:
                    bad[place] = "refused"
        return _without(out, bad) if bad else out

    def _bury(self, table: Table, run: RawBatch, work: Work, error: EnvelopeError) -> bool:
        """Messages that are no envelopes: a letter each; tombstones among them mean nothing."""
        rejects = [
            Reject(place, error) for place, value in enumerate(run.values) if value is not None
        ]
        self._letters(table, run, rejects, work, None)
        work.tally(table.at).skipped += len(run) - len(rejects)
        work.offsets[table.at] = int(run.offsets[-1]) + 1
        return True

    def _letters(
        self,
        table: Table,
        run: RawBatch,
        rejects: Sequence[Reject],
        work: Work,
        schema_id: int | None,
    ) -> None:
        for reject in rejects:
            place = reject.index
            key, value = seal_letter(
                reject.error,
                Origin(run.topic, run.partition, int(run.offsets[place])),
                Original(run.keys[place], run.values[place]),
                self._ports.cipher,
                schema_id=schema_id,
                key=reject.key,
            )
            self._ports.sink.produce(self._dlq, 0, key, value)
            work.tally(table.at).dead[reject.error.reason] += 1

    def _count(self, table: Table, program: Program, out: OutBatch, work: Work) -> None:
        tally = work.tally(table.at)
        tally.program = program
        tally.governed += len(out.keys)
        tally.slow += out.slow
        tally.skipped += out.skipped
        tally.repaired.update(out.repaired)


def _too_large(value: bytes | None) -> bool:
    return value is not None and len(value) > MAX_VALUE_BYTES


def _without(out: OutBatch, bad: dict[int, str]) -> OutBatch:
    """The batch without some of its records; their events, each once, join the rejects."""
    good = [place for place in range(len(out.keys)) if place not in bad]
    rejects = {
        int(out.index[place]): Reject(
            int(out.index[place]),
            EncodeError(reason, "the broker does not take the governed record"),
            out.keys[place],
        )
        for place, reason in bad.items()
    }
    return replace(
        out,
        index=out.index[good],
        keys=[out.keys[place] for place in good],
        values=[out.values[place] for place in good],
        hashes=out.hashes[good],
        rejects=[*out.rejects, *rejects.values()],
    )
