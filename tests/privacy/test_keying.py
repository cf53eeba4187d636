"""Tables without a key, and what a policy may say of them."""

from pathlib import Path

import pytest

from cdc.errors import ConfigError, TableStopped
from cdc.privacy.plan import Plan, plan_table
from cdc.privacy.policy import parse_policy
from registry.derive.table import Column, Table
from registry.derive.types import LONG, STRING
from tests.builders import KEYS

LOG = Table(
    "shop",
    "log",
    (
        Column("who", LONG, nullable=True),
        Column("what", STRING, nullable=False),
        Column("note", STRING, nullable=True),
    ),
    (),
)
KEYED = Table("shop", "log", LOG.columns, ("who",))
COLUMNS = """\
columns:
  who: {class: identifier, rule: token, key: pii, type: user_id}
  what: {class: public, rule: keep}
"""


def _plan(options: str, table: Table = LOG, columns: str = COLUMNS) -> Plan:
    policy = parse_policy(Path("p.yaml"), f"table: shop.log\n{options}{columns}")
    return plan_table(table, {"shop.log": policy}, KEYS, "governed")


def _stop(options: str, table: Table = LOG, columns: str = COLUMNS) -> TableStopped:
    with pytest.raises(TableStopped) as caught:
        _plan(options, table, columns)
    return caught.value


def test_named_columns_are_the_key():
    """In the order of the table; the others are not part of it."""
    made = _plan("key: [what, who]\n")
    assert [column.source for column in made.key] == ["who", "what"]
    assert made.table.key == ("what", "who")
    assert not made.append_only


def test_append_only_has_no_key():
    """Every column is one of the value."""
    made = _plan("append_only: true\n")
    assert made.append_only
    assert made.key == ()
    assert len(made.columns) == 2


@pytest.mark.parametrize(
    ("options", "table", "code", "text"),
    [
        ("", LOG, "no_key", "the table has no primary key"),
        ("key: [who, id, at]\n", LOG, "no_key", "`key` names id, at: no such column"),
        ("key: [note]\n", LOG, "no_key", "key column note does not leave"),
        ("key: [who]\n", KEYED, "refused_rule", "`key` is for tables without a key"),
        ("append_only: true\n", KEYED, "refused_rule", "`append_only` is for tables without"),
        ("key: [who]\nlineage: true\n", LOG, "refused_rule", "rank of the hidden key who"),
        ("lineage: true\n", KEYED, "refused_rule", "rank of the hidden key who"),
    ],
)
def test_what_cannot_be_a_key_stops_the_table(options, table, code, text):
    """Each with its code, saying which column or option."""
    stopped = _stop(options, table)
    assert stopped.code == code
    assert text in stopped.message


def test_rules_that_join_rows_are_refused_on_named_columns():
    """A key is a key, wherever it was said."""
    columns = "columns:\n  what: {class: quasi, rule: truncate, chars: 1}\n"
    stopped = _stop("key: [what]\n", columns=columns)
    assert stopped.code == "refused_rule"
    assert "could make two rows one" in stopped.message


@pytest.mark.parametrize("options", ["key: [what]\n", "append_only: true\n"])
def test_lineage_is_for_keys_in_clear(options):
    """Where no key is hidden an offset tells nothing that the topic's order does not."""
    assert _plan(options + "lineage: true\n").has_lineage
    assert not _plan(options).has_lineage


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ("key: [a, b, a]", "p.yaml:2: key: names a column twice"),
        ("key: [a]\nappend_only: true", "p.yaml:3: append_only: a table that has a `key`"),
        (
            "append_only: true\ndeletes: record_then_tombstone",
            "p.yaml:2: append_only: there are no deletes",
        ),
        ("key: a", "p.yaml:2: key: "),
    ],
)
def test_contradictions_are_refused_with_their_line(options, mistake):
    """Before any table is looked at."""
    with pytest.raises(ConfigError) as caught:
        parse_policy(Path("p.yaml"), f"table: shop.log\n{options}\n{COLUMNS}")
    assert caught.value.message.startswith(mistake)
