"""`cdc schemas forecast`, and a first policy from SQL, as a user calls them."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdc.cli import cdc
from cdc.errors import ConfigError
from cdc.gate import Forecaster, read_sql_tables, read_steps
from cdc.policies import write_first_policy
from tests.conftest import REPOSITORY

SHOP = {"topic.prefix": "mysql", "column.propagate.source.type": ".*"}


def run(*words: object) -> Result:
    """`cdc …` in this process."""
    return CliRunner().invoke(cdc, [*map(str, words)], standalone_mode=False)


def foresee(folder: Path, base: str, *migrations: str, **config: str) -> list[dict]:
    """The forecast of a base and of migrations, called by their numbers."""
    (folder / "base.sql").write_text(base)
    steps = folder / "migrations"
    steps.mkdir()
    for number, text in enumerate(migrations, 1):
        (steps / f"{number}.sql").write_text(text)
    forecaster = Forecaster({**SHOP, **config}, {}, "governed")
    read = read_steps(steps) if migrations else []
    return [each.as_json() for each in forecaster.run(read_steps(folder / "base.sql"), read)]


def test_the_shop_step_by_step() -> None:
    """The repository's own tables and migrations: an entry per table and step, as parsed JSON."""
    found = run(
        *("schemas", "forecast", "--format", "json"),
        *("--connector", REPOSITORY / "connectors/pizzashop.json"),
        *("--base", REPOSITORY / "mysql/bootstrap.sql"),
        *("--migrations", REPOSITORY / "mysql/migrations"),
        *("--policies", REPOSITORY / "schemas/policies"),
    )
    entries = {(each["table"], each["step"]): each for each in json.loads(found.stdout)}
    assert set(entries) == {
        ("pizzashop.users", "base"),
        ("pizzashop.products", "base"),
        ("headworks.signals", "base"),
        ("pizzashop.users", "001_users_add_phone.sql"),
        ("pizzashop.products", "002_products_price_to_decimal.sql"),
    }
    users = entries["pizzashop.users", "001_users_add_phone.sql"]
    row = users["value_schema"]["fields"][0]["type"][1]["fields"]
    assert [field["name"] for field in row][3:6] == ["email", "phone", "residence"]
    assert users["governed_schema"] == entries["pizzashop.users", "base"]["governed_schema"]
    signals = entries["headworks.signals", "base"]
    assert (signals["captured"], signals["governed_schema"]) == (False, None)


def test_text_says_what_changes() -> None:
    """A line per table and step."""
    found = run(
        *("schemas", "forecast", "--connector", REPOSITORY / "connectors/pizzashop.json"),
        *("--base", REPOSITORY / "mysql/bootstrap.sql"),
        *("--migrations", REPOSITORY / "mysql/migrations"),
    )
    assert "  pizzashop.products: key same, value changes, governed none" in found.stdout


def test_dropped_and_renamed_tables(tmp_path) -> None:
    """A table that is gone has an entry without schemas; its new name one with them."""
    entries = foresee(
        tmp_path,
        "CREATE TABLE s.t (a INT PRIMARY KEY); CREATE TABLE s.u (a INT);",
        "RENAME TABLE s.t TO s.v; INSERT INTO s.v VALUES (1);",
        "DROP TABLE s.u;",
    )
    shown = [(e["step"], e["table"], e["value_schema"] is not None) for e in entries]
    assert shown == [
        ("base", "s.t", True),
        ("base", "s.u", True),
        ("1.sql", "s.t", False),
        ("1.sql", "s.v", True),
        ("2.sql", "s.u", False),
    ]
    assert entries[1]["key_schema"] is None
    assert entries[3]["key_schema"]["namespace"] == "mysql.s.v"


def test_the_base_is_read_as_a_snapshot_reads_it(tmp_path) -> None:
    """BOOL is a number in the base, and a boolean once a migration says it."""
    sql = "CREATE TABLE s.t (a INT PRIMARY KEY, b BOOL)"
    base, changed = foresee(tmp_path, sql, "ALTER TABLE s.t MODIFY b BOOL")
    types = [
        e["value_schema"]["fields"][0]["type"][1]["fields"][1]["type"][1]["type"]
        for e in (base, changed)
    ]
    assert types == ["int", "boolean"]


def test_names_without_a_database_are_the_connectors(tmp_path) -> None:
    """With one database in its lists; else they are refused with their line."""
    sql = "CREATE TABLE t (a INT PRIMARY KEY)"
    (entry,) = foresee(tmp_path, sql, **{"table.include.list": "s.t,s.u"})
    assert entry["table"] == "s.t"
    forecaster = Forecaster(SHOP, {}, "governed")
    with pytest.raises(ConfigError, match=r"base\.sql:1: table t: no USE"):
        list(forecaster.run(read_steps(tmp_path / "base.sql"), []))


def test_a_policy_that_cannot_act_says_so(tmp_path) -> None:
    """The governed schema is null, and why the relay would stop is told."""
    (tmp_path / "b.sql").write_text("CREATE TABLE s.t (a INT, b TEXT)")
    (tmp_path / "p").mkdir()
    policy = "table: s.t\ncolumns:\n  a: {class: public, rule: keep}\n"
    (tmp_path / "p/s.t.yaml").write_text(policy)
    (tmp_path / "c.json").write_text(
        json.dumps({"name": "c", "config": {"connector.class": "x", "topic.prefix": "p"}})
    )
    found = run(
        *("schemas", "forecast", "--connector", tmp_path / "c.json", "--format", "json"),
        *("--base", tmp_path / "b.sql", "--policies", tmp_path / "p"),
    )
    (entry,) = json.loads(found.stdout)
    assert entry["governed_schema"] is None
    assert "no primary key" in entry["stopped"]


def test_init_reads_sql() -> None:
    """The policy of a table from a file is that of its shape; unknown tables are refused."""
    sql = REPOSITORY / "mysql/bootstrap.sql"
    tables = read_sql_tables(sql)
    found = run("policies", "init", "--sql", sql, "pizzashop.users", "pizzashop.products")
    texts = [write_first_policy(tables[f"pizzashop.{name}"]) for name in ("users", "products")]
    assert found.stdout == "---\n".join(texts)
    refused = run("policies", "init", "--sql", sql, "pizzashop.nothing")
    assert isinstance(refused.exception, ConfigError)


def test_five_hundred_tables_and_migrations_in_seconds(tmp_path) -> None:
    """The work for 1000 statements is a fraction of a second; the bound allows for a busy host."""
    columns = "".join(f"`c{n}` varchar(255) NOT NULL DEFAULT 'x' COMMENT 'y', " for n in range(12))
    base = "".join(
        f"CREATE TABLE s.t{n} (`id` bigint unsigned NOT NULL AUTO_INCREMENT, {columns}"
        "PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
        for n in range(500)
    )
    steps = [f"ALTER TABLE s.t{n} ADD COLUMN n INT NULL AFTER c3" for n in range(500)]
    started = time.process_time()
    assert len(foresee(tmp_path, base, *steps)) == 1000
    assert time.process_time() - started < 10
