"""A governed topic's two subjects: the only place where the record path meets the registry.

A schema that a subject has already is found again; a new one is registered where readers of every
earlier version can go on and, under a binding lock, where the lock has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cdc.errors import TableStopped
from cdc.evolution.lock import LockFolder
from cdc.evolution.meaning import find_changed_meanings
from cdc.privacy.plan import Plan
from cdc.privacy.rotation import is_rotated
from registry.derive.from_governed import columns_of_governed
from registry.derive.record import GovernedColumn, derive_key, derive_value
from registry.errors import IncompatibleSchema, InvalidSchemaError, Unprocessable
from registry.model import CompatibilityLevel, RegisteredSchema, SchemaId, Subject

GOVERNED_LEVEL = CompatibilityLevel.FULL_TRANSITIVE
BREAKING_CODES = frozenset({"breaking_schema", "key_changed", "key_rotated"})
"""What a new major is the way out of."""
_REMEDY = (
    "let the policy say `on_breaking: new_major`, raise its `major`, or undo the change"
    " in the policy or the table"
)


class Registry(Protocol):
    """What is needed of a schema registry (`registry.client.RegistryClient` has it)."""

    def register(self, subject: Subject, schema: str) -> SchemaId:
        """Register a version; the id of the same schema if it is there already."""

    def look_up(self, subject: Subject, schema: str) -> RegisteredSchema | None:
        """The version that has this schema."""

    def history(self, subject: Subject) -> Sequence[str]:
        """The schemas of all versions, oldest first."""

    def schema_by_id(self, schema_id: SchemaId) -> str:
        """Schema text of an id."""

    def level(self, subject: Subject | None) -> CompatibilityLevel | None:
        """The subject's own level."""

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        """Give the subject a level of its own."""


@dataclass(frozen=True, slots=True)
class Registered:
    """The ids of a topic's schemas; `unlocked` names the subjects whose lock says otherwise.

    `key_id` None: the topic's records have no key.
    """

    key_id: SchemaId | None
    value_id: SchemaId
    unlocked: tuple[Subject, ...] = ()


class Subjects:
    """Registers plans; `lock` None: nothing is locked."""

    def __init__(self, registry: Registry, lock: LockFolder | None) -> None:
        self._registry = registry
        self._lock = lock

    def register(self, plan: Plan) -> Registered:
        """Make the plan's schemas the newest of its topic's subjects.

        Raises:
            TableStopped: `key_changed`, `key_rotated`, `breaking_schema` or `not_locked`; nothing
                is registered unless the registry itself refused the value.
            RegistryUnreachable: it does not answer.
        """
        key, value = subjects_of(plan.topic)
        key_schema = plan.key_schema
        schemas = {} if key_schema is None else {key: key_schema}
        schemas[value] = derive_value(plan.topic, plan.governed)
        new = [it for it in schemas if self._registry.look_up(it, schemas[it]) is None]
        self._refuse_other_key(plan, key, value)
        if value in new:
            self._refuse_changed_meaning(plan, value)
        contract = contract_of(plan)
        unlocked = tuple(
            it for it in schemas if self._lock and not self._lock.holds(it, contract[it])
        )
        if self._lock and self._lock.is_binding:
            _refuse_unlocked(plan, [it for it in unlocked if it in new])
        ids = {it: self._register(plan, it, schemas[it]) for it in schemas}
        return Registered(ids.get(key), ids[value], unlocked)

    def find(self, topic: str) -> tuple[tuple[GovernedColumn, ...], Registered] | None:
        """The columns and ids of a topic's newest schemas; None: it has none that we wrote.

        Raises:
            RegistryUnreachable: it does not answer.
        """
        key, value = (self._newest(subject) for subject in subjects_of(topic))
        if value is None:
            return None
        try:
            columns = columns_of_governed(value.schema)
            return columns, Registered(key.id if key else None, value.id)
        except InvalidSchemaError:
            return None

    def has_key_of(self, plan: Plan) -> bool:
        """Whether the topic's key is the plan's: columns, types and what its tokens are made by."""
        key, schema = subjects_of(plan.topic)[0], plan.key_schema
        if schema is None:
            return not self._registry.history(key)
        return self._registry.look_up(key, schema) is not None

    def _newest(self, subject: Subject) -> RegisteredSchema | None:
        history = self._registry.history(subject)
        return self._registry.look_up(subject, history[-1]) if history else None

    def _refuse_other_key(self, plan: Plan, key: Subject, value: Subject) -> None:
        """Compaction compares whole key bytes: another key schema would leave immortal rows.

        A key is registered before its value, so a value without a key is an append-only topic's.
        """
        keys, schema = self._registry.history(key), plan.key_schema
        if keys:
            is_other = schema is None or self._registry.look_up(key, schema) is None
        else:
            is_other = schema is not None and bool(self._registry.history(value))
        if not is_other:
            return
        where = f"{plan.table.qualified}: the governed key would change within {plan.topic}"
        if keys and schema and is_rotated(keys[-1], schema):
            why = f"{where}: its privacy key was rotated"
            raise TableStopped("key_rotated", why, hint=_REMEDY)
        raise TableStopped("key_changed", where, hint=_REMEDY)

    def _refuse_changed_meaning(self, plan: Plan, subject: Subject) -> None:
        for version in self._registry.history(subject):
            try:
                old = columns_of_governed(version)
            except InvalidSchemaError:  # registered by another hand: the registry compares it
                continue
            changed = list(find_changed_meanings(old, plan.governed))
            if changed:
                raise TableStopped(
                    "breaking_schema",
                    f"{plan.table.qualified}: {'; '.join(changed)}:"
                    f" readers of {plan.topic} would misread it",
                    hint=_REMEDY,
                )

    def _register(self, plan: Plan, subject: Subject, schema: str) -> SchemaId:
        try:
            if self._registry.level(subject) is None:
                self._registry.set_level(subject, GOVERNED_LEVEL)
            return self._registry.register(subject, schema)
        except (IncompatibleSchema, Unprocessable) as error:
            why = error.messages[0] if isinstance(error, IncompatibleSchema) else str(error)
            raise TableStopped(
                "breaking_schema",
                f"{plan.table.qualified}: {subject} refuses the next version: {why}",
                hint=_REMEDY,
            ) from None


def contract_of(plan: Plan) -> Mapping[Subject, str]:
    """What the lock holds of a plan: its schemas without the versions of privacy keys."""
    key, value = subjects_of(plan.topic)
    contract = {value: derive_value(plan.topic, plan.governed)}
    return {key: derive_key(plan.topic, plan.governed), **contract} if plan.key else contract


def subjects_of(topic: str) -> tuple[Subject, Subject]:
    """Key and value subject of a topic."""
    return Subject(f"{topic}-key"), Subject(f"{topic}-value")


def _refuse_unlocked(plan: Plan, subjects: Sequence[Subject]) -> None:
    if subjects:
        raise TableStopped(
            "not_locked",
            f"{plan.table.qualified}: the lock does not have this shape:"
            f" {', '.join(f'{subject}.avsc' for subject in subjects)}",
            hint="cdc schemas lock; commit the files that it writes, and bring them here",
        )
