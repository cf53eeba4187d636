"""First sight of a raw schema: table → plan → governed schemas → registered → program.

Enters: a raw topic and the shape of its messages. Leaves: the `Program` that turns them. This is
where a change of the source's schema becomes, without a restart, the next version of a governed
subject, or stops that table alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cdc.errors import ConfigError, EnvelopeError, TableStopped, TransientError
from cdc.event import AvroShape, JsonShape, Shape
from cdc.keys import KeyRing
from cdc.privacy.plan import Plan, plan_table, topic_of
from cdc.privacy.policy import Policy, load_policies
from cdc.privacy.rotation import is_rotated
from cdc.stream.decode import Decoder, avro_decoder, json_decoder
from cdc.stream.encode import avro_encoder, json_encoder
from cdc.stream.pipeline import Program, compose, compose_keyless, wanted_columns
from cdc.stream.rekey import MakeDelete, avro_deletes, json_deletes, with_key_changes
from cdc.stream.shape import json_schema
from registry.avro import make_reader, make_writer, parse_lenient
from registry.derive.from_debezium import (
    RawColumn,
    RawTable,
    table_from_avro,
    table_from_connect,
)
from registry.derive.record import derive_value
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


MakeDecoder = Callable[[tuple[RawColumn, ...]], Decoder]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A raw shape: the table that it shows, and what opens its messages."""

    raw: RawTable
    make_decoder: MakeDecoder
    make_deletes: Callable[[Sequence[str]], MakeDelete]


class Governor:
    """Makes programs; the only place where the record path meets the registry."""

    def __init__(
        self, policies: PolicyFolder, keys: KeyRing, registry: Registry, namespace: str
    ) -> None:
        self._policies = policies
        self._keys = keys
        self._registry = registry
        self._namespace = namespace

    def refresh(self) -> bool:
        """Whether policies changed, so that programs must be made anew."""
        return self._policies.refresh()

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
        opened = self._open(raw_topic, shape)
        raw = opened.raw
        if not raw.table.key and not self._names_key(raw):
            return self._keyless(raw, opened.make_decoder)
        plan = plan_table(raw.table, self._policies.policies, self._keys, self._namespace)
        key_id, value_id = self._register(plan)
        wanted = wanted_columns(raw, plan)
        encoder = (
            json_encoder(plan.governed, delete_records=plan.delete_records)
            if plan.is_json
            else avro_encoder(
                plan.governed, key_id or 0, value_id, delete_records=plan.delete_records
            )
        )
        run = compose(plan, wanted, opened.make_decoder(wanted), encoder)
        if plan.key and not raw.table.key:
            run = with_key_changes(run, opened.make_deletes(plan.table.key))
        return Program(
            plan.topic,
            key_id,
            value_id,
            plan.withheld,
            run,
            plan.delete_records,
            plan.append_only,
            plan.version if plan.has_lineage else "",
        )

    def _names_key(self, raw: RawTable) -> bool:
        """Whether the policy says what to do without a key."""
        policy = self._policies.policies.get(raw.table.qualified)
        return policy is not None and bool(policy.file.key or policy.file.append_only)

    def _keyless(self, raw: RawTable, make_decoder: MakeDecoder) -> Program:
        policy = self._policies.policies.get(raw.table.qualified)
        topic = topic_of(self._namespace, policy) if policy else ""
        stop = TableStopped(
            "no_key" if policy else "no_policy",
            f"{raw.table.qualified}: "
            + ("the table has no primary key" if policy else "no policy, so nothing leaves"),
        )
        return Program(topic, 0, 0, (), compose_keyless(stop, topic, make_decoder(())))

    def _open(self, raw_topic: str, shape: Shape) -> _Opened:
        try:
            if isinstance(shape, JsonShape):
                return _open_json(raw_topic, shape)
            return self._open_avro(raw_topic, shape)
        except (InvalidSchemaError, NotFound):
            raise EnvelopeError(
                "not_an_envelope", f"{raw_topic}: the message's schema is no Debezium envelope's"
            ) from None

    def _open_avro(self, raw_topic: str, shape: AvroShape) -> _Opened:
        value = parse_lenient(self._registry.schema_by_id(SchemaId(shape.value_id)))
        key = (
            None
            if shape.key_id is None
            else parse_lenient(self._registry.schema_by_id(SchemaId(shape.key_id)))
        )
        raw = table_from_avro(
            raw_topic, _json(key.canonical) if key else None, _json(value.canonical)
        )
        read_key = make_reader(key) if key else None
        read_value = make_reader(value)
        return _Opened(
            raw,
            lambda wanted: avro_decoder(shape, wanted, read_key, read_value),
            lambda key: avro_deletes(read_value, make_writer(value), key),
        )

    def _register(self, plan: Plan) -> tuple[SchemaId | None, SchemaId]:
        """The ids of key (None: records have none) and value."""
        key, value = Subject(f"{plan.topic}-key"), Subject(f"{plan.topic}-value")
        self._refuse_other_key(plan, key, value)
        return (
            self._register_one(plan, key, plan.key_schema) if plan.key_schema else None,
            self._register_one(plan, value, derive_value(plan.topic, plan.governed)),
        )

    def _refuse_other_key(self, plan: Plan, key: Subject, value: Subject) -> None:
        """Compaction compares whole key bytes: another key schema would leave immortal rows.

        A key is registered before its value, so a value without a key is an append-only topic's.
        """
        latest, schema = self._registry.latest(key), plan.key_schema
        if latest is None:
            is_other = schema is not None and self._registry.latest(value) is not None
        else:
            is_other = schema is None or self._registry.look_up(key, schema) is None
        if not is_other:
            return
        where = f"{plan.table.qualified}: the governed key would change within {plan.topic}"
        hint = "raise `major` in the policy: the new topic starts with a snapshot"
        if latest and schema and is_rotated(latest.schema, schema):
            raise TableStopped("key_rotated", f"{where}: its privacy key was rotated", hint=hint)
        raise TableStopped("key_changed", where, hint=hint)

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


def _open_json(raw_topic: str, shape: JsonShape) -> _Opened:
    key: Any = json_schema(shape.key_prefix) if shape.key_prefix else None
    value: Any = json_schema(shape.value_prefix)
    raw = table_from_connect(raw_topic, key, value)
    return _Opened(
        raw,
        lambda wanted: json_decoder(shape, wanted),
        lambda key: json_deletes(shape, key),
    )


def _json(text: str) -> Any:
    return json.loads(text)
