"""`check_migrations` with as few words as a test needs."""

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from cdc.findings import Finding, Report
from cdc.gate import Earlier, Sql, Terms, check_migrations, read_steps
from cdc.privacy.policy import load_policies
from registry.model import CompatibilityLevel

KINDS = ("breaking", "semantic", "privacy")
CONNECTOR = {"topic.prefix": "mysql"}


def check_files(
    base: Path,
    migrations: Path,
    *,
    policies: Path | None = None,
    connector: Mapping[str, str] = CONNECTOR,
    fail_on: Collection[str] = KINDS,
    level: CompatibilityLevel | None = None,
    earlier: Earlier | None = None,
    **terms: object,
) -> Report:
    """A report on files; raw topics are held to FULL where there are no policies."""
    default = CompatibilityLevel.NONE if policies else CompatibilityLevel.FULL
    return check_migrations(
        connector,
        "governed",
        Sql(read_steps(base), read_steps(migrations), database="shop"),
        Terms(
            migrations.parent,
            date(2026, 6, 1),
            fail_on,
            level or default,
            policies=load_policies(policies) if policies else {},
            **terms,
        ),
        earlier=earlier,
    )


def check_text(folder: Path, base: str, migration: str, **how: object) -> list[Finding]:
    """The findings of a migration on a base."""
    folder.mkdir(exist_ok=True)
    (folder / "base.sql").write_text(base)
    (folder / "migration.sql").write_text(migration)
    return list(check_files(folder / "base.sql", folder / "migration.sql", **how).findings)


def without_operations(findings: list[Finding]) -> list[Finding]:
    """Those about readers and people."""
    return [each for each in findings if each.details.get("kind") != "operations"]
