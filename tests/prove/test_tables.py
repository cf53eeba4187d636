"""The canary tables: every type twice, every rule at work, marks in all that is declared."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from cdc.keys import Key
from cdc.privacy.plan import plan_table
from cdc.privacy.policy import parse_policy
from cdc.privacy.transforms import RULES_BY_NAME
from cdc.prove.markers import Ledger, Sort
from cdc.prove.tables import AVRO, JSON, OVERSIZE, TABLES, UNRULED, declare, slug, write_policy
from registry.derive.table import Column, Table
from registry.derive.types import LONG, MYSQL_TYPES, STRING, Canonical, canonical_of_mysql

KEYS = {"pii": Key("pii", 1, {1: bytes(32)})}
SIZES = {"DECIMAL": (30, 10), "BIT": (64, 0), "TINYINT(1)": (0, 0)}


def canonical(kind: str) -> Canonical | None:
    """What the type, as wide as the tables have it, becomes."""
    return canonical_of_mysql(kind, *SIZES.get(kind, (0, 0)))


def shape_of(name: str) -> Table:
    """The table as MySQL would show it."""
    sides = [
        Column(f"{slug(kind)}_{side}", canonical(kind), nullable=True, mysql_type=kind)
        for side in ("kept", "hidden")
        for kind in MYSQL_TYPES
    ]
    first = [Column("id", LONG, nullable=False), Column("code", STRING, nullable=False)]
    oversize = [Column(OVERSIZE, STRING, nullable=True)]
    place = [Column(it, Canonical("decimal", 17, 16), nullable=True) for it in ("lat", "lon")]
    return Table("pizzashop", name, (*first, *oversize, *place, *sides), ("id", "code"))


@pytest.mark.parametrize("table", [AVRO, JSON])
def test_every_rule_is_at_work_and_can_act(table):
    """The policy is planned, uses every rule there is, and keeps one column of each type."""
    policy = parse_policy(Path("p.yaml"), write_policy(table, shape_of(table.name), KEYS))
    plan = plan_table(shape_of(table.name), {policy.table: policy}, KEYS, "governed")
    rules = Counter(rule.rule for rule in policy.file.columns.values())
    assert set(rules) == set(RULES_BY_NAME)
    assert rules["keep"] == len(MYSQL_TYPES)
    assert plan.withheld == ()
    assert policy.file.columns[OVERSIZE].rule == "encrypt"


def test_the_two_tables_cover_both_formats_and_both_kinds_of_delete():
    """What is encoded differently is proven twice."""
    files = [json.loads(write_policy(t, shape_of(t.name), KEYS)) for t in (AVRO, JSON)]
    assert [file["format"] for file in files] == ["avro", "json"]
    assert [file.get("deletes", "tombstone") for file in files] == [
        "tombstone",
        "record_then_tombstone",
    ]
    assert UNRULED.file is None


@pytest.mark.parametrize("table", TABLES)
def test_marks_are_in_defaults_labels_and_comments(table):
    """Each in the declaration and in the ledger; a label that rows hold is a value."""
    ledger = Ledger()
    sql = declare(table, ledger, random.Random(1))
    for kind in MYSQL_TYPES:
        assert f"{slug(kind)}_kept " in sql
        assert f"{slug(kind)}_hidden " in sql
    kinds = Counter(marker.kind for marker in ledger)
    assert {"default", "comment", "table comment", "ENUM label", "SET label"} == set(kinds)
    assert kinds["ENUM label"] == 4
    assert all(any(needle.data in sql.encode() for needle in marker.needles) for marker in ledger)
    used = [marker.sort for marker in ledger if marker.kind == "ENUM label"]
    leaves = Sort.KEPT if table.file else Sort.HIDDEN
    assert sorted(used) == sorted([leaves, Sort.HIDDEN, Sort.SHAPE, Sort.SHAPE])
