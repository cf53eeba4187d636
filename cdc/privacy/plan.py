"""A policy bound to a table: per governed column the function that makes it.

Fail closed: a column without a rule is withheld and named; a column whose rule cannot act stops the
table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cdc.errors import TableStopped
from cdc.keys import KeyRing
from cdc.privacy.policy import Policy
from cdc.privacy.transforms import RULES_BY_NAME
from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule
from registry.derive.record import GovernedColumn
from registry.derive.table import Column, Table

KEY_RULES = tuple(name for name, rule in RULES_BY_NAME.items() if rule.injective)


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column that leaves: its name in MySQL, its governed form, the rule at work."""

    source: str
    governed: GovernedColumn
    rule: BoundRule


@dataclass(frozen=True, slots=True)
class Plan:
    """All that leaves of a table, in column order, and the names of what is withheld.

    `version` changes with the policy's text. `delete_records`: a delete becomes a record that says
    so, and then a tombstone.
    """

    table: Table
    version: str
    topic: str
    is_json: bool
    columns: tuple[PlannedColumn, ...]
    withheld: tuple[str, ...]
    delete_records: bool = False

    @property
    def key(self) -> tuple[PlannedColumn, ...]:
        """The columns of the governed key."""
        return tuple(column for column in self.columns if column.governed.is_key)

    @property
    def governed(self) -> tuple[GovernedColumn, ...]:
        """What the schemas are derived from."""
        return tuple(column.governed for column in self.columns)


def topic_of(namespace: str, policy: Policy, major: int = 0) -> str:
    """`<namespace>.<database>.<table>.v<major>`; the policy's major is the lowest."""
    return f"{namespace}.{policy.table}.v{max(major, policy.file.major)}"


def plan_table(
    table: Table, policies: Mapping[str, Policy], keys: KeyRing, namespace: str, major: int = 0
) -> Plan:
    """Bind the policy of a table; `major` is that of the topic where the policy's is lower.

    Raises:
        TableStopped: no policy (`no_policy`), no key (`no_key`), a rule that cannot act
            (`refused_rule`) or a type without a canonical form (`unsupported_type`).
    """
    policy = policies.get(table.qualified)
    if policy is None:
        raise no_policy(table)
    if not table.key:
        raise TableStopped("no_key", f"{table.qualified}: the table has no primary key")
    columns, withheld = [], []
    for column in table.columns:
        rule = policy.file.columns.get(column.name)
        if rule is None:
            withheld.append(column.name)
        elif not rule.drops:
            columns.append(_bind(table, column, rule, keys, namespace))
    _refuse_hidden_key(table, columns)
    _refuse_twins(table, columns)
    return Plan(
        table,
        policy.version,
        topic_of(namespace, policy, major),
        policy.file.format == "json",
        tuple(columns),
        tuple(withheld),
        policy.file.deletes == "record_then_tombstone",
    )


def no_policy(table: Table) -> TableStopped:
    """Of a table that no policy names."""
    return TableStopped(
        "no_policy",
        f"{table.qualified}: no policy, so nothing leaves",
        hint=f"write schemas/policies/{table.qualified}.yaml",
    )


def _bind(table: Table, column: Column, rule: Rule, keys: KeyRing, purpose: str) -> PlannedColumn:
    place = f"{table.qualified}.{column.name}"
    if column.type is None:
        raise TableStopped(
            "unsupported_type",
            f"{place}: type {column.mysql_type} has no canonical form yet",
            hint="give the column the rule `drop`",
        )
    is_key = column.name in table.key
    if is_key and not rule.injective:
        raise TableStopped(
            "refused_rule",
            f"{place}: rule `{rule.rule}` on a key column could make two rows one",
            hint=f"allowed on keys: {', '.join(KEY_RULES)}",
        )
    try:
        bound = rule.bind(Context(column.type, keys, purpose, is_key))
    except RefusedRuleError as error:
        raise TableStopped("refused_rule", f"{place}: {error}") from None
    name = rule.as_ or column.name
    return PlannedColumn(
        column.name, GovernedColumn(name, bound.type, is_key, column.nullable), bound
    )


def _refuse_hidden_key(table: Table, columns: list[PlannedColumn]) -> None:
    missing = set(table.key) - {column.source for column in columns}
    if missing:
        raise TableStopped(
            "no_key",
            f"{table.qualified}: key column {', '.join(sorted(missing))} does not leave, so the"
            " governed topic would have no key",
            hint=f"give it one of the rules {', '.join(KEY_RULES)}",
        )


def _refuse_twins(table: Table, columns: list[PlannedColumn]) -> None:
    names = [column.governed.name for column in columns]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise TableStopped(
            "refused_rule", f"{table.qualified}: two columns would be called {', '.join(twins)}"
        )
