"""What leaves of a table, as a privacy officer reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cdc.privacy.plan import Plan
from cdc.privacy.policy import Policy, PolicyFile


@dataclass(frozen=True, slots=True)
class Field:
    """A governed field: its column in MySQL, the rule with its parameters, class and type."""

    column: str
    field: str
    rule: str
    class_: str
    type: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """One topic, field by field; then the columns that stay, by why.

    `options` are those of the policy that are not the default.
    """

    table: str
    topic: str
    format: str
    fields: tuple[Field, ...]
    dropped: tuple[str, ...]
    withheld: tuple[str, ...]
    options: tuple[str, ...] = ()


def describe_leaving(plan: Plan, policy: Policy) -> Leaving:
    """The plan beside the policy that it came from."""
    rules = policy.file.columns
    fields = tuple(
        Field(
            column.source,
            column.governed.name,
            rules[column.source].rule,
            rules[column.source].class_,
            str(column.governed.type),
            column.governed.is_key,
        )
        for column in plan.columns
    )
    stays = {column.name for column in plan.table.columns} - {field.column for field in fields}
    dropped = tuple(sorted(stays - set(plan.withheld)))
    return Leaving(
        plan.table.qualified,
        plan.topic,
        policy.file.format,
        fields,
        dropped,
        plan.withheld,
        tuple(_options(policy.file)),
    )


def _options(file: PolicyFile) -> Iterator[str]:
    if file.key:
        yield f"key: {', '.join(file.key)}"
    if file.append_only:
        yield "append_only"
    if file.lineage:
        yield "lineage"
    if file.deletes != "tombstone":
        yield f"deletes: {file.deletes}"
