"""`cdc check`: forecast, judge, say.

Enters: the base, the migrations, a connector, policies, who reads what, what is waived. Leaves: a
report with a check for each migration.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cdc.errors import ConfigError
from cdc.findings import Check, Finding, Location, Report, Severity
from cdc.gate.baseline import accept
from cdc.gate.forecast import Forecaster, open_catalogue
from cdc.gate.judge import Comparer, Earlier, Judge, Kind, Setting, locate, tell, weigh
from cdc.gate.migrations import Step
from cdc.gate.waivers import Found, Waiver, Waivers, find_inline
from registry.derive.ddl import Catalogue, Span
from registry.errors import RefusedSql
from registry.model import CompatibilityLevel

if TYPE_CHECKING:
    from cdc.gate.consumers import Consumer
    from cdc.privacy.policy import Policy

COMMAND = "cdc check"
EDITED = "migration-edited"


@dataclass(frozen=True, slots=True)
class Sql:
    """The SQL of a run: `done` has run on the base and is not judged, `edited` was changed since.

    `database` is of names without one; "" that of the connector.
    """

    base: Sequence[Step]
    steps: Sequence[Step]
    done: Sequence[Step] = ()
    edited: Sequence[Step] = ()
    database: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is held to; places in files are given from `root`."""

    root: Path
    today: date
    fail_on: Collection[str]
    raw_level: CompatibilityLevel
    waivers: Sequence[Waiver] = ()
    baseline: Collection[str] = ()
    consumers: Sequence[Consumer] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)


def check_migrations(
    connector: Mapping[str, str],
    namespace: str,
    sql: Sql,
    terms: Terms,
    *,
    earlier: Earlier | None = None,
    tick: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Judge every migration that has not run yet.

    Raises:
        ConfigError: SQL or a setting that is not understood; earlier schemas that cannot be used.
        Unreachable: the registry does not answer.
    """
    forecaster = Forecaster(connector, terms.policies, namespace)
    setting = Setting(
        forecaster,
        terms.policies,
        terms.consumers,
        terms.raw_level is not CompatibilityLevel.NONE,
        _fills_nulls(connector),
    )
    judge = Judge(setting, Comparer(terms.raw_level, earlier))
    run = _Run(judge, terms)
    try:
        catalogue = open_catalogue(sql.base, sql.database or forecaster.database)
        for step in sql.done:
            for _ in catalogue.run(step.source):
                pass
        for number, step in enumerate(sql.steps):
            tick(number, len(sql.steps))
            run.check(catalogue, step)
    except RefusedSql as error:
        raise ConfigError(str(error)) from None
    tick(len(sql.steps), len(sql.steps))
    return Report(COMMAND, (*run.checks, *_edited(sql.edited, terms), *run.complain()))


def _fills_nulls(connector: Mapping[str, str]) -> bool:
    """Whether the value converter writes a column's default where a row says NULL.

    Connect's JSON converter: `replace.null.with.default`; Confluent's Avro converter:
    `ignore.default.for.nullables`.
    """
    is_json = connector.get("value.converter", "").endswith("JsonConverter")
    if is_json:
        return connector.get("value.converter.replace.null.with.default", "true") != "false"
    return connector.get("value.converter.ignore.default.for.nullables", "false") != "true"


class _Run:
    """Checks migrations one by one, and keeps which waivers they needed."""

    def __init__(self, judge: Judge, terms: Terms) -> None:
        self._judge = judge
        self._terms = terms
        self._waivers = Waivers(terms.waivers, terms.today)
        self.checks: list[Check] = []

    def check(self, catalogue: Catalogue, step: Step) -> None:
        """Run and judge one migration."""
        found: list[Found] = []
        statements: list[Span] = []
        for change in catalogue.run(step.source):
            statements.append(change.span)
            for verdict in self._judge.judge(step.source, change):
                finding = tell(verdict, self._terms.fail_on, self._terms.root)
                found.append(Found(finding, change.span))
        inline = list(find_inline(step.source, statements))
        self._waivers.add([self._moved(each) for each in inline if isinstance(each, Waiver)])
        broken = [each for each in inline if isinstance(each, Finding)]
        kept = [accept(self._waivers.apply(each), self._terms.baseline) for each in found]
        count = len(statements)
        note = f"{count} statement{'' if count == 1 else 's'} about tables"
        self.checks.append(Check(step.name, (*kept, *broken), note))

    def _moved(self, waiver: Waiver) -> Waiver:
        place = waiver.location
        span = Span(place.file, place.line, place.column, place.line, 0)
        return replace(waiver, location=locate(span, self._terms.root))

    def complain(self) -> Iterator[Check]:
        """A check for waivers that do not hold, where there are any."""
        if found := tuple(self._waivers.complain()):
            yield Check("waivers", found)


def _edited(steps: Sequence[Step], terms: Terms) -> Iterator[Check]:
    for step in steps:
        finding = Finding(
            EDITED,
            f"{step.name}: edited since it ran",
            "Where it has run it does not run again, or the tool stops at its checksum.",
            "put it back, and write a new migration",
            weigh(Severity.ERROR, Kind.OPERATIONS, terms.fail_on),
            Location(locate(Span(step.source.file, 1, 1, 1, 1), terms.root).file, 1),
            step.name,
        )
        yield Check(step.name, (finding,))
