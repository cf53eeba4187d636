"""Which column and which piece of SQL a statement is about."""

import pytest

from tests.gate.checks import CONNECTOR, check_text, without_operations

BASE = "CREATE TABLE a (id INT PRIMARY KEY, a INT, `d` ENUM('x','y'))"
ODD = "CREATE TABLE a (id INT PRIMARY KEY, `b c` DATETIME(3))"


@pytest.mark.parametrize(
    ("sql", "underlined"),
    [
        ("ALTER TABLE a DROP COLUMN a", "a"),
        ("ALTER TABLE a RENAME COLUMN a TO z", "z"),
        ("ALTER TABLE a CHANGE a z INT NULL, ADD q INT", "z INT NULL"),
        ("ALTER TABLE a ADD q INT, MODIFY a BIGINT", "a BIGINT"),
        ("/* a */ DROP TABLE `a`", "`a`"),
        ("ALTER TABLE a MODIFY `d` ENUM('x') COMMENT 'a'", "`d` ENUM('x') COMMENT 'a'"),
    ],
)
def test_the_sql_that_a_finding_is_about(tmp_path, sql, underlined):
    """From its first to its last character, though names repeat."""
    (found,) = without_operations(check_text(tmp_path, BASE, sql))
    place = found.location
    assert found.excerpt[place.column - 1 : place.end_column - 1] == underlined


def test_names_that_avro_cannot_take_are_followed(tmp_path):
    """With adjusted names the column is still the one of MySQL."""
    connector = CONNECTOR | {"field.name.adjustment.mode": "avro"}
    sql = "ALTER TABLE a MODIFY `b c` DATETIME(6)"
    (found,) = without_operations(check_text(tmp_path, ODD, sql, connector=connector))
    assert (found.code, found.subject) == ("time-unit", "shop.a.b c")
    sql = "ALTER TABLE a MODIFY `b c` DATETIME(3) NOT NULL"
    (found,) = without_operations(check_text(tmp_path, ODD, sql, connector=connector))
    assert (found.code, found.subject) == ("became-not-nullable", "shop.a.b c")


def test_the_connector_s_own_key_counts(tmp_path):
    """With `message.key.columns` the primary key may go."""
    connector = CONNECTOR | {"message.key.columns": "shop.a:a"}
    sql = "ALTER TABLE a DROP PRIMARY KEY"
    assert without_operations(check_text(tmp_path, BASE, sql, connector=connector)) == []


def test_columns_and_tables_that_are_left_out_hurt_nobody(tmp_path):
    """What is in no topic is not reported."""
    sql = "ALTER TABLE a MODIFY a BIGINT"
    lists = {"column.exclude.list": "shop.a.a", "table.include.list": "shop.x"}
    for name, value in lists.items():
        assert (
            without_operations(check_text(tmp_path, BASE, sql, connector=CONNECTOR | {name: value}))
            == []
        )


def test_a_table_that_is_left_out_may_have_any_names(tmp_path):
    """What the connector never sees cannot make it fail."""
    connector = CONNECTOR | {"table.include.list": "shop.x"}
    sql = "ALTER TABLE a ADD COLUMN `d e` INT"
    assert without_operations(check_text(tmp_path, ODD, sql, connector=connector)) == []


def test_a_microsecond_connector_has_one_unit(tmp_path):
    """With `time.precision.mode=microseconds` DATETIME(3) to (6) is no change."""
    connector = CONNECTOR | {"time.precision.mode": "microseconds"}
    base = "CREATE TABLE a (id INT PRIMARY KEY, b DATETIME(3))"
    sql = "ALTER TABLE a MODIFY b DATETIME(6)"
    assert without_operations(check_text(tmp_path, base, sql, connector=connector)) == []


def test_converters_that_keep_null_are_no_trap(tmp_path):
    """Either converter's setting ends the finding."""
    base = "CREATE TABLE a (id INT PRIMARY KEY, b INT NOT NULL DEFAULT 1)"
    sql = "ALTER TABLE a MODIFY b INT NULL DEFAULT 1"
    json_ = {
        "value.converter": "x.JsonConverter",
        "value.converter.replace.null.with.default": "false",
    }
    for how in ({"value.converter.ignore.default.for.nullables": "true"}, json_):
        codes = {each.code for each in check_text(tmp_path, base, sql, connector=CONNECTOR | how)}
        assert "null-becomes-default" not in codes
    assert "null-becomes-default" in {each.code for each in check_text(tmp_path, base, sql)}
