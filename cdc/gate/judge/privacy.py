"""Rules about policies: what nobody has classified yet, and rules that no longer fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.findings import Severity
from cdc.gate.judge import rewrites
from cdc.gate.judge.cases import Case
from cdc.gate.judge.rule import Flaw, Kind, Reach, Rule
from cdc.gate.judge.wording import capacity, family

_COARSE = frozenset({"mask", "truncate"})


def _unclassified(case: Case) -> Iterator[Flaw]:
    if case.policy is None or case.old is None:
        return
    for pair in case.pairs:
        is_new = pair.new is not None and pair.former != pair.name
        if is_new and pair.name not in case.policy.file.columns:
            yield Flaw(pair.name, "has no class and no rule, so it is withheld")


def _table_unclassified(case: Case) -> Iterator[Flaw]:
    is_new = case.old is None and case.new is not None and case.is_captured
    if is_new and case.policies and case.policy is None:
        yield Flaw("", "a new table without a policy: nothing of it leaves")


def _refused(case: Case) -> Iterator[Flaw]:
    now = case.after.stopped if case.after else None
    then = case.before.stopped if case.before else None
    if now is None or now.code == "no_key" or (then and then.message == now.message):
        return
    named = now.message.partition(": ")[0].removeprefix(f"{case.table}.")
    column = named if any(named == pair.name for pair in case.pairs) else ""
    yield Flaw(column, f"the relay would stop: {now.message.partition(': ')[2]}")


def _gone(case: Case) -> Iterator[Flaw]:
    if case.policy is None or case.new is None:
        return
    for pair in case.pairs:
        is_gone = pair.former and (pair.new is None or pair.new.name != pair.former)
        if is_gone and pair.former in case.policy.file.columns:
            yield Flaw(pair.name, f"the policy still has a rule for `{pair.former}`")


def _widened(case: Case) -> Iterator[Flaw]:
    for pair in case.changed:
        rule = case.policy.file.columns.get(pair.name) if case.policy else None
        if rule is None or rule.rule not in _COARSE or pair.old is None or pair.new is None:
            continue
        is_text = family(pair.old) == family(pair.new) == "text"
        if is_text and capacity(pair.new) > capacity(pair.old):
            yield Flaw(pair.name, f"holds more than when rule `{rule.rule}` was chosen")


_PRIVACY = Kind.PRIVACY

PRIVACY_RULES: Sequence[Rule] = (
    Rule(
        "column-unclassified",
        _PRIVACY,
        Severity.ERROR,
        "a new column that the policy does not name",
        "Nobody has said what it holds. The relay withholds it, so nothing leaks, and readers who"
        " wait for it get nothing; its raw topic has it in clear.",
        "give it a class and a rule in the table's policy; `rule: drop` where it must stay",
        _unclassified,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "table-unclassified",
        _PRIVACY,
        Severity.WARNING,
        "a new table that has no policy",
        "The connector captures it into a raw topic in clear, and the relay withholds all of it.",
        "cdc policies init writes a first policy",
        _table_unclassified,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "rule-refused",
        _PRIVACY,
        Severity.ERROR,
        "a policy's rule cannot act on the column's new type",
        "Rather than let a value through, the relay stops the whole table until its policy fits.",
        "change the policy in the same pull request",
        _refused,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "policy-outdated",
        _PRIVACY,
        Severity.WARNING,
        "a policy names a column that is no longer there",
        "The rule acts on nothing. After a rename the new name has none: the column is withheld and"
        " its field disappears from the governed topic.",
        "change the policy in the same pull request",
        _gone,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "masked-widened",
        _PRIVACY,
        Severity.WARNING,
        "a column under `mask` or `truncate` holds longer values",
        "How much of a value may be seen was chosen for the old length. What is written into a"
        " wider column is often something else: a whole address where a postcode was.",
        "look at the rule's parameters again",
        _widened,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
)
