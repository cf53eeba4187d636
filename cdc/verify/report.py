"""What is left after the second look, told by kind: counts, and a few governed keys by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdc.privacy.plan import Plan
from cdc.verify.records import Key, Slices, name_key
from cdc.verify.sides import NO_STATE, ExpectedRows, GovernedSide

NAMED_KEYS = 10
"""How many keys of each kind are named."""

_KEYLESS = "rows whose key is NULL or has no canonical form, without a dead letter"


@dataclass(frozen=True, slots=True)
class Finding:
    """One governed key that differs; `columns` says where, if both sides have it."""

    key: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table's verdict. The counts are whole, of the keys at most `NAMED_KEYS` are named."""

    table: str
    topic: str
    source_rows: int
    governed_rows: int
    missing: int
    extra: int
    differing: int
    dead_lettered: int
    withheld: tuple[str, ...]
    dropped: tuple[str, ...]
    topic_exists: bool
    took_s: float
    named: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def is_equal(self) -> bool:
        """Nothing is missing, extra or different."""
        return not (self.missing or self.extra or self.differing)


@dataclass(slots=True)
class Letters:
    """A table's dead letters: the governed keys that they name, and how many name none."""

    keys: set[Key] = field(default_factory=set)
    keyless: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """Defects by kind with the named ones, and how many rows are dead-lettered instead."""

    missing: int
    extra: int
    differing: int
    dead_lettered: int
    named: Mapping[str, tuple[Finding, ...]]


def judge(
    plan: Plan, rows: ExpectedRows, governed: GovernedSide, suspects: list[Key], letters: Letters
) -> Judged:
    """Tell the suspects apart.

    A missing row, or one that has no canonical form, is excused by a dead letter that names its
    key; rows without a key by as many letters without one.
    """
    lettered = {
        key
        for key in suspects
        if key in letters.keys
        and (key not in governed.digests or rows.digests.get(key) is NO_STATE)
        and key in rows.digests
    }
    left = [key for key in suspects if key not in lettered]
    missing = [key for key in left if key not in governed.digests]
    extra = [key for key in left if key not in rows.digests]
    differing = [key for key in left if key in governed.digests and key in rows.digests]
    keyless = max(0, rows.keyless - letters.keyless)
    named = {
        "missing": _named(plan, missing, [_KEYLESS] * min(1, keyless)),
        "extra": _named(plan, extra, _places(governed)),
        "differing": _explain(plan, rows, governed, differing),
    }
    return Judged(
        len(missing) + keyless,
        len(extra) + len(governed.foreign),
        len(differing),
        len(lettered) + rows.keyless - keyless,
        {kind: findings for kind, findings in named.items() if findings},
    )


def _places(governed: GovernedSide) -> list[str]:
    """Where the records stand whose keys are no keys of this table; the keys are not shown."""
    return [
        f"a key of another shape at partition {partition}, offset {offset}"
        for partition, offset in governed.foreign.values()
    ]


def make_report(
    plan: Plan,
    rows: ExpectedRows,
    governed: GovernedSide,
    judged: Judged,
    *,
    exists: bool,
    took_s: float,
) -> TableReport:
    """The judgement with the counts of both sides and what the policy holds back."""
    leaving = {column.source for column in plan.columns} | set(plan.withheld)
    return TableReport(
        plan.table.qualified,
        plan.topic,
        rows.count,
        len(governed.digests) + len(governed.foreign),
        judged.missing,
        judged.extra,
        judged.differing,
        judged.dead_lettered,
        plan.withheld,
        tuple(c.name for c in plan.table.columns if c.name not in leaving),
        exists,
        took_s,
        judged.named,
    )


def _named(plan: Plan, keys: list[Key], others: Sequence[str]) -> tuple[Finding, ...]:
    names = sorted(name_key(plan, key) for key in keys[:NAMED_KEYS])
    return tuple(Finding(name) for name in [*names, *others][:NAMED_KEYS])


def _explain(
    plan: Plan, rows: ExpectedRows, governed: GovernedSide, keys: list[Key]
) -> tuple[Finding, ...]:
    """Which columns differ, for the keys whose rows were kept first; the values stay here."""
    keys = sorted(keys, key=lambda key: key not in rows.kept)[:NAMED_KEYS]
    present = governed.rows_of(set(keys)) if keys else {}
    return tuple(
        Finding(
            name_key(plan, key),
            _unequal_columns(plan, rows.kept.get(key, ()), present.get(key, ())),
        )
        for key in keys
    )


def _unequal_columns(plan: Plan, left: Slices, right: Slices) -> tuple[str, ...]:
    """Names where two rows differ; none where a side has no row that can be read."""
    names = [column.governed.name for column in plan.columns]
    return tuple(name for name, one, other in zip(names, left, right, strict=False) if one != other)
