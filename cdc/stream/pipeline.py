"""The four steps composed once per (raw schema, policy version)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from cdc.errors import TableStopped
from cdc.event import OutBatch, RawBatch
from cdc.majors import Majors
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.stream.anonymize import anonymize
from cdc.stream.append import refuse_changes, take_keys
from cdc.stream.decode import Decode
from cdc.stream.encode import Encode
from cdc.stream.normalize import RepairKernel, normalize
from registry.derive.from_debezium import RawColumn, RawTable
from registry.derive.types import Repair


@dataclass(frozen=True, slots=True)
class Program:
    """All that happens to the events of one raw schema under one policy version.

    `withheld` names the columns that have no rule and therefore stay where they are. Without
    `key_schema_id` records have no key. `lineage` is the policy's version where headers say where
    a record comes from, else "".
    """

    topic: str
    key_schema_id: int | None
    value_schema_id: int
    withheld: tuple[str, ...]
    run: Callable[[RawBatch, int], OutBatch]
    """Governed records of a batch whose events all have this program's shape, and an epoch for
    `__version`. Stops before the first TRUNCATE (see `OutBatch.truncate_at`). Never raises for an
    event: what cannot pass is in `rejects`."""
    delete_records: bool = False
    """A delete becomes a record and then a tombstone: readers need time to see the first."""
    append_only: bool = False
    lineage: str = ""
    unlocked: tuple[str, ...] = ()
    """Subjects whose schema is another one than the committed lock's."""
    majors: Majors | None = None
    """What holds for the table from this program's first event on; None: nothing is recorded."""
    older: tuple[Program, ...] = ()
    """The same for the topics of earlier majors that are still served."""

    @property
    def all(self) -> tuple[Program, ...]:
        """Itself and the older ones: one for each topic that is written."""
        return (self, *self.older)


def wanted_columns(raw: RawTable, plan: Plan) -> tuple[RawColumn, ...]:
    """The raw columns that the plan reads."""
    sources = {name for column in plan.columns for name in column.reads}
    return tuple(column for column in raw.columns if column.name in sources)


@dataclass(frozen=True, slots=True)
class Steps:
    """What the four steps are made of: kernels where there are some, event by event elsewhere."""

    decode: Decode
    repairs: Mapping[Repair, RepairKernel]
    columns: tuple[PlannedColumn, ...]
    encode: Encode


def compose(
    plan: Plan, wanted: tuple[RawColumn, ...], steps: Steps
) -> Callable[[RawBatch, int], OutBatch]:
    """`Program.run` of a table with a key, or of one whose rows are only added."""
    key_columns = frozenset(column.source for column in plan.key)

    def run(batch: RawBatch, epoch: int) -> OutBatch:
        change = steps.decode(batch, key_columns)
        if plan.append_only:
            change = refuse_changes(change)
        normalized = normalize(change, wanted, steps.repairs)
        safe = anonymize(normalized, steps.columns)
        out = steps.encode(safe, plan.topic, epoch)
        out = replace(
            out,
            skipped=change.skipped,
            repaired=normalized.repaired,
            truncate_at=change.truncate_at,
            source_ts_us=change.source_ts_us,
            slow=out.slow or int(np.isin(out.index, change.index[change.slow]).sum()),
        )
        return take_keys(out, batch) if plan.append_only else out

    return run


def compose_keyless(
    plan_error: TableStopped, topic: str, decode: Decode
) -> Callable[[RawBatch, int], OutBatch]:
    """`Program.run` of messages without key: a TRUNCATE passes, a row stops the table.

    Raises (from `run`):
        TableStopped: `no_key`.
    """

    def run(batch: RawBatch, epoch: int) -> OutBatch:  # noqa: ARG001
        change = decode(batch, frozenset())
        if len(change.index):
            raise plan_error
        none = change.index
        return OutBatch(topic, none, [], [], none, [], change.skipped, {}, change.truncate_at)

    return run
