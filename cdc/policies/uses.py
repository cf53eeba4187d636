"""Where a privacy key is used: what a rotation would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cdc.privacy.policy import Policy
from cdc.privacy.transforms.rule import Rule
from registry.derive.table import Table


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A column whose rule takes the key.

    `feeds_key`: its governed value is part of a record's key; where MySQL was not asked, whether
    it could be.
    """

    policy: Policy
    column: str
    feeds_key: bool


def find_uses(
    name: str, policies: Iterable[Policy], tables: Mapping[str, Table | None]
) -> list[KeyUse]:
    """Every use of a key, by table and column."""
    return [
        KeyUse(policy, column, _feeds_key(policy, tables.get(policy.table), column, rule))
        for policy in policies
        for column, rule in policy.file.columns.items()
        if getattr(rule, "key", None) == name
    ]


def _feeds_key(policy: Policy, table: Table | None, column: str, rule: Rule) -> bool:
    if policy.file.append_only or policy.file.key:
        return column in policy.file.key
    return rule.injective if table is None else column in table.key
