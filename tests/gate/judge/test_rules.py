"""Each rule hits its fixture and not the near miss; a fixture and a page for each rule."""

from pathlib import Path

import pytest

from cdc.gate import RULES
from tests.conftest import REPOSITORY
from tests.gate.checks import check_files

FIXTURES = REPOSITORY / "tests/fixtures/gate"


def _codes(folder: Path, file: str) -> dict[str, int]:
    policies = folder / "policies"
    report = check_files(
        folder / "base.sql", folder / file, policies=policies if policies.is_dir() else None
    )
    return {each.code: each.location.line for each in report.findings if each.location}


@pytest.mark.parametrize("code", RULES)
def test_a_rule_hits_its_migration_at_its_line(code):
    """And no other rule of its kind calls the same thing by another name."""
    assert _codes(FIXTURES / code, "migration.sql").get(code) == 1


@pytest.mark.parametrize("code", RULES)
def test_a_rule_lets_the_near_miss_pass(code):
    """What looks like it and hurts nobody is not reported under it."""
    assert code not in _codes(FIXTURES / code, "near_miss.sql")


def test_fixtures_and_pages_are_those_of_the_rules():
    """A new rule cannot come without its fixture and its page, nor an old one leave them behind."""
    pages = {page.stem for page in (REPOSITORY / "docs/checks").glob("*.md")}
    assert {folder.name for folder in FIXTURES.iterdir()} == set(RULES) == pages
