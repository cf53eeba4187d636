"""What is counted: the quasi-identifiers of a governed topic, as its policy names them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdc.errors import ConfigError
from cdc.privacy.plan import topic_of
from cdc.privacy.policy import Policy
from cdc.privacy.transforms.rule import Rule


@dataclass(frozen=True, slots=True)
class Target:
    """A governed topic, its `k`, and by field the rule of each quasi-identifier that leaves."""

    table: str
    topic: str
    k: int
    quasi: Mapping[str, Rule]


def choose_targets(
    policies: Mapping[str, Policy], namespace: str, names: Sequence[str] = (), k: int | None = None
) -> list[Target]:
    """The named tables or topics; without names every table whose policy says `k`.

    `k` stands in for what the policies say.

    Raises:
        ConfigError: a name has no policy, or its policy no quasi-identifier that leaves, or no `k`.
    """
    by_name = {
        name: policy
        for policy in policies.values()
        for name in (policy.table, topic_of(namespace, policy))
    }
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ConfigError(
            f"no policy of table or topic {', '.join(unknown)}",
            hint=f"tables with a policy: {', '.join(policies)}",
        )
    chosen = dict.fromkeys(by_name[name].table for name in names) or [
        policy.table for policy in policies.values() if policy.file.k is not None
    ]
    return [_target(policies[table], namespace, k) for table in chosen]


def _target(policy: Policy, namespace: str, k: int | None) -> Target:
    wanted = k or policy.file.k
    if not policy.file.quasi:
        raise ConfigError(
            f"{policy.path}: no column of class `quasi` leaves, so there are no cells to count",
            hint="class the columns that could name a person together `quasi`",
        )
    if wanted is None:
        raise ConfigError(
            f"{policy.path}: the policy does not say `k`", hint="`k: 5` in the file, or --k 5"
        )
    return Target(policy.table, topic_of(namespace, policy), wanted, policy.file.quasi)
