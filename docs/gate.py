"""The rules of `cdc check`: a table, and a page for each from its own fixture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import BaseModel

from cdc.findings import Finding
from cdc.gate import RULES, Sql, Terms, check_migrations, read_steps
from cdc.gate.consumers import Consumer
from cdc.gate.waiver_file import Entry
from cdc.privacy.policy import load_policies
from docs.markdown import code, describe, table
from registry.model import CompatibilityLevel

FIXTURES = Path(__file__).parent.parent / "tests/fixtures/gate"


def describe_checks() -> str:
    """Every rule: code with a link to its page, kind, severity, what it means."""
    return table(
        ["rule", "kind", "severity", "what it means"],
        (
            [f"[{rule.code}](checks/{rule.code}.md)", rule.kind, str(rule.severity), rule.says]
            for rule in RULES.values()
        ),
    )


def describe_check(rule_code: str) -> str:
    """A rule's page: the problem, SQL that has it, what to write instead."""
    rule = RULES[rule_code]
    parts = [
        f"{rule.says[0].upper()}{rule.says[1:]}. Kind: {rule.kind}. Severity: {rule.severity}.",
        f"## Problem\n\n{rule.problem}",
        f"## Instead of\n\n{_sql(_example(rule_code))}",
        f"## Use\n\n{rule.remedy[0].upper()}{rule.remedy[1:]}.",
    ]
    rewrite = _find(rule_code).rewrite
    return "\n\n".join([*parts, *([_sql(rewrite)] if rewrite else [])])


def _example(rule_code: str) -> str:
    base, migration = (
        (FIXTURES / rule_code / name).read_text().strip() for name in ("base.sql", "migration.sql")
    )
    return f"{base}\n\n{migration}"


def _sql(text: str) -> str:
    return f"```sql\n{text}\n```"


def _find(rule_code: str) -> Finding:
    """What the check says of a rule's own fixture."""
    folder = FIXTURES / rule_code
    policies = folder / "policies"
    report = check_migrations(
        {"topic.prefix": "mysql"},
        "governed",
        Sql(read_steps(folder / "base.sql"), read_steps(folder / "migration.sql")),
        Terms(
            FIXTURES,
            date.min,
            ("any",),
            CompatibilityLevel.FULL,
            policies=load_policies(policies) if policies.is_dir() else {},
        ),
    )
    return next(finding for finding in report.findings if finding.code == rule_code)


def describe_waivers() -> str:
    """The keys of an entry of `waivers.yaml`."""
    return _fields(Entry, tuple(Entry.model_fields))


def describe_consumers() -> str:
    """The keys of an entry of `consumers.yaml`."""
    return _fields(Consumer, tuple(Consumer.model_fields))


def _fields(model: type[BaseModel], names: Sequence[str]) -> str:
    rows = ([code(name), describe(model.model_fields[name])] for name in names)
    return table(["key", "what it is"], rows)
