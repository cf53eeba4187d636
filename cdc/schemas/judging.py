"""Compares candidates with their histories and words what is wrong as findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.findings import Check, Finding, Report
from cdc.schemas.candidates import Candidate
from cdc.schemas.histories import Histories, History
from cdc.schemas.lines import find_line, locate
from registry.avro import parse_strict
from registry.compatibility.explain import Explanation, explain
from registry.errors import InvalidSchemaError
from registry.model import CompatibilityLevel

Tick = Callable[[int, int], None]


def check_candidates(
    candidates: Sequence[Candidate],
    histories: Histories,
    level: CompatibilityLevel | None,
    tick: Tick,
) -> Report:
    """Judge all candidates; `level` replaces those of the subjects.

    Raises:
        ConfigError, Unreachable: the histories cannot be had.
    """
    checks = []
    for done, candidate in enumerate(candidates):
        tick(done, len(candidates))
        history = histories.find(candidate)
        checks.append(judge(candidate, history, level or history.level))
    tick(len(candidates), len(candidates))
    return Report("cdc schemas check", tuple(checks))


def judge(candidate: Candidate, history: History, level: CompatibilityLevel) -> Check:
    """Return what keeps a candidate from following its history."""
    try:
        schema = parse_strict(candidate.text)
    except InvalidSchemaError as error:
        return Check(candidate.subject, (_report_invalid(candidate, error),), str(level))
    found = explain(schema, history.versions, level)
    findings = tuple(report_explanation(candidate, explanation) for explanation in found)
    return Check(candidate.subject, findings, _describe(history, level))


def _describe(history: History, level: CompatibilityLevel) -> str:
    if not history.versions:
        return "not there yet"
    asked = len(history.versions) if level.is_transitive else 1
    return f"{level}, {'1 version' if asked == 1 else f'{asked} versions'} compared"


def _report_invalid(candidate: Candidate, error: InvalidSchemaError) -> Finding:
    return Finding(
        code="invalid-schema",
        title="not a valid Avro schema",
        message=str(error),
        remedy="mend the schema; avro.apache.org/docs has the rules",
        location=locate(candidate.file, 1),
        subject=candidate.subject,
    )


def report_explanation(candidate: Candidate, explanation: Explanation) -> Finding:
    """Return an explanation as a finding at the field's line."""
    shown = explanation.as_json()
    kept = ("path", "old_type", "new_type", "breaks", "passes", "passing_schema")
    names = {"breaks": "levels broken", "passes": "levels passed"}
    return Finding(
        code=explanation.change,
        title=explanation.title,
        message="\n".join(explanation.reasons),
        remedy=explanation.remedy,
        location=locate(candidate.file, find_line(candidate.text, explanation.place)),
        subject=candidate.subject,
        versions=explanation.versions,
        details={names.get(key, key): shown[key] for key in kept},
    )
