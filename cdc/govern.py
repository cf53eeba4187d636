"""First sight of a raw schema: table → plan → governed schemas → registered → program.

Enters: a raw topic and the shape of its messages. Leaves: the `Program` that turns them. This is
where a change of the source's schema becomes, without a restart, the next version of a governed
subject, or stops that table alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from cdc.errors import ConfigError, EnvelopeError, TableStopped, TransientError
from cdc.event import AvroShape, JsonShape, Shape
from cdc.keys import KeyRing
from cdc.privacy.plan import Plan, plan_table, topic_of
from cdc.privacy.policy import Policy, load_policies
from cdc.stream.pipeline import Program, compose, compose_keyless, wanted_columns
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
from registry.derive.record import derive_key, derive_value
from registry.errors import (
    IncompatibleSchema,
    InvalidSchemaError,
    NotFound,
    RegistryUnreachable,
    Unprocessable,
)
from registry.model import CompatibilityLevel, RegisteredSchema, SchemaId, Subject

GOVERNED_LEVEL = CompatibilityLevel.FULL_TRANSITIVE


class Registry(Protocol):
    """What is needed of a schema registry (`registry.client.RegistryClient` has it)."""

    def register(self, subject: Subject, schema: str) -> SchemaId:
        """Register a version; the id of the same schema if it is there already."""

    def look_up(self, subject: Subject, schema: str) -> RegisteredSchema | None:
        """The version that has this schema."""

    def latest(self, subject: Subject) -> RegisteredSchema | None:
        """The newest version."""

    def schema_by_id(self, schema_id: SchemaId) -> str:
        """Schema text of an id."""

    def level(self, subject: Subject | None) -> CompatibilityLevel | None:
        """The subject's own level."""

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        """Give the subject a level of its own."""


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

    def _stamps(self) -> Mapping[str, tuple[int, int]]:
        stats = {path.name: path.stat() for path in self._folder.glob("*.yaml")}
        return {name: (stat.st_mtime_ns, stat.st_size) for name, stat in stats.items()}


class Governor:
    """Makes programs; the only place where the record path meets the registry.

    While `kernels` says no, programs go event by event.
    """

    def __init__(
        self,
        policies: PolicyFolder,
        keys: KeyRing,
        registry: Registry,
        namespace: str,
        kernels: Callable[[], bool] = lambda: True,
    ) -> None:
        self._policies = policies
        self._keys = keys
        self._registry = registry
        self._namespace = namespace
        self._kernels = kernels
        self._fast = kernels()

    def refresh(self) -> bool:
        """Whether policies changed, or kernels came, so that programs must be made anew."""
        before, self._fast = self._fast, self._kernels()
        return self._policies.refresh() or self._fast != before

    def program_for(self, raw_topic: str, shape: Shape) -> Program:
        """The program for messages of this shape, its governed schemas registered.

        Raises:
            EnvelopeError: the schema is no Debezium envelope's.
            TableStopped: the table cannot go on (see its codes).
            TransientError: the registry does not answer.
        """
        try:
            return self._program(raw_topic, shape)
        except RegistryUnreachable as error:
            raise TransientError(f"registry: {error}", hint="is `cdc serve` running?") from None

    def _program(self, raw_topic: str, shape: Shape) -> Program:
        raw, schema = self._open(raw_topic, shape)
        if not raw.table.key:
            return self._keyless(raw, schema)
        plan = plan_table(raw.table, self._policies.policies, self._keys, self._namespace)
        key_id, value_id = self._register(plan)
        wanted = wanted_columns(raw, plan)
        make_steps = fast_steps if self._fast else slow_steps
        run = compose(plan, wanted, make_steps(schema, wanted, Governed(plan, key_id, value_id)))
        return Program(plan.topic, key_id, value_id, plan.withheld, run, plan.delete_records)

    def _keyless(self, raw: RawTable, schema: RawSchema) -> Program:
        policy = self._policies.policies.get(raw.table.qualified)
        topic = topic_of(self._namespace, policy) if policy else ""
        stop = TableStopped(
            "no_key" if policy else "no_policy",
            f"{raw.table.qualified}: "
            + ("the table has no primary key" if policy else "no policy, so nothing leaves"),
        )
        return Program(topic, 0, 0, (), compose_keyless(stop, topic, schema.slow(())))

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

    def _register(self, plan: Plan) -> tuple[SchemaId, SchemaId]:
        key = Subject(f"{plan.topic}-key")
        value = Subject(f"{plan.topic}-value")
        key_schema = derive_key(plan.topic, plan.governed)
        self._refuse_other_key(plan, key, key_schema)
        return (
            self._register_one(plan, key, key_schema),
            self._register_one(plan, value, derive_value(plan.topic, plan.governed)),
        )

    def _refuse_other_key(self, plan: Plan, subject: Subject, schema: str) -> None:
        """Compaction compares whole key bytes: another key schema would leave immortal rows."""
        if self._registry.latest(subject) and not self._registry.look_up(subject, schema):
            raise TableStopped(
                "key_changed",
                f"{plan.table.qualified}: the governed key would change within {plan.topic}",
                hint="raise `major` in the policy: the new topic starts with a snapshot",
            )

    def _register_one(self, plan: Plan, subject: Subject, schema: str) -> SchemaId:
        try:
            if self._registry.level(subject) is None:
                self._registry.set_level(subject, GOVERNED_LEVEL)
            return self._registry.register(subject, schema)
        except (IncompatibleSchema, Unprocessable) as error:
            why = error.messages[0] if isinstance(error, IncompatibleSchema) else str(error)
            raise TableStopped(
                "breaking_schema",
                f"{plan.table.qualified}: {subject} refuses the next version: {why}",
                hint="raise `major` in the policy, or undo the change in the policy or the table",
            ) from None


def _open_json(raw_topic: str, shape: JsonShape) -> tuple[RawTable, RawSchema]:
    key: Any = json_schema(shape.key_prefix) if shape.key_prefix else None
    value: Any = json_schema(shape.value_prefix)
    return table_from_connect(raw_topic, key, value), JsonSchema(shape)


def _json(text: str) -> Any:
    return json.loads(text)
