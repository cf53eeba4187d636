"""What a finding proposes is itself SQL that passes, up to its last step."""

import pytest

from cdc.findings import Severity
from cdc.gate import RULES
from tests.conftest import REPOSITORY
from tests.gate.checks import check_files, check_text

FIXTURES = REPOSITORY / "tests/fixtures/gate"
LAST_STEP = "-- contract"


def _rewrite(code: str) -> str:
    folder = FIXTURES / code
    policies = folder / "policies"
    report = check_files(
        folder / "base.sql",
        folder / "migration.sql",
        policies=policies if policies.is_dir() else None,
    )
    return next(each.rewrite for each in report.findings if each.code == code)


@pytest.mark.parametrize("code", RULES)
def test_the_first_steps_of_a_rewrite_break_nobody(tmp_path, code):
    """They run on the same base and have no error of their own; the whole of it can be read."""
    base = (FIXTURES / code / "base.sql").read_text()
    rewrite = _rewrite(code)
    found = check_text(tmp_path / "first", base, rewrite.partition(LAST_STEP)[0])
    assert [each.code for each in found if each.severity is Severity.ERROR] == []
    check_text(tmp_path / "whole", base, rewrite)


def test_most_rules_have_one():
    """Those without are about what SQL cannot mend."""
    without = {code for code in RULES if not _rewrite(code)}
    assert without == {
        "length-shortened",
        "boolean-flips",
        "charset-loss",
        "table-dropped",
        "column-unclassified",
        "table-unclassified",
        "rule-refused",
        "policy-outdated",
        "masked-widened",
        "table-copied",
        "table-rebuilt",
        "algorithm-refused",
    }


def test_names_and_attributes_survive(tmp_path):
    """Quoted names stay quoted, NOT NULL and default stay with an ENUM."""
    base = (
        "CREATE TABLE shop.`my orders` (id INT PRIMARY KEY, e ENUM('a','b') NOT NULL DEFAULT 'a')"
    )
    sql = "ALTER TABLE shop.`my orders` MODIFY e ENUM('a') NOT NULL DEFAULT 'a'"
    connector = {"topic.prefix": "mysql", "schema.name.adjustment.mode": "avro"}
    found = check_text(tmp_path, base, sql, connector=connector)
    (rewrite,) = (each.rewrite for each in found if each.code == "enum-member-removed")
    assert rewrite == (
        "ALTER TABLE shop.`my orders` MODIFY COLUMN e ENUM('a','b') NOT NULL DEFAULT 'a';"
    )
