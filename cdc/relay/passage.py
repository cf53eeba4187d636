"""One batch through its programs and into the open transaction.

Nothing here changes a table but its open letters (see `cdc.relay.letters`): what happened is told
to `Work`, and takes effect when the round has been committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cdc.config import RelaySettings
from cdc.deadletter import Origin
from cdc.errors import EncodeError, EnvelopeError, PolicyError, TableStopped, TransientError
from cdc.event import OutBatch, RawBatch, Reject, Shape
from cdc.kafka.layout import dead_letter_topic, governed_spec
from cdc.kafka.port import MAX_VALUE_BYTES, TopicPartition
from cdc.majors import Majors
from cdc.relay.letters import LetterWriter, Run
from cdc.relay.limit import DeadLetterLimit
from cdc.relay.ports import Ports
from cdc.relay.refusals import Refusals, stuck
from cdc.relay.table import Halt, Table
from cdc.relay.work import Truncation, Work
from cdc.stream.pipeline import Program

RETRY_FIRST_S = 1.0
RETRY_LONGEST_S = 30.0
NOT_AN_ENVELOPE = EnvelopeError("not_an_envelope", "the message is not a Debezium envelope")
OUTDATED_SHAPE = PolicyError("outdated_shape", "the row's shape is that of an earlier major")


@dataclass(slots=True)
class _Wait:
    """How long a table has to wait for something that does not answer."""

    delay_s: float = RETRY_FIRST_S

    def next_delay(self) -> float:
        """Doubles from time to time."""
        delay, self.delay_s = self.delay_s, min(self.delay_s * 2, RETRY_LONGEST_S)
        return delay


class Passage:
    """Takes batches; caches programs and partition counts of topics.

    A program is that of a raw topic, a shape and the table's majors.
    """

    def __init__(self, settings: RelaySettings, ports: Ports) -> None:
        self._settings = settings
        self._ports = ports
        self.letters = LetterWriter(
            ports.sink,
            dead_letter_topic(settings.namespace),
            ports.cipher,
            ports.clock.wall_ms,
        )
        self.limit = DeadLetterLimit(settings, ports.clock)
        self._programs: dict[tuple[str, Shape, Majors | None], Program] = {}
        self._partitions: dict[str, int] = {}
        self._waits: dict[str, _Wait] = {}
        self._refused = Refusals()

    def forget_programs(self) -> None:
        """Policies have changed."""
        self._programs.clear()

    def refuse(self, at: TopicPartition, next_offset: int) -> None:
        """The broker does not take what becomes of the event before `next_offset`."""
        self._refused.add(at, next_offset - 1)

    def committed(self, work: Work) -> None:
        """A round has been committed."""
        self.limit.committed(work)
        self._refused.committed(work.offsets)

    def resume(self, at: TopicPartition) -> None:
        """What was counted against a table counts no more."""
        self.limit.forget(at)
        self._refused.forget(at)

    def take(self, table: Table, batch: RawBatch, work: Work) -> None:
        """All runs of a batch, as far as they can go.

        Raises:
            TransientError: the round must be aborted.
        """
        self.supersede_outdated(table)
        for shape, run in self._ports.split(batch):
            if not self._take_run(table, shape, run, work):
                return

    def supersede_outdated(self, table: Table) -> None:
        """Letters after which changes of their rows may have been lost."""
        self.letters.supersede(table.letters, table.outdated)
        table.outdated.clear()

    def again(self, table: Table, batch: RawBatch, epoch: int) -> Reject | None:
        """One event once more, under the version that it had; why it cannot pass.

        Raises:
            TableStopped: this table cannot go on under today's policies.
            TransientError: the round must be aborted.
        """
        ((shape, run),) = self._ports.split(batch)
        if shape is None:
            return Reject(0, NOT_AN_ENVELOPE)
        try:
            program = self._program(table.at.topic, shape, table.majors)
        except EnvelopeError as error:
            return Reject(0, error)
        if program.majors != table.majors:
            return Reject(0, OUTDATED_SHAPE)
        outs = [self._spare_refused(table.at, run, it.run(run, epoch)) for it in program.all]
        rejects = _join_rejects(outs)
        if rejects:
            return rejects[0]
        for it, out in zip(program.all, outs, strict=True):
            self._produce(it, run, out)
        return None

    def is_refused_letter(self, at: TopicPartition, offset: int) -> bool:
        """Whether the broker has refused the event's letter with its original."""
        return offset in self._refused.unkept(at)

    def _take_run(self, table: Table, shape: Shape | None, run: RawBatch, work: Work) -> bool:
        """One run; False where the table must not be read further in this round."""
        take = partial(self._take_run, table, shape, work=work)
        if (place := self._refused.find_stuck(table.at, run)) is not None:
            rest = run.part(place, len(run))
            return _taken(run, place, take) and self._stop(table, rest, work, stuck(table))
        if shape is None:
            return self._bury(table, run, work, NOT_AN_ENVELOPE)
        try:
            program = self._program(table.at.topic, shape, work.majors(table))
            outs = [it.run(run, table.epoch) for it in program.all]
        except EnvelopeError as error:
            return self._bury(table, run, work, error)
        except (TableStopped, TransientError) as error:
            return self._stop(table, run, work, error)
        outs = [self._spare_refused(table.at, run, out) for out in outs]
        rejects = _join_rejects(outs)
        if (place := self.limit.find_cut(table, work, rejects)) is not None:
            return _taken(run, place, take) and self._reach_limit(table, run, place, work)
        work.evolve(table, program)
        for it, out in zip(program.all, outs, strict=True):
            self._produce(it, run, out)
        self._count(table, program, outs[0], work)
        self._follow(table, Run(run, shape, table.epoch, rejects, outs[0]), work)
        return self._arrive(table, run, outs[0].truncate_at, program, work)

    def _stop(
        self, table: Table, run: RawBatch, work: Work, error: TableStopped | TransientError
    ) -> bool:
        work.offsets[table.at] = int(run.offsets[0])
        work.tally(table.at).halt = self._halt(table.at.topic, error)
        return False

    def _reach_limit(self, table: Table, run: RawBatch, place: int, work: Work) -> bool:
        return self._stop(table, run.part(place, len(run)), work, self.limit.reached(table))

    def _arrive(
        self, table: Table, run: RawBatch, truncate_at: int | None, program: Program, work: Work
    ) -> bool:
        work.tally(table.at).passed = True
        if truncate_at is None:
            work.offsets[table.at] = int(run.offsets[-1]) + 1
            return True
        offset = int(run.offsets[truncate_at])
        work.offsets[table.at] = offset
        topics = tuple(it.topic for it in program.all)
        work.truncations.append(Truncation(table, offset, topics, program.append_only))
        return False

    def _program(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:
        program = self._programs.get((raw_topic, shape, majors))
        if program is None:
            program = self._ports.programs.program_for(raw_topic, shape, majors)
            for known in {majors, program.majors}:
                self._programs[raw_topic, shape, known] = program
            self._waits.pop(raw_topic, None)
        return program

    def _halt(self, raw_topic: str, error: TableStopped | TransientError) -> Halt:
        if isinstance(error, TableStopped):
            return Halt.of(error)
        delay_s = self._waits.setdefault(raw_topic, _Wait()).next_delay()
        return Halt.of(error, retry_at=self._ports.clock.now() + delay_s)

    def _produce(self, program: Program, run: RawBatch, out: OutBatch) -> None:
        if not out.keys:
            return
        partitions = (out.hashes % self._partition_count(program)).tolist()
        if program.lineage:
            self._produce_with_lineage(program, run, out, partitions)
        else:
            self._ports.sink.produce_all(out.topic, partitions, out.keys, out.values)

    def _produce_with_lineage(
        self, program: Program, run: RawBatch, out: OutBatch, partitions: Sequence[int]
    ) -> None:
        """Headers that say which raw event a record comes from, and under which policy."""
        policy = program.lineage.encode()
        offsets = run.offsets[out.index].tolist()
        records = zip(partitions, out.keys, out.values, offsets, strict=True)
        for partition, key, value, offset in records:
            source = Origin(run.topic, run.partition, offset).text.encode()
            headers = [("cdc.source", source), ("cdc.policy", policy)]
            self._ports.sink.produce(out.topic, partition, key, value, headers)

    def _partition_count(self, program: Program) -> int:
        """Of a governed topic, which is created where it does not exist yet."""
        topic = program.topic
        if topic not in self._partitions:
            spec = governed_spec(
                topic,
                self._settings.governed_partitions,
                delete_records=program.delete_records,
                append_only=program.append_only,
            )
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
            offsets = enumerate(run.offsets[out.index].tolist())
            bad |= {place: "refused" for place, it in offsets if self._refused.has(at, it)}
        return _without(out, bad) if bad else out

    def _bury(self, table: Table, run: RawBatch, work: Work, error: EnvelopeError) -> bool:
        """Messages that are no envelopes: a letter each; tombstones among them mean nothing."""
        rejects = [
            Reject(place, error) for place, value in enumerate(run.values) if value is not None
        ]
        if (place := self.limit.find_cut(table, work, rejects)) is not None:
            take = partial(self._bury, table, work=work, error=error)
            return _taken(run, place, take) and self._reach_limit(table, run, place, work)
        self._follow(table, Run(run, None, table.epoch, rejects), work)
        work.tally(table.at).skipped += len(run) - len(rejects)
        work.offsets[table.at] = int(run.offsets[-1]) + 1
        return True

    def _follow(self, table: Table, run: Run, work: Work) -> None:
        unkept = self._refused.unkept(table.at)
        self.letters.follow(table.letters, replace(run, unkept=unkept))
        work.tally(table.at).dead.update(reject.error.reason for reject in run.rejects)

    def _count(self, table: Table, program: Program, out: OutBatch, work: Work) -> None:
        tally = work.tally(table.at)
        tally.program = program
        tally.governed += len(out.keys)
        tally.slow += out.slow
        tally.skipped += out.skipped
        tally.repaired.update(out.repaired)
        if out.source_ts_us is not None:
            tally.source_ts_us.append(out.source_ts_us)


def _taken(run: RawBatch, place: int, take: Callable[[RawBatch], bool]) -> bool:
    """Take what comes before an event of a run; False where that is not to be passed."""
    return not place or take(run.part(0, place))


def _join_rejects(outs: Sequence[OutBatch]) -> Sequence[Reject]:
    """Each event that one of the topics cannot take, once."""
    rejects = {reject.index: reject for out in reversed(outs) for reject in out.rejects}
    return [rejects[index] for index in sorted(rejects)]


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
