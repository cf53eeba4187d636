"""Two schema files, and what changing one into the other would break."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cdc.errors import ConfigError
from cdc.findings import Check, Report
from cdc.schemas.candidates import Candidate, read_candidate
from cdc.schemas.judging import report_explanation
from registry.avro import Schema, parse_lenient, parse_strict
from registry.compatibility import EarlierVersion
from registry.compatibility.explain import explain
from registry.errors import InvalidSchemaError
from registry.model import CompatibilityLevel, VersionNumber


@dataclass(frozen=True, slots=True)
class Explained:
    """The report, and the new schema as it would pass (itself where it does), None without one."""

    report: Report
    passing_schema: str | None


def explain_files(old: Path, new: Path, level: CompatibilityLevel) -> Explained:
    """Explain what `new` breaks for `old` at a level.

    Raises:
        ConfigError: a file cannot be read, or is no Avro schema.
    """
    before, after = read_candidate(old, None), read_candidate(new, None)
    earlier = EarlierVersion(VersionNumber(1), _parse(before, is_new=False))
    schema = _parse(after, is_new=True)
    found = explain(schema, [earlier], level)
    findings = tuple(report_explanation(after, explanation) for explanation in found)
    report = Report("cdc schemas explain", (Check(f"{old.name} -> {new.name}", findings, level),))
    return Explained(report, found[0].passing_schema if found else schema.canonical)


def _parse(candidate: Candidate, *, is_new: bool) -> Schema:
    try:
        return parse_strict(candidate.text) if is_new else parse_lenient(candidate.text)
    except InvalidSchemaError as error:
        raise ConfigError(f"{candidate.file}: not a valid Avro schema: {error}") from None
