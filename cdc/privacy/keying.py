"""Which columns make a table's governed key, where the table itself does not say.

Enters: a table as MySQL or its raw topic shows it, and its policy. Leaves: the same table with the
key that its records get; none where the policy says that rows are only added.
"""

from __future__ import annotations

from dataclasses import replace

from cdc.errors import TableStopped
from cdc.privacy.policy import Policy
from registry.derive.table import Table


def give_key(table: Table, policy: Policy) -> Table:
    """The table with its governed key.

    Raises:
        TableStopped: `no_key`: it has none and the policy names none, or columns that it does not
            have; `refused_rule`: it has one, and the policy names another or none.
    """
    named = tuple(policy.file.key)
    if table.key:
        _refuse_second_key(table, policy)
        return table
    if policy.file.append_only:
        return table
    if not named:
        raise TableStopped(
            "no_key",
            f"{table.qualified}: the table has no primary key",
            hint="give it one, or say in the policy `key: [columns]` or `append_only: true`",
        )
    missing = [name for name in named if table.column(name) is None]
    if missing:
        raise TableStopped(
            "no_key", f"{table.qualified}: `key` names {', '.join(missing)}: no such column"
        )
    return replace(table, key=named)


def _refuse_second_key(table: Table, policy: Policy) -> None:
    said = {"key": policy.file.key, "append_only": policy.file.append_only}
    option = next((name for name, value in said.items() if value), None)
    if option is not None:
        raise TableStopped(
            "refused_rule",
            f"{table.qualified}: `{option}` is for tables without a key; this one has"
            f" {', '.join(table.key)}",
            hint=f"take `{option}` out of the policy",
        )
