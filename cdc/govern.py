"""First sight of a raw schema: table → plan → governed schemas → registered → program.

Enters: a raw topic and the shape of its messages. Leaves: the `Program` that turns them. This is
where a change of the source's schema becomes, without a restart, the next version of a governed
subject or the first of a new major's, or stops that table alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdc.errors import ConfigError, EnvelopeError, TableStopped, TransientError
from cdc.event import AvroShape, JsonShape, Shape
from cdc.evolution.lock import LockFolder
from cdc.evolution.subjects import Registry, Subjects
from cdc.evolution.succession import Heir, Succession, settle_majors
from cdc.keys import KeyRing
from cdc.majors import Majors, topic_of_major
from cdc.privacy.plan import Plan, no_policy, plan_table, topic_of
from cdc.privacy.policy import Policy, load_policies
from cdc.stamps import Stamp, read_stamps
from cdc.stream.pipeline import Program, compose, compose_keyless, wanted_columns
from cdc.stream.rekey import with_key_changes
from cdc.stream.shape import json_schema
from cdc.stream.steps import (
    AvroSchema,
    Governed,
    JsonSchema,
    RawSchema,
    fast_steps,
    slow_steps,
)
from registry.avro import parse_lenient
from registry.derive.from_debezium import (
    RawTable,
    table_from_avro,
    table_from_connect,
)
from registry.derive.table import Table
from registry.errors import InvalidSchemaError, NotFound, RegistryUnreachable
from registry.model import SchemaId


class PolicyFolder:
    """The policies of a folder, read again when a file changes.

    A change that has a mistake is refused as a whole: the policies before it stay in force, and
    `report` gets the mistake.
    """

    def __init__(self, folder: Path, report: Callable[[ConfigError], None]) -> None:
        """Read the folder.

        Raises:
            ConfigError: it has mistakes.
        """
        self._folder = folder
        self._report = report
        self._seen = self._stamps()
        self.policies: Mapping[str, Policy] = load_policies(folder)

    def refresh(self) -> bool:
        """Read again what changed; whether other policies are in force now."""
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        before = {policy.version for policy in self.policies.values()}
        try:
            self.policies = load_policies(self._folder)
        except ConfigError as error:
            self._report(error)
            return False
        return before != {policy.version for policy in self.policies.values()}

    def _stamps(self) -> Mapping[str, Stamp]:
        return read_stamps(self._folder, "*.yaml")


@dataclass(frozen=True, slots=True)
class _Settled:
    """What the registry has said of a shape, under one version of its table's policy."""

    policy: str
    raw: RawTable
    schema: RawSchema
    succession: Succession


class Governor:
    """Makes programs; the only place where the record path meets the registry.

    While `kernels` says no, programs go event by event. The registry is asked once for a shape, and
    again when the table's own policy or the lock has changed.
    """

    def __init__(
        self,
        policies: PolicyFolder,
        keys: KeyRing,
        registry: Registry,
        namespace: str,
        *,
        lock: LockFolder | None = None,
        kernels: Callable[[], bool] = lambda: True,
    ) -> None:
        self._policies = policies
        self._keys = keys
        self._registry = registry
        self._namespace = namespace
        self._lock = lock
        self._subjects = Subjects(registry, lock)
        self._kernels = kernels
        self._fast = kernels()
        self._settled: dict[tuple[str, Shape, Majors | None], _Settled] = {}

    def refresh(self) -> bool:
        """Whether policies or the lock changed, or kernels came: programs must be made anew."""
        before, self._fast = self._fast, self._kernels()
        is_lock_changed = self._lock is not None and self._lock.refresh()
        if is_lock_changed:
            self._settled.clear()
        return self._policies.refresh() or is_lock_changed or self._fast != before

    def program_for(self, raw_topic: str, shape: Shape, majors: Majors | None = None) -> Program:
        """The program for messages of this shape, its governed schemas registered.

        `majors` are those that the table has so far; the program's own hold from its first event
        on.

        Raises:
            EnvelopeError: the schema is no Debezium envelope's.
            TableStopped: the table cannot go on (see its codes).
            TransientError: the registry does not answer.
        """
        try:
            return self._program(raw_topic, shape, majors)
        except RegistryUnreachable as error:
            raise TransientError(f"registry: {error}", hint="is `cdc serve` running?") from None

    def _program(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:
        known = self._settled.get((raw_topic, shape, majors))
        if known is not None and self._holds(known):
            return self._compose_all(known)
        raw, schema = self._open(raw_topic, shape)
        policy = self._policies.policies.get(raw.table.qualified)
        if not raw.table.key and not (policy and policy.file.names_key):
            return self._keyless(raw, schema, majors)
        if policy is None:
            raise no_policy(raw.table)
        succession = settle_majors(
            self._subjects, policy, lambda major: self._plan(raw.table, major), majors
        )
        settled = _Settled(policy.version, raw, schema, succession)
        for after in {majors, succession.majors}:
            self._settled[raw_topic, shape, after] = settled
        return self._compose_all(settled)

    def _holds(self, known: _Settled) -> bool:
        policy = self._policies.policies.get(known.raw.table.qualified)
        return policy is not None and policy.version == known.policy

    def _compose_all(self, settled: _Settled) -> Program:
        raw, schema, succession = settled.raw, settled.schema, settled.succession
        return replace(
            self._compose(raw, schema, succession.newest),
            majors=succession.majors,
            older=tuple(self._compose(raw, schema, heir) for heir in succession.older),
        )

    def _plan(self, table: Table, major: int) -> Plan:
        return plan_table(table, self._policies.policies, self._keys, self._namespace, major)

    def _compose(self, raw: RawTable, schema: RawSchema, heir: Heir) -> Program:
        plan, registered = heir.plan, heir.registered
        wanted = wanted_columns(raw, plan)
        governed = Governed(plan, registered.key_id or 0, registered.value_id)
        make_steps = fast_steps if self._fast else slow_steps
        run = compose(plan, wanted, make_steps(schema, wanted, governed))
        if plan.key and not raw.table.key:
            run = with_key_changes(run, schema.deletes(plan.table.key))
        return Program(
            plan.topic,
            registered.key_id,
            registered.value_id,
            plan.withheld,
            run,
            delete_records=plan.delete_records,
            append_only=plan.append_only,
            lineage=plan.version if plan.has_lineage else "",
            unlocked=registered.unlocked,
        )

    def _keyless(self, raw: RawTable, schema: RawSchema, majors: Majors | None) -> Program:
        policy = self._policies.policies.get(raw.table.qualified)
        stop = (
            TableStopped("no_key", f"{raw.table.qualified}: the table has no primary key")
            if policy
            else no_policy(raw.table)
        )
        newest = topic_of(self._namespace, policy, majors.newest if majors else 0) if policy else ""
        decode = schema.slow(())
        first, *older = (
            Program(topic, 0, 0, (), compose_keyless(stop, topic, decode), majors=majors)
            for topic in _written(newest, majors)
        )
        return replace(first, older=tuple(older))

    def _open(self, raw_topic: str, shape: Shape) -> tuple[RawTable, RawSchema]:
        try:
            if isinstance(shape, JsonShape):
                return _open_json(raw_topic, shape)
            return self._open_avro(raw_topic, shape)
        except (InvalidSchemaError, NotFound):
            raise EnvelopeError(
                "not_an_envelope", f"{raw_topic}: the message's schema is no Debezium envelope's"
            ) from None

    def _open_avro(self, raw_topic: str, shape: AvroShape) -> tuple[RawTable, RawSchema]:
        value = parse_lenient(self._registry.schema_by_id(SchemaId(shape.value_id)))
        key = (
            None
            if shape.key_id is None
            else parse_lenient(self._registry.schema_by_id(SchemaId(shape.key_id)))
        )
        raw = table_from_avro(
            raw_topic, _json(key.canonical) if key else None, _json(value.canonical)
        )
        return raw, AvroSchema(shape, key, value)


def _written(newest: str, majors: Majors | None) -> Iterator[str]:
    """The topics of a table that are written: the newest major's first."""
    yield newest
    for major in majors.served if majors and newest else ():
        yield topic_of_major(newest, major)


def _open_json(raw_topic: str, shape: JsonShape) -> tuple[RawTable, RawSchema]:
    key: Any = json_schema(shape.key_prefix) if shape.key_prefix else None
    value: Any = json_schema(shape.value_prefix)
    return table_from_connect(raw_topic, key, value), JsonSchema(shape)


def _json(text: str) -> Any:
    return json.loads(text)
