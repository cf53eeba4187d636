"""`cdc schemas lock`: what is written, what is stale, and that the committed files are not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cdc.evolution.lock import LockFolder
from cdc.privacy.policy import Policy, load_policies, parse_policy
from cdc.schemas import Locker, report_lock, write_lock
from registry.derive.from_debezium import table_from_connect
from registry.derive.table import Column, Table
from registry.derive.types import DOUBLE, FLOAT, LONG
from tests.builders import PRODUCTS, USERS, RawTopic

TABLE = "shop.t"


def _table(*columns: Column, key: tuple[str, ...] = ("id",)) -> Table:
    return Table("shop", "t", columns, key)


ID = Column("id", LONG, nullable=False)
PRICE = Column("price", FLOAT, nullable=True)
DOUBLE_PRICE = Column("price", DOUBLE, nullable=True)


def _policy(on_breaking: str = "stop", **more: object) -> Policy:
    rule = {"class": "public", "rule": "keep"}
    columns = {"id": rule, "price": rule, "note": rule}
    text = json.dumps({"table": TABLE, "on_breaking": on_breaking, "columns": columns, **more})
    return parse_policy(Path("shop.t.yaml"), text)


def _lock(folder: Path, policy: Policy, table: Table | None) -> tuple[list[str], list[str]]:
    """Compare and write: names of the files written, codes of the flaws."""
    locks = Locker({TABLE: policy}, "governed", LockFolder(folder)).compare({TABLE: table})
    flaws = [flaw.code for lock in locks for flaw in lock.flaws]
    return sorted(path.name for path in write_lock(locks)), flaws


def test_the_committed_lock_is_in_step():
    """Policies and the pizza shop's tables give exactly the files in schemas/."""
    topics = (
        RawTopic("mysql.pizzashop.users", USERS),
        RawTopic("mysql.pizzashop.products", PRODUCTS),
    )
    tables = {}
    for topic in topics:
        shape = topic.json_envelope_schema()
        table = table_from_connect(topic.topic, {"fields": [{"field": "id"}]}, shape).table
        tables[table.qualified] = table
    policies = load_policies(Path("schemas/policies"))
    locks = Locker(policies, "governed", LockFolder(Path("schemas"))).compare(tables)
    assert list(report_lock(locks).findings) == []


def test_key_and_value_are_written_once(tmp_path):
    """The first run writes both files, the second finds nothing to do."""
    names = ["governed.shop.t.v1-key.avsc", "governed.shop.t.v1-value.avsc"]
    assert _lock(tmp_path, _policy(), _table(ID, PRICE)) == (names, [])
    assert _lock(tmp_path, _policy(), _table(ID, PRICE)) == ([], [])


def test_a_new_column_makes_the_value_stale(tmp_path):
    """The finding names the file; nothing is written by comparing."""
    _lock(tmp_path, _policy(), _table(ID, PRICE))
    wider = _table(ID, PRICE, Column("note", LONG, nullable=True))
    locker = Locker({TABLE: _policy()}, "governed", LockFolder(tmp_path))
    (finding,) = report_lock(locker.compare({TABLE: wider})).findings
    assert finding.code == "lock-stale"
    assert finding.location.file == str(tmp_path / "governed.shop.t.v1-value.avsc")


@pytest.mark.parametrize(
    "table",
    [
        _table(ID, DOUBLE_PRICE),
        _table(ID, replace(PRICE, nullable=False), key=("id", "price")),
    ],
    ids=["type", "key"],
)
def test_a_break_is_locked_as_the_next_major_where_the_policy_says_so(tmp_path, table):
    """`stop` is a finding and leaves the files; `new_major` writes v2 beside v1."""
    _lock(tmp_path, _policy(), _table(ID, PRICE))
    before = {path: path.read_text() for path in tmp_path.iterdir()}
    assert _lock(tmp_path, _policy(), table) == ([], ["breaking-schema"])
    names = ["governed.shop.t.v2-key.avsc", "governed.shop.t.v2-value.avsc"]
    assert _lock(tmp_path, _policy("new_major"), table) == (names, [])
    assert {path: path.read_text() for path in before} == before
    assert _lock(tmp_path, _policy("new_major"), table) == ([], [])


def test_what_cannot_be_planned_is_a_flaw(tmp_path):
    """A table that is not there, or has no key, is said; others are written."""
    assert _lock(tmp_path, _policy(), None) == ([], ["no-table"])
    assert _lock(tmp_path, _policy(), _table(ID, PRICE, key=())) == ([], ["no-key"])


@pytest.mark.stack
def test_live_tables_give_the_committed_lock(stack):
    """Read from MySQL, the pizza shop's tables are what the lock says; a changed folder is not."""
    assert stack.run("schemas", "lock", "--check", check=False).returncode == 0
    stale = stack.run(
        "schemas", "lock", "--check", check=False, extra={"CDC_POLICIES__LOCK": str(stack.root)}
    )
    assert stale.returncode == 1
    assert "governed.pizzashop.users.v1-value.avsc" in stale.stdout
