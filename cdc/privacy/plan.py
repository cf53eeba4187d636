"""A policy bound to a table: per governed column the function that makes it.

Fail closed: a column without a rule is withheld and named; a column whose rule cannot act stops the
table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdc.errors import ConfigError, TableStopped
from cdc.keys import KeyRing
from cdc.privacy.keying import give_key
from cdc.privacy.policy import Policy
from cdc.privacy.rotation import mark_key, previous_keys, previous_name
from cdc.privacy.transforms import RULES_BY_NAME
from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule
from registry.derive.record import GovernedColumn, derive_key
from registry.derive.table import Column, Table
from registry.derive.types import Canonical

KEY_RULES = tuple(name for name, rule in RULES_BY_NAME.items() if rule.injective)


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """A column that leaves: its name in MySQL, its governed form, the rule at work.

    `needs` names the further columns that the rule reads; they need not leave themselves.
    """

    source: str
    governed: GovernedColumn
    rule: BoundRule
    needs: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that the rule takes, its own first."""
        return (self.source, *self.needs)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that leaves of a table, in column order, and the names of what is withheld.

    `version` changes with the policy's text. `delete_records`: a delete becomes a record that says
    so, and then a tombstone. `append_only`: records have no key. `has_lineage`: records say in
    their headers where they come from.
    """

    table: Table
    version: str
    topic: str
    is_json: bool
    columns: tuple[PlannedColumn, ...]
    withheld: tuple[str, ...]
    delete_records: bool = False
    append_only: bool = False
    has_lineage: bool = False

    @property
    def key(self) -> tuple[PlannedColumn, ...]:
        """The columns of the governed key."""
        return tuple(column for column in self.columns if column.governed.is_key)

    @property
    def governed(self) -> tuple[GovernedColumn, ...]:
        """What the schemas are derived from."""
        return tuple(column.governed for column in self.columns)

    @property
    def key_schema(self) -> str | None:
        """Avro schema text of the governed key, with what its pseudonyms are made by; None: no key.

        That belongs to it: another version of a privacy key gives another key for the same row.
        """
        if not self.key:
            return None
        made_by = [column.rule.made_by for column in self.key]
        return mark_key(derive_key(self.topic, self.governed), made_by)


def topic_of(namespace: str, policy: Policy, major: int = 0) -> str:
    """`<namespace>.<database>.<table>.v<major>`; the policy's major is the lowest."""
    return f"{namespace}.{policy.table}.v{max(major, policy.file.major)}"


def require_keys(policies: Mapping[str, Policy], keys: KeyRing) -> None:
    """See that every privacy key is there that a policy names.

    Raises:
        ConfigError: one is not; says where it is named.
    """
    for policy in policies.values():
        for column, rule in policy.file.columns.items():
            name = getattr(rule, "key", None)
            if name is not None and name not in keys:
                raise ConfigError(
                    f"{policy.path}:{policy.lines.get(column, 1)}: {policy.table}.{column}:"
                    f" rule `{rule.rule}` needs key `{name}`;"
                    f" known keys: {', '.join(sorted(keys))}",
                    hint=f"cdc policies keys generate {name}",
                )


def plan_table(
    table: Table, policies: Mapping[str, Policy], keys: KeyRing, namespace: str, major: int = 0
) -> Plan:
    """Bind the policy of a table; `major` is that of the topic where the policy's is lower.

    Raises:
        TableStopped: no policy (`no_policy`), no key (`no_key`), a rule or an option that cannot
            act (`refused_rule`) or a type without a canonical form (`unsupported_type`).
    """
    policy = policies.get(table.qualified)
    if policy is None:
        raise no_policy(table)
    table = give_key(table, policy)
    columns: list[PlannedColumn] = []
    withheld = []
    for column in table.columns:
        rule = policy.file.columns.get(column.name)
        if rule is None:
            withheld.append(column.name)
        elif not rule.drops:
            columns += _bind_all(table, column, rule, keys, namespace)
    _refuse_hidden_key(table, columns)
    _refuse_twins(table, columns)
    if policy.file.lineage:
        _refuse_hidden_lineage(table, columns)
    return Plan(
        table,
        policy.version,
        topic_of(namespace, policy, major),
        policy.file.format == "json",
        tuple(columns),
        tuple(withheld),
        policy.file.deletes == "record_then_tombstone",
        policy.file.append_only,
        policy.file.lineage,
    )


def _bind_all(
    table: Table, column: Column, rule: Rule, keys: KeyRing, purpose: str
) -> Iterator[PlannedColumn]:
    """The column and, while its key is being rotated, its token under the version before."""
    planned = _bind(table, column, rule, keys, purpose)
    yield planned
    before = None if planned.governed.is_key else previous_keys(rule, keys)
    if before is not None:
        rule = rule.model_copy(update={"as_": previous_name(planned.governed.name)})
        yield _bind(table, column, rule, before, purpose)


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
        bound = bind_rule(table, column, rule, keys, purpose)
    except RefusedRuleError as error:
        raise TableStopped("refused_rule", f"{place}: {error}") from None
    name = rule.as_ or column.name
    governed = GovernedColumn(name, bound.type, is_key, column.nullable)
    return PlannedColumn(column.name, governed, bound, rule.needs)


def bind_rule(table: Table, column: Column, rule: Rule, keys: KeyRing, purpose: str) -> BoundRule:
    """Make a rule ready for a column of a table.

    Raises:
        RefusedRuleError: see `Rule.bind`; or a column that the rule needs is not there or has no
            canonical form.
    """
    if column.type is None:
        raise RefusedRuleError(f"type {column.mysql_type} has no canonical form")
    needed = tuple(_needed_type(table, name, rule) for name in rule.needs)
    return rule.bind(Context(column.type, keys, purpose, column.name in table.key, needed))


def _needed_type(table: Table, name: str, rule: Rule) -> Canonical:
    column = table.column(name)
    if column is None or column.type is None:
        why = "has no canonical form" if column else "is not in the table"
        raise RefusedRuleError(f"rule `{rule.rule}` needs column `{name}`, which {why}")
    return column.type


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


def _refuse_hidden_lineage(table: Table, columns: list[PlannedColumn]) -> None:
    """A raw offset is the rank of a row: it would undo what `__version` hides."""
    hidden = [c.source for c in columns if c.governed.is_key and c.rule.blind is not None]
    if hidden:
        raise TableStopped(
            "refused_rule",
            f"{table.qualified}: `lineage` would tell the rank of the hidden key"
            f" {', '.join(hidden)}",
            hint="take `lineage` out of the policy, or keep the key in clear",
        )
