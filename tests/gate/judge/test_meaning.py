"""No change of what a governed column means goes unreported, whatever type it had."""

from itertools import permutations

import pytest

from cdc.findings import Severity
from cdc.gate import Forecaster
from cdc.privacy.policy import load_policies
from registry.derive.ddl import Catalogue, read_source
from registry.derive.types import Canonical
from tests.gate.checks import CONNECTOR, check_text, without_operations

HOW = CONNECTOR | {
    "column.propagate.source.type": ".*",
    "time.precision.mode": "microseconds",
}
TYPES = (
    *("TINYINT(1)", "TINYINT", "INT", "INT UNSIGNED", "BIGINT", "BIGINT UNSIGNED", "YEAR"),
    *("FLOAT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(12,2)", "DECIMAL(12,4)", "BIT(1)", "BIT(9)"),
    *("VARCHAR(20)", "TEXT", "ENUM('a','b')", "SET('a','b')", "JSON", "VARBINARY(20)", "BLOB"),
    *(
        "DATE",
        "TIME",
        "DATETIME",
        "DATETIME(6)",
        "TIMESTAMP NULL",
        "POINT",
        "GEOMETRY",
        "VECTOR(3)",
    ),
)
POLICY = """
table: shop.t
columns:
  id: {class: public, rule: keep}
  c: {class: public, rule: keep}
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory):
    """All of a table with one column leaves."""
    folder = tmp_path_factory.mktemp("policies")
    (folder / "shop.t.yaml").write_text(POLICY)
    return folder


def _governed(policies, kind: str) -> Canonical:
    catalogue = Catalogue(database="shop")
    list(catalogue.run(read_source("f", _table(kind).encode())))
    forecaster = Forecaster(HOW, load_policies(policies), "governed")
    plan = forecaster.shape(catalogue.tables["shop.t"]).plan
    return next(column.governed.type for column in plan.columns if column.source == "c")


def _table(kind: str) -> str:
    return f"CREATE TABLE t (id INT PRIMARY KEY, c {kind})"


def _keeps(old: Canonical, new: Canonical) -> bool:
    """The same kind of value; a decimal may have more digits before its point."""
    if old.kind == new.kind == "decimal":
        return old.scale == new.scale and old.precision <= new.precision
    return old == new


@pytest.mark.parametrize("old", TYPES)
def test_every_change_of_type_that_readers_would_misread_is_an_error(tmp_path, policies, old):
    """From each type to each other one: it fails where the governed type changes, nowhere else."""
    types = {kind: _governed(policies, kind) for kind in TYPES}
    for new in (new for first, new in permutations(TYPES, 2) if first == old):
        sql = f"ALTER TABLE t MODIFY COLUMN c {new}"
        found = check_text(tmp_path, _table(old), sql, connector=HOW, policies=policies)
        errors = [each for each in found if each.severity is Severity.ERROR]
        shown = [
            each.code
            for each in without_operations(errors)
            if "governed.shop.t.v1" in each.details.get("topics", ())
        ]
        assert bool(shown) != _keeps(types[old], types[new]), f"{old} -> {new}: {shown}"
