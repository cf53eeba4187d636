"""The lock: governed schemas as policies and tables give them, held against the committed files.

Tables, policies and a folder come in; what its files should be leaves, with what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import TableStopped
from cdc.evolution.lock import SUFFIX, LockFolder, format_schema
from cdc.evolution.meaning import find_changed_meanings
from cdc.evolution.subjects import contract_of, subjects_of
from cdc.findings import Check, Finding, Location, Report
from cdc.keys import Key, KeyRing
from cdc.privacy.plan import Plan, plan_table
from cdc.privacy.policy import Policy
from registry.derive.from_governed import columns_of_governed
from registry.derive.table import Table
from registry.errors import InvalidSchemaError

COMMAND = "cdc schemas lock"
Tables = Mapping[str, Table | None]


@dataclass(frozen=True, slots=True)
class TableLock:
    """One table's lock: files whose text is not what it should be, and why others cannot be."""

    table: str
    stale: Mapping[Path, str]
    flaws: tuple[Finding, ...] = ()


class Locker:
    """Makes the lock of tables; `namespace` is the governed topics'."""

    def __init__(self, policies: Mapping[str, Policy], namespace: str, lock: LockFolder) -> None:
        self._policies = policies
        self._namespace = namespace
        self._lock = lock
        self._keys = _stand_ins(policies)

    def compare(self, tables: Tables) -> list[TableLock]:
        """Hold the lock of each policy's table against its files."""
        return [self._compare(name, tables.get(name)) for name in sorted(self._policies)]

    def _compare(self, name: str, table: Table | None) -> TableLock:
        if table is None:
            return TableLock(name, {}, (self._flaw(name, "no-table", f"{name}: no such table"),))
        try:
            plan = self._plan(table)
        except TableStopped as stopped:
            flaw = self._flaw(name, stopped.code.replace("_", "-"), stopped.message, stopped.hint)
            return TableLock(name, {}, (flaw,))
        return TableLock(name, dict(self._stale(plan)))

    def _plan(self, table: Table) -> Plan:
        """The plan of the newest major; one higher where readers of that could not go on.

        Raises:
            TableStopped: `breaking_schema` where the policy does not say `new_major`, or see
                `plan_table`.
        """
        newest = self._newest_major(table.qualified)
        plan = plan_table(table, self._policies, self._keys, self._namespace, newest)
        breaks = self._breaks(plan)
        if not breaks:
            return plan
        policy = self._policies[table.qualified]
        if policy.file.on_breaking == "stop":
            raise TableStopped(
                "breaking_schema",
                f"{table.qualified}: {breaks}: readers of {plan.topic} could not go on",
                hint="let the policy say `on_breaking: new_major`, or raise its `major`",
            )
        major = max(newest, policy.file.major) + 1
        return plan_table(table, self._policies, self._keys, self._namespace, major)

    def _breaks(self, plan: Plan) -> str:
        """What is locked of the plan's topic and would change for its readers; nothing: ""."""
        key, value = subjects_of(plan.topic)
        schema = contract_of(plan).get(key)
        if self._lock.schema(key) is not None and not (schema and self._lock.holds(key, schema)):
            return "the governed key changes"
        try:
            old = columns_of_governed(json.dumps(self._lock.schema(value)))
        except InvalidSchemaError:
            return ""
        return "; ".join(find_changed_meanings(old, plan.governed))

    def _newest_major(self, table: str) -> int:
        begin, end = re.escape(f"{self._namespace}.{table}.v"), re.escape(f"-value{SUFFIX}")
        pattern = re.compile(rf"{begin}(\d+){end}")
        names = (path.name for path in self._lock.folder.glob(f"*{SUFFIX}"))
        return max(
            (int(found[1]) for name in names if (found := pattern.fullmatch(name))), default=0
        )

    def _stale(self, plan: Plan) -> Iterator[tuple[Path, str]]:
        for subject, schema in contract_of(plan).items():
            if not self._lock.holds(subject, schema):
                yield self._lock.file(subject), format_schema(schema)

    def _flaw(self, table: str, code: str, title: str, remedy: str = "") -> Finding:
        place = Location(str(self._policies[table].path), 1)
        return Finding(code, title, remedy=remedy, location=place, subject=table)


def report_lock(locks: list[TableLock]) -> Report:
    """What keeps the files from being the lock."""
    return Report(
        COMMAND,
        tuple(
            Check(
                lock.table, (*lock.flaws, *(_report_stale(lock.table, file) for file in lock.stale))
            )
            for lock in locks
        ),
    )


def write_lock(locks: list[TableLock]) -> list[Path]:
    """Write the files that are stale; returns them."""
    for lock in locks:
        for file, text in lock.stale.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return [file for lock in locks for file in lock.stale]


def _report_stale(table: str, file: Path) -> Finding:
    state = "is not what policy and table give" if file.exists() else "is missing"
    place = Location(str(file), 1)
    return Finding("lock-stale", f"{file}: {state}", remedy=COMMAND, location=place, subject=table)


def _stand_ins(policies: Mapping[str, Policy]) -> KeyRing:
    """A key for each name that a rule uses: schemas do not depend on secrets."""
    rules = (rule for policy in policies.values() for rule in policy.file.columns.values())
    names = {str(name) for rule in rules if (name := getattr(rule, "key", None)) is not None}
    return {name: Key(name, 1, {1: bytes(32)}) for name in names}
