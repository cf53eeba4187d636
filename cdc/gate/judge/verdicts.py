"""Runs migrations on a catalogue and judges every statement.

Enters: the base, the migrations, what a connector and policies make of tables. Leaves: verdicts,
each with the rule, the place and the subjects that it shows in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdc.findings import Severity
from cdc.gate.forecast import Forecaster
from cdc.gate.judge.breaks import BREAKS, OTHER
from cdc.gate.judge.cases import Case, Pair, open_cases
from cdc.gate.judge.compare import Comparer, Comparison
from cdc.gate.judge.rule import Flaw, Kind, Reach, Rule
from cdc.gate.judge.rules import RULES
from cdc.gate.judge.wording import sql_column
from registry.compatibility.explain import Explanation
from registry.derive.ddl import Change, Source

if TYPE_CHECKING:
    from cdc.gate.consumers import Consumer
    from cdc.privacy.policy import Policy


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that hits; `shows_in` are the subjects where readers meet it."""

    rule: Rule
    flaw: Flaw
    case: Case
    kind: Kind
    severity: Severity
    shows_in: tuple[Comparison, ...]
    consumers: tuple[str, ...]

    @property
    def place(self) -> str:
        """`database.table.column`, or the table alone."""
        return place_of(self.case, self.flaw)

    @property
    def pair(self) -> Pair | None:
        """The column before and after."""
        column = self.flaw.column
        return next((p for p in self.case.pairs if column and p.name == column), None)


@dataclass(frozen=True, slots=True)
class Setting:
    """What statements are judged in; `reads_raw`: raw topics have readers of their own."""

    forecaster: Forecaster
    policies: Mapping[str, Policy]
    consumers: Sequence[Consumer]
    reads_raw: bool
    fills_nulls: bool


class Judge:
    """Judges statements, one after another as they run."""

    def __init__(self, setting: Setting, comparer: Comparer) -> None:
        self._setting = setting
        self._comparer = comparer

    def judge(self, source: Source, change: Change) -> Iterator[Verdict]:
        """Every rule that a statement hits.

        Raises:
            RefusedSql: a column that the connector would fail at.
            ConfigError, Unreachable: earlier versions cannot be had.
        """
        setting = self._setting
        cases = open_cases(
            source, change, setting.forecaster, setting.policies, fills_nulls=setting.fills_nulls
        )
        for case in cases:
            yield from self._look(case, self._comparer.compare(case))

    def _look(self, case: Case, comparisons: Sequence[Comparison]) -> Iterator[Verdict]:
        explained: set[str] = set()
        is_key_explained = False
        for rule in RULES.values():
            for flaw in rule.find(case):
                names = _names(case, flaw.column)
                shows_in = tuple(c for c in comparisons if _shows(rule, case, names, c))
                if rule.reach is not Reach.NOWHERE and not shows_in:
                    continue
                explained |= names if rule.explains else set()
                is_key_explained |= rule.explains and not flaw.column
                yield self._verdict(rule, flaw, case, shows_in)
        rest = [c for c in comparisons if not (is_key_explained and c.subject.part == "key")]
        yield from self._breaks(case, rest, explained)

    def _breaks(
        self, case: Case, comparisons: Sequence[Comparison], explained: Collection[str]
    ) -> Iterator[Verdict]:
        """What breaks and no rule has explained, the same change of a column together."""
        found: dict[tuple[str, str], list[Comparison]] = {}
        for comparison in comparisons:
            for column, breaks in comparison.breaks.items():
                for each in breaks if column not in explained else ():
                    code = _code_of(each)
                    shown = found.setdefault((column, code), [])
                    shown += [comparison] if comparison not in shown else []
        for (column, code), shown in found.items():
            flaw = Flaw(column, BREAKS[code].says + _types(case, column))
            yield self._verdict(BREAKS[code], flaw, case, tuple(shown))

    def _verdict(
        self, rule: Rule, flaw: Flaw, case: Case, shows_in: tuple[Comparison, ...]
    ) -> Verdict:
        topics = {each.subject.topic for each in shows_in}
        subjects = {each.subject.name for each in shows_in}
        place = place_of(case, flaw)
        readers = [c.name for c in self._setting.consumers if c.reads(topics, subjects, place)]
        is_forbidden = any(each.is_broken(_names(case, flaw.column)) for each in shows_in)
        is_read = (
            self._setting.reads_raw
            or bool(readers)
            or any(each.subject.side == "governed" for each in shows_in)
        )
        return Verdict(
            rule,
            flaw,
            case,
            Kind.BREAKING if is_forbidden else rule.kind,
            _weigh(rule, is_forbidden=is_forbidden, is_read=is_read),
            shows_in,
            tuple(readers),
        )


def _types(case: Case, column: str) -> str:
    """What MySQL has said of a column and says now, where it has said something."""
    pair = next((p for p in case.changed if p.name == column), None)
    return f" ({sql_column(pair.old)} -> {sql_column(pair.new)})" if pair else ""


def _code_of(explanation: Explanation) -> str:
    """A break inside a column's own record is no change of the column that has a name."""
    is_inside = explanation.place.part == "field"
    return OTHER if is_inside or explanation.change not in BREAKS else explanation.change


def _weigh(rule: Rule, *, is_forbidden: bool, is_read: bool) -> Severity:
    """A break that no level forbids, or that only shows where nobody reads, is a warning."""
    if is_forbidden:
        return Severity.ERROR
    is_mild = rule.kind is Kind.BREAKING or (rule.reach is not Reach.NOWHERE and not is_read)
    return Severity.WARNING if is_mild and rule.severity is Severity.ERROR else rule.severity


def place_of(case: Case, flaw: Flaw) -> str:
    """`database.table.column`, or the table alone."""
    return f"{case.table}.{flaw.column}" if flaw.column else case.table


def _names(case: Case, column: str) -> set[str]:
    """A column's names, now and before."""
    pair = next((p for p in case.pairs if column and p.name == column), None)
    return {column} | ({pair.former} - {""} if pair else set())


def _shows(rule: Rule, case: Case, names: set[str], comparison: Comparison) -> bool:
    """Whether readers of a subject meet what a rule found at a column."""
    side = comparison.subject.side
    if rule.reach is Reach.NOWHERE or (rule.reach is Reach.RAW and side == "governed"):
        return False
    if comparison.is_new and case.old is not None:
        return False
    if "" in names or any(name in comparison.breaks for name in names):
        return True
    if comparison.subject.part == "key" or not names & comparison.columns:
        return False
    return side == "raw" or rule.reach is not Reach.TYPES or _retypes(case, names)


def _retypes(case: Case, names: set[str]) -> bool:
    """Whether a column leaves as another type than before."""
    if case.before is None or case.after is None:
        return True
    types = [{shape.type_of(n) for n in names} - {None} for shape in (case.before, case.after)]
    return types[0] != types[1]
