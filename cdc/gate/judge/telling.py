"""A verdict as a finding: at the SQL, with what breaks for whom and how to do it safely."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from cdc.findings import Finding, Location, Severity
from cdc.gate.judge.compare import Comparison
from cdc.gate.judge.rule import Kind
from cdc.gate.judge.verdicts import Verdict
from cdc.gate.judge.wording import sql_column
from registry.derive.ddl import Span
from registry.model import CompatibilityLevel

ANY = "any"


def tell(verdict: Verdict, fail_on: Collection[str], root: Path) -> Finding:
    """The finding; places in files are given from `root`. Kinds out of `fail_on` only warn."""
    case, rule = verdict.case, verdict.rule
    span = case.place(verdict.flaw.column)
    return Finding(
        rule.code,
        f"{verdict.place}: {verdict.flaw.says}",
        "\n".join(_explain(verdict)),
        rule.remedy,
        weigh(verdict.severity, verdict.kind, fail_on),
        locate(span, root),
        verdict.place,
        details=_details(verdict),
        excerpt=case.source.line(span.line),
        rewrite=rule.rewrite(case, verdict.flaw.column),
        identity=" ".join(token.text for token in case.change.tokens),
    )


def weigh(severity: Severity, kind: str, fail_on: Collection[str]) -> Severity:
    """How bad a finding is where only some kinds may fail; `any`: warnings fail too."""
    if ANY in fail_on:
        return Severity.ERROR if severity is Severity.WARNING else severity
    if severity is Severity.ERROR and kind not in {*fail_on, Kind.WAIVERS}:
        return Severity.WARNING
    return severity


def locate(span: Span, root: Path) -> Location:
    """A place as CI wants it: from the working directory where the file is below it."""
    path = Path(span.file).absolute()
    shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else span.file
    return Location(shown, span.line, span.column, span.end_line, span.end_column)


def _explain(verdict: Verdict) -> Iterator[str]:
    yield verdict.rule.problem
    pair = verdict.pair
    if pair is not None:
        before, after = sql_column(pair.old) or "nothing", sql_column(pair.new) or "nothing"
        yield f"MySQL: {before} -> {after}"
    names = _names(verdict)
    for each in verdict.shows_in:
        yield f"{each.subject.name} ({each.level}): {_describe(each, names)}"


def _names(verdict: Verdict) -> list[str]:
    former = verdict.pair.former if verdict.pair else ""
    return [verdict.flaw.column, *([former] if former not in {"", verdict.flaw.column} else [])]


def _describe(comparison: Comparison, names: Collection[str]) -> str:
    found = comparison.list_breaks(names)
    if not found:
        return "no level objects"
    types = dict.fromkeys(f"{e.old_type or 'nothing'} -> {e.new_type or 'nothing'}" for e in found)
    broken = {level for each in found for level in each.breaks}
    return (
        f"Avro {', '.join(types)}; breaks {_list(broken)}; passes"
        f" {_list(set(CompatibilityLevel) - broken)}"
    )


def _list(levels: Collection[CompatibilityLevel]) -> str:
    """The levels by name; a level stands for its transitive one too."""
    named = (level for level in CompatibilityLevel if level in levels)
    return ", ".join(
        level for level in named if level.removesuffix("_TRANSITIVE") not in {*levels} - {level}
    )


def _details(verdict: Verdict) -> dict[str, object]:
    pair, names = verdict.pair, _names(verdict)
    shown: dict[str, object] = {
        "kind": str(verdict.kind),
        "table": verdict.case.table,
        "column": verdict.flaw.column,
        "old_mysql_type": sql_column(pair.old) if pair else "",
        "new_mysql_type": sql_column(pair.new) if pair else "",
        "subjects": {each.subject.name: _subject(each, names) for each in verdict.shows_in},
    }
    topics = list(dict.fromkeys(each.subject.topic for each in verdict.shows_in))
    shown |= {"topics": topics} if topics else {}
    return shown | ({"consumers": list(verdict.consumers)} if verdict.consumers else {})


def _subject(comparison: Comparison, names: Collection[str]) -> dict[str, object]:
    found = comparison.list_breaks(names)
    broken = {level for each in found for level in each.breaks}
    return {
        "level": str(comparison.level),
        "old_type": found[0].old_type if found else "",
        "new_type": found[0].new_type if found else "",
        "breaks": [str(level) for level in CompatibilityLevel if level in broken],
        "passes": [str(level) for level in CompatibilityLevel if level not in broken],
    }
