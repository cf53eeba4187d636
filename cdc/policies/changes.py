"""What a change of a policy means for its readers, and for the people whose data it is.

A widening is an error: more leaves than before, which somebody has to want. What breaks readers is
a warning, all else a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdc.errors import ConfigError
from cdc.findings import Check, Finding, Location, Report, Severity
from cdc.privacy.policy import Policy, PolicyFile
from cdc.privacy.transforms.rule import Rule

COMMAND = "cdc policies diff"

PRIVACY_ORDER = ("public", "quasi", "personal", "identifier", "sensitive")
"""Classes from the least to the most personal."""

_MORE: Callable[[Any, Any], bool] = lambda old, new: new > old  # noqa: E731
_LESS: Callable[[Any, Any], bool] = lambda old, new: new < old  # noqa: E731
_PARTS = ("year", "quarter", "month", "day", "hour", "minute")

FINER: Mapping[tuple[str, str], Callable[[Any, Any], bool]] = {
    ("grid", "cell"): _LESS,
    ("band", "width"): _LESS,
    ("bucket", "groups"): _MORE,
    ("truncate", "chars"): _MORE,
    ("geohash", "chars"): _MORE,
    ("date_shift", "days"): _LESS,
    ("date_shift", "fixed"): lambda old, new: bool(set(new) - set(old)),
    ("mask", "first"): _MORE,
    ("mask", "last"): _MORE,
    ("date_part", "part"): lambda old, new: _PARTS.index(new) > _PARTS.index(old),
    ("lookup", "values"): lambda old, new: bool(set(new.values()) - set(old.values())),
}
"""Parameters by which more of a value can come through, and when it does."""


_NEW_MAJOR = "This needs a new `major`."


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, at a column ("" the whole table)."""

    column: str
    code: str
    severity: Severity
    title: str
    message: str = ""


def compare_policies(old: Policy, new: Policy) -> Report:
    """Every difference of two policies of one table.

    Raises:
        ConfigError: they are of two tables.
    """
    if old.table != new.table:
        raise ConfigError(
            f"{old.path} is of {old.table}, {new.path} of {new.table}:"
            " only policies of one table can be compared"
        )
    changes = (*_file_changes(old, new), *_column_changes(old, new))
    return Report(COMMAND, (Check(new.table, tuple(_finding(new, it) for it in changes)),))


def _finding(policy: Policy, change: Change) -> Finding:
    place = f"{policy.table}.{change.column}" if change.column else policy.table
    return Finding(
        change.code,
        f"{place}: {change.title}",
        change.message,
        severity=change.severity,
        location=Location(str(policy.path), policy.lines.get(change.column, 0)),
        subject=place,
    )


def _file_changes(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = old.file, new.file
    if before.format != after.format:
        yield Change("", "format", Severity.WARNING, f"values become {after.format.upper()}")
    if before.deletes != after.deletes:
        yield Change("", "deletes", Severity.WARNING, f"a delete becomes `{after.deletes}`")
    if before.on_breaking != after.on_breaking:
        title = f"a shape that readers cannot take: `{after.on_breaking}`"
        yield Change("", "on-breaking", Severity.NOTE, title)
    if before.major != after.major:
        title = f"a new topic, .v{after.major}; nothing more is written to .v{before.major}"
        yield Change("", "major", Severity.WARNING, title)
    if before.k != after.k:
        yield _other_k(before.k, after.k)
    yield from _option_changes(before, after)


def _other_k(before: int | None, after: int | None) -> Change:
    code, severity = (
        ("k-lowered", Severity.ERROR)
        if (after or 0) < (before or 0)
        else ("k-raised", Severity.NOTE)
    )
    return Change("", code, severity, f"`k` {before or 'unsaid'} becomes {after or 'unsaid'}")


def _option_changes(before: PolicyFile, after: PolicyFile) -> Iterator[Change]:
    if before.append_only != after.append_only:
        what = "records have no key" if after.append_only else "records have a key"
        yield Change("", "append-only", Severity.WARNING, f"{what} from now on", _NEW_MAJOR)
    elif before.key != after.key:
        key = ", ".join(after.key) or "the table's own"
        yield Change("", "other-key", Severity.WARNING, f"the record's key is {key}", _NEW_MAJOR)
    if after.lineage and not before.lineage:
        title = "headers say from which raw event each record comes"
        yield Change("", "newly-leaves", Severity.ERROR, title)
    elif before.lineage and not after.lineage:
        title = "headers `cdc.source` and `cdc.policy` do not leave any more"
        yield Change("", "stops-leaving", Severity.WARNING, title)


def _column_changes(old: Policy, new: Policy) -> Iterator[Change]:
    for column in dict.fromkeys((*old.file.columns, *new.file.columns)):
        before, after = old.file.columns.get(column), new.file.columns.get(column)
        if before != after:
            yield from _leaving_changes(column, _leaving(before), _leaving(after))
        if before is not None and after is not None:
            yield from _class_changes(column, before.class_, after.class_)


def _leaving(rule: Rule | None) -> Rule | None:
    return None if rule is None or rule.drops else rule


def _leaving_changes(column: str, before: Rule | None, after: Rule | None) -> Iterator[Change]:
    if before is not None and after is not None:
        yield from _rule_changes(column, before, after)
    elif after is not None:
        title = f"leaves now, by rule `{after.rule}` (class `{after.class_}`)"
        message = "Rows that do not change keep their old record until a snapshot."
        yield Change(column, "newly-leaves", Severity.ERROR, title, message)
    elif before is not None:
        title = f"does not leave any more; readers find no field `{before.as_ or column}`"
        message = "Records that were written before keep it until their row changes."
        yield Change(column, "stops-leaving", Severity.WARNING, title, message)


def _class_changes(column: str, before: str, after: str) -> Iterator[Change]:
    title = f"class `{before}` becomes `{after}`"
    change = PRIVACY_ORDER.index(after) - PRIVACY_ORDER.index(before)
    if change < 0:
        yield Change(column, "class-lowered", Severity.ERROR, title)
    elif change > 0:
        yield Change(column, "class-raised", Severity.NOTE, title)


def _rule_changes(column: str, before: Rule, after: Rule) -> Iterator[Change]:
    names = before.as_ or column, after.as_ or column
    if names[0] != names[1]:
        title = f"field `{names[0]}` becomes `{names[1]}`"
        yield Change(column, "renamed", Severity.WARNING, title)
    if before.rule != after.rule:
        yield _other_rule(column, before, after)
    elif _parameters(before) != _parameters(after):
        yield _other_parameters(column, before, after)


def _other_rule(column: str, before: Rule, after: Rule) -> Change:
    in_clear = after.rule == "keep"
    return Change(
        column,
        "clear-now" if in_clear else "other-rule",
        Severity.ERROR if in_clear else Severity.WARNING,
        f"rule `{before.rule}` becomes `{after.rule}`: readers get other values",
        "On a key column this needs a new `major`.",
    )


def _other_parameters(column: str, before: Rule, after: Rule) -> Change:
    old, new = _parameters(before), _parameters(after)
    changed = [name for name, value in old.items() if new[name] != value]
    finer = [
        name
        for name in changed
        if (is_finer := FINER.get((after.rule, name))) and is_finer(old[name], new[name])
    ]
    return Change(
        column,
        "finer-now" if finer else "other-values",
        Severity.ERROR if finer else Severity.WARNING,
        f"rule `{after.rule}`: " + ", ".join(_show(n, old[n], new[n]) for n in finer or changed),
        "Readers get other values; on a key column this needs a new `major`.",
    )


def _parameters(rule: Rule) -> Mapping[str, Any]:
    common = {"rule", "class_", "as_"}
    return {n: getattr(rule, n) for n in type(rule).model_fields if n not in common}


def _show(name: str, old: object, new: object) -> str:
    """Long values (a list of cities) are named only."""
    plain = (str, int, float, Decimal)
    if isinstance(old, plain) and isinstance(new, plain):
        return f"`{name}` {old} becomes {new}"
    return f"`{name}` changes"
