"""What a rule is: one row of data, and a small function that finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cdc.findings import Severity
from cdc.gate.judge.cases import Case, Pair


class Kind(StrEnum):
    """What a finding is about; `--fail-on` chooses among them."""

    BREAKING = "breaking"
    SEMANTIC = "semantic"
    PRIVACY = "privacy"
    OPERATIONS = "operations"
    WAIVERS = "waivers"


class Reach(StrEnum):
    """Which topics a flaw shows in."""

    EVERYWHERE = "everywhere"
    TYPES = "types"  # in the governed one only where the governed type changes
    RAW = "raw"  # the relay repairs it, so governed topics do not show it
    NOWHERE = "nowhere"  # it is about MySQL or a policy


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule found at a column ("": the table), as the rest of a sentence about it."""

    column: str
    says: str


Find = Callable[[Case], Iterator[Flaw]]
Rewrite = Callable[[Case, str], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of `RULES`.

    `says` is the rule in one line, `problem` whom it hurts and how, `remedy` the next step in
    words, `rewrite` the same as SQL. A rule that `explains` says why schemas of its column break,
    so that the break is not reported a second time.
    """

    code: str
    kind: Kind
    severity: Severity
    says: str
    problem: str
    remedy: str
    find: Find
    rewrite: Rewrite
    reach: Reach = Reach.EVERYWHERE
    explains: bool = False


def each_pair(look: Callable[[Case, Pair], str]) -> Find:
    """A finder that looks at every column that was and is."""

    def find(case: Case) -> Iterator[Flaw]:
        for pair in case.changed:
            if says := look(case, pair):
                yield Flaw(pair.name, says)

    return find


def each_new(look: Callable[[Case, Pair], str]) -> Find:
    """A finder that looks at every column that is, new ones and changed ones."""

    def find(case: Case) -> Iterator[Flaw]:
        for pair in case.pairs:
            if pair.new and pair.new != pair.old and (says := look(case, pair)):
                yield Flaw(pair.name, says)

    return find
