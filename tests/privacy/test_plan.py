"""A policy bound to a table: fail closed."""

from pathlib import Path

import pytest

from cdc.errors import ConfigError, TableStopped
from cdc.privacy.plan import plan_table, require_keys
from cdc.privacy.policy import parse_policy
from registry.derive.table import Column, Table
from registry.derive.types import DATE, LONG, STRING
from tests.builders import KEYS

TABLE = Table(
    "shop",
    "t",
    (
        Column("id", LONG, nullable=False),
        Column("a", STRING, nullable=True),
        Column("on", DATE, nullable=True),
        Column("odd", None, nullable=True, mysql_type="GEOMETRY"),
    ),
    ("id",),
)
ID = "  id: {class: public, rule: keep}\n"
SHIFTED = "  on: {{class: quasi, rule: date_shift, subject: {}, key: pii, type: x, days: 9}}\n"


def _plan(columns: str, table: Table = TABLE):
    policy = parse_policy(Path("p.yaml"), f"table: shop.t\ncolumns:\n{columns}")
    return plan_table(table, {"shop.t": policy}, KEYS, "governed")


def _stop(columns: str, table: Table = TABLE) -> TableStopped:
    with pytest.raises(TableStopped) as caught:
        _plan(columns, table)
    return caught.value


def test_column_without_rule_is_withheld_and_named():
    """What the policy does not name does not leave, whatever its type."""
    made = _plan(ID)
    assert [c.source for c in made.columns] == ["id"]
    assert made.withheld == ("a", "on", "odd")


def test_dropped_column_may_be_of_any_type():
    """`drop` is the way out for a type that has no canonical form."""
    made = _plan(ID + "  odd: {class: public, rule: drop}\n")
    assert made.withheld == ("a", "on")


@pytest.mark.parametrize(
    ("columns", "code", "text"),
    [
        (ID + "  odd: {class: public, rule: keep}\n", "unsupported_type", "shop.t.odd: type GEOM"),
        ("  a: {class: public, rule: keep}\n", "no_key", "key column id does not leave"),
        ("  id: {class: public, rule: drop}\n", "no_key", "key column id does not leave"),
        (
            "  id: {class: quasi, rule: lookup, values: {a: b}}\n",
            "refused_rule",
            "on a key column could make two rows one",
        ),
        (ID + "  a: {class: quasi, rule: grid, cell: 1}\n", "refused_rule", "acts on decimals"),
        (ID + "  a: {class: public, rule: keep, as: id}\n", "refused_rule", "called id"),
        (ID + SHIFTED.format("nope"), "refused_rule", "needs column `nope`, which is not in"),
        (ID + SHIFTED.format("odd"), "refused_rule", "needs column `odd`, which has no canonical"),
    ],
)
def test_what_cannot_be_kept_stops_the_table(columns, code, text):
    """Each impossible policy stops the table with its code, naming the column."""
    stopped = _stop(columns)
    assert stopped.code == code
    assert text in stopped.message


def test_a_needed_column_is_read_and_does_not_leave_for_it():
    """The plan says what the rule reads; only columns with a rule of their own leave."""
    made = _plan(ID + SHIFTED.format("a"))
    assert [(c.source, c.reads) for c in made.columns] == [("id", ("id",)), ("on", ("on", "a"))]
    assert "a" in made.withheld


def test_no_policy_and_no_key_stop_the_table():
    """Without a policy or without a key nothing is made up."""
    with pytest.raises(TableStopped) as caught:
        plan_table(TABLE, {}, KEYS, "governed")
    assert caught.value.code == "no_policy"
    assert _stop(ID, Table("shop", "t", TABLE.columns, ())).code == "no_key"


def test_a_key_that_a_policy_names_must_be_there():
    """One line with the place and the next step, before anything starts."""
    text = f"table: shop.t\ncolumns:\n{ID}  a: {{class: quasi, rule: token, key: crm, type: a}}\n"
    policy = parse_policy(Path("p.yaml"), text)
    with pytest.raises(ConfigError) as caught:
        require_keys({"shop.t": policy}, KEYS)
    assert caught.value.message == (
        "p.yaml:4: shop.t.a: rule `token` needs key `crm`; known keys: pii"
    )
    assert caught.value.hint == "cdc policies keys generate crm"
    require_keys({"shop.t": policy}, {**KEYS, "crm": KEYS["pii"]})
