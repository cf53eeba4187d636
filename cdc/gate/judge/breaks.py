"""Rules for what registries see: a row for each way in which Avro schemas break.

The compatibility engine finds these; a row here says them and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cdc.findings import Severity
from cdc.gate.judge import rewrites
from cdc.gate.judge.cases import Case
from cdc.gate.judge.rule import Flaw, Kind, Rewrite, Rule
from registry.compatibility.explain import Change

OTHER = "schema-changed"


def _nothing(_case: Case) -> Iterator[Flaw]:
    yield from ()


def _row(code: str, says: str, problem: str, remedy: str, rewrite: Rewrite) -> Rule:
    return Rule(str(code), Kind.BREAKING, Severity.ERROR, says, problem, remedy, _nothing, rewrite)


_BESIDE = "add a second column of the new type, fill both, drop the old one later"

BREAKS: Mapping[str, Rule] = {
    rule.code: rule
    for rule in (
        _row(
            Change.ADDED,
            "a new column is NOT NULL and has no default",
            "A reader with the new schema finds no such field in old records and has no default for"
            " it: every record from before fails.",
            "add it nullable, or with a constant default",
            rewrites.add_nullable,
        ),
        _row(
            Change.REQUIRED,
            "a column becomes NOT NULL",
            "A reader with the new schema takes no null, and old records may hold one.",
            "let MySQL refuse NULL by a CHECK; the schema stays",
            rewrites.check_not_null,
        ),
        _row(
            Change.NULLABLE,
            "a column becomes nullable",
            "A reader with the old schema takes no null, and new records may hold one.",
            "add a second column that may be NULL, or upgrade every reader first",
            rewrites.keep_not_null,
        ),
        _row(
            Change.WIDENED,
            "a column has a wider type",
            "A reader with the old schema takes the narrow type and gets the wide one: it fails at"
            " the first new record.",
            _BESIDE,
            rewrites.beside,
        ),
        _row(
            Change.NARROWED,
            "a column has a narrower type",
            "A reader with the new schema takes the narrow type and gets the wide one from old"
            " records; values that do not fit make the statement fail.",
            _BESIDE,
            rewrites.beside,
        ),
        _row(
            Change.RETYPED,
            "a column has another type",
            "Readers of either side fail at the other side's records.",
            _BESIDE,
            rewrites.beside,
        ),
        _row(
            OTHER,
            "a column's schema changes in another way",
            "Readers of one side fail at the other side's records.",
            _BESIDE,
            rewrites.beside,
        ),
    )
}
