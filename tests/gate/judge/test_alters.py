"""The verdicts on ALTERs whose schemas were captured from Debezium."""

import gzip
import json

import pytest

from tests.conftest import REPOSITORY
from tests.gate.checks import check_text, without_operations

LINES = gzip.decompress((REPOSITORY / "tests/fixtures/alters.jsonl.gz").read_bytes()).splitlines()
ALTERS = {entry["name"]: entry for entry in map(json.loads, LINES)}

# Code, severity, and in which direction the envelope breaks: B(ackward), F(orward).
VERDICTS = {
    "add nullable col": None,
    "add NOT NULL no default (varchar)": ("added-without-default", "error", "B"),
    "add nullable DEFAULT 'x'": None,
    "drop nullable col": ("column-dropped", "error", ""),
    "rename nullable col": ("column-renamed", "error", ""),
    "NULL -> NOT NULL": ("became-not-nullable", "error", "B"),
    "NOT NULL -> NULL": ("became-nullable", "error", "F"),
    "set default on nullable": None,
    "INT -> BIGINT": ("type-widened", "error", "F"),
    "TINYINT -> INT": None,
    "FLOAT -> DOUBLE": ("type-widened", "error", "F"),
    "DECIMAL(10,2) -> DECIMAL(12,2)": None,
    "DECIMAL(10,8) -> DECIMAL(11,8)": None,
    "VARCHAR(10) -> VARCHAR(20)": None,
    "VARCHAR -> TEXT": None,
    "VARCHAR -> JSON": ("string-json", "error", ""),
    "DATETIME -> DATETIME(3)": None,
    "DATETIME -> TIMESTAMP": ("datetime-timestamp", "error", "BF"),
    "ENUM append value": None,
    "ENUM reorder": ("enum-reordered", "note", ""),
    "reorder column": None,
    "rename table": ("table-renamed", "error", ""),
    "charset change": ("charset-loss", "warning", ""),
    "add comment": None,
}


@pytest.mark.parametrize("name", ALTERS)
def test_each_alter_has_the_verdict_that_was_measured(tmp_path, name):
    """What registries see break, what they miss, and nothing at all where nothing is wrong."""
    entry = ALTERS[name]
    found = without_operations(check_text(tmp_path, entry["create"], entry["alter"]))
    shown = [(each.code, str(each.severity), _broken(each.details["subjects"])) for each in found]
    expected = VERDICTS[name]
    assert shown == ([] if expected is None else [expected])


def _broken(subjects: dict[str, dict]) -> str:
    broken = {level for each in subjects.values() for level in each["breaks"]}
    return "".join(level[0] for level in ("BACKWARD", "FORWARD") if level in broken)


# More of the measured list, by the same words.
MORE = {
    "DATETIME(3)->(6)": ("a DATETIME(3)", "MODIFY a DATETIME(6)", "time-unit", ""),
    "DECIMAL(10,2)->(10,4)": ("a DECIMAL(10,2)", "MODIFY a DECIMAL(10,4)", "decimal-scale", ""),
    "VARCHAR->VARBINARY": ("a VARCHAR(9)", "MODIFY a VARBINARY(9)", "string-bytes", ""),
    "VARCHAR->DECIMAL": ("a VARCHAR(9)", "MODIFY a DECIMAL(9,2)", "meaning-changed", ""),
    "DATETIME->BIGINT": ("a DATETIME", "MODIFY a BIGINT", "meaning-changed", ""),
    "INT->TIME": ("a INT", "MODIFY a TIME", "meaning-changed", "F"),
    "ENUM->VARCHAR": ("a ENUM('x')", "MODIFY a VARCHAR(9)", None, ""),
    "YEAR->INT": ("a YEAR", "MODIFY a INT", None, ""),
    "ENUM remove": ("a ENUM('x','y')", "MODIFY a ENUM('x')", "enum-member-removed", ""),
    "DATE->DATETIME": ("a DATE", "MODIFY a DATETIME", "date-datetime", "F"),
    "INT->INT UNSIGNED": ("a INT", "MODIFY a INT UNSIGNED", "sign-changed", "F"),
    "drop NOT NULL column": ("a INT NOT NULL, b INT", "DROP a", "column-dropped", "F"),
    "rename NOT NULL column": ("a INT NOT NULL", "RENAME COLUMN a TO b", "column-renamed", "BF"),
    "FLOAT->DECIMAL": ("a FLOAT", "MODIFY a DECIMAL(8,2)", "type-changed", "BF"),
    "TINYINT(1)->BOOL": ("a TINYINT(1)", "MODIFY a BOOL", "boolean-flips", "BF"),
    "BIGINT->INT": ("a BIGINT", "MODIFY a INT", "type-narrowed", "B"),
    "drop PK": ("a INT", "DROP PRIMARY KEY", "primary-key-dropped", ""),
    "PK column change": (
        "a INT NOT NULL",
        "DROP PRIMARY KEY, ADD PRIMARY KEY (a)",
        "primary-key-changed",
        "BF",
    ),
    "add TIMESTAMP DEFAULT CURRENT_TIMESTAMP": (
        "a INT",
        "ADD b TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "epoch-default",
        "",
    ),
}


@pytest.mark.parametrize("name", MORE)
def test_the_rest_of_the_measured_list(tmp_path, name):
    """The same for ALTERs that were measured and not captured, and for their relatives."""
    columns, action, code, broken = MORE[name]
    base = f"CREATE TABLE t (id INT PRIMARY KEY, {columns})"
    found = without_operations(check_text(tmp_path, base, f"ALTER TABLE t {action}"))
    shown = [(each.code, _broken(each.details["subjects"])) for each in found]
    assert shown == ([(code, broken)] if code else [])
