"""Schema files and migrations → the schemas that connector and relay will register, step by step.

The governed schema is derived from the forecast raw schemas, by the relay's own code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cdc.errors import ConfigError, TableStopped
from cdc.gate.migrations import Step
from cdc.keys import Key, KeyRing
from cdc.providers import KEY_BYTES
from registry.derive.ddl import Catalogue, Change, MySqlTable, show_as_server
from registry.derive.from_debezium import table_from_avro
from registry.derive.raw_form import RawForm
from registry.derive.raw_record import RawSchemas, derive_raw
from registry.derive.record import derive_key, derive_value
from registry.derive.types import Canonical
from registry.errors import RefusedForm, RefusedSql

if TYPE_CHECKING:
    from cdc.privacy.plan import Plan
    from cdc.privacy.policy import Policy

BASE = "base"
"""The step before all migrations."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A table behind a step: schemas as parsed JSON; a dropped table has none.

    `key_schema` None: no key. `governed_schema` None: no policy, or one that cannot be carried out
    (`stopped` says why). `captured` False: the connector's lists leave the table out.
    """

    table: str
    step: str
    key_schema: dict[str, Any] | None
    value_schema: dict[str, Any] | None
    governed_schema: dict[str, Any] | None
    captured: bool
    stopped: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it for a machine."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Shape:
    """What becomes of a table: raw schemas, and the plan of what leaves (None: nothing does).

    `stopped` says why the relay would stop a table that has a policy.
    """

    raw: RawSchemas
    plan: Plan | None
    stopped: TableStopped | None = None

    def type_of(self, column: str) -> Canonical | None:
        """As what a column of MySQL leaves; None: it does not."""
        columns = self.plan.columns if self.plan else ()
        return next((c.governed.type for c in columns if c.source == column), None)

    def governed(self) -> tuple[str, str] | None:
        """The governed key's and value's Avro schema."""
        if self.plan is None:
            return None
        columns = self.plan.governed
        return derive_key(self.plan.topic, columns), derive_value(self.plan.topic, columns)


class Forecaster:
    """What a connector and a set of policies make of tables."""

    def __init__(
        self, config: Mapping[str, str], policies: Mapping[str, Policy], namespace: str
    ) -> None:
        """Read a connector's `config`.

        Raises:
            ConfigError: a setting whose effect on the schemas is not known.
        """
        try:
            self._form = RawForm.of(config)
        except RefusedForm as error:
            raise ConfigError(str(error)) from None
        self.database = database_of(config)
        """The one that the connector captures; "" where it may be several."""
        self._policies = policies
        self._keys = _placeholder_keys(policies.values())
        self._namespace = namespace

    def run(
        self, base: Iterable[Step], steps: Iterable[Step], database: str = ""
    ) -> Iterator[Forecast]:
        """Every table of the base, then per step each table that it touches.

        `database` is of names without one, where no USE says so (else the connector's only one).

        Raises:
            ConfigError: SQL that is not understood, with file and line.
        """
        try:
            yield from self._run(base, steps, database or self.database)
        except RefusedSql as error:
            raise ConfigError(str(error)) from None

    def _run(
        self, base: Iterable[Step], steps: Iterable[Step], database: str
    ) -> Iterator[Forecast]:
        catalogue = open_catalogue(base, database)
        for name, table in catalogue.tables.items():
            yield self.foresee(name, BASE, table)
        for step in steps:
            touched = _touched(catalogue.run(step.source))
            tables = catalogue.tables
            for name in touched:
                yield self.foresee(name, step.name, tables.get(name))

    def foresee(self, name: str, step: str, table: MySqlTable | None) -> Forecast:
        """The schemas of one table as it is; None: it is gone.

        Raises:
            RefusedSql: a column that the connector would fail at.
        """
        database, _, plain = name.partition(".")
        captured = self._form.takes(database, plain)
        if table is None:
            return Forecast(name, step, None, None, None, captured)
        shape = self.shape(table)
        governed = shape.governed()
        return Forecast(
            name,
            step,
            shape.raw.key,
            shape.raw.value,
            json.loads(governed[1]) if governed else None,
            captured,
            shape.stopped.message if shape.stopped else "",
        )

    def takes(self, table: MySqlTable) -> bool:
        """Whether the connector's lists have a table."""
        return self._form.takes(table.database, table.name)

    def shape(self, table: MySqlTable) -> Shape:
        """What becomes of a table as it is.

        Raises:
            RefusedSql: a column that the connector would fail at.
        """
        raw = derive_raw(table, self._form)
        if table.qualified not in self._policies:
            return Shape(raw, None)
        from cdc.privacy.plan import plan_table  # noqa: PLC0415 -- loads numpy, for policies alone

        read = table_from_avro(raw.topic, raw.key, raw.value).table
        try:
            plan = plan_table(read, self._policies, self._keys, self._namespace)
        except TableStopped as error:
            return Shape(raw, None, error)
        return Shape(raw, plan)


def open_catalogue(base: Iterable[Step], database: str) -> Catalogue:
    """The tables of a base as a connector's snapshot reads them: as the server shows them.

    Raises:
        RefusedSql: SQL that is not understood.
    """
    built = Catalogue(database=database)
    for step in base:
        for _ in built.run(step.source):
            pass
    shown = {name: show_as_server(table) for name, table in built.tables.items()}
    return Catalogue(shown, database or built.database)


def _touched(changes: Iterable[Change]) -> list[str]:
    touched: dict[str, None] = {}
    for change in changes:
        touched |= dict.fromkeys((*change.before, *change.after))
    return list(touched)


def database_of(config: Mapping[str, str]) -> str:
    """The one database that a connector captures; "" where it may be several."""
    listed = config.get("database.include.list", "").strip()
    if listed:
        return listed if listed.isidentifier() else ""
    tables = config.get("table.include.list", "").split(",")
    databases = {name.strip().partition(".")[0] for name in tables}
    only = databases.pop() if len(databases) == 1 else ""
    return only if only.isidentifier() else ""


def _placeholder_keys(policies: Iterable[Policy]) -> KeyRing:
    """A key for every name that a policy uses: no schema depends on a key's bytes."""
    names = {
        getattr(rule, "key", None) for policy in policies for rule in policy.file.columns.values()
    }
    return {name: Key(name, 1, {1: bytes(KEY_BYTES)}) for name in names if isinstance(name, str)}
