"""What `Database` says of the server, and what it says when the server does not answer."""

from contextlib import closing, nullcontext
from unittest import mock

import pytest

from cdc.errors import ConfigError, ExitCode, TransientError, Unreachable
from cdc.source import Database
from registry.derive.table import Column, Table
from registry.derive.types import LONG


def test_unreachable_server_is_named():
    """Address and next step in one line, exit code 4."""
    with (
        closing(Database("127.0.0.1", 1, "verify", "hidden")) as database,
        pytest.raises(Unreachable, match=r"^MySQL at 127\.0\.0\.1:1 does not answer") as caught,
    ):
        database.gtid_executed()
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert "mysql.url" in caught.value.hint
    assert "hidden" not in str(caught.value)


@pytest.mark.stack
def test_wrong_password_is_said_without_the_password(stack):
    """Who is refused and which settings to look at."""
    place = stack.settings.mysql_address
    with (
        closing(Database(*place, "verify", "not-the-password")) as database,
        pytest.raises(Unreachable, match="refuses user `verify`") as caught,
    ):
        database.gtid_executed()
    assert "mysql.password" in caught.value.hint
    assert "not-the-password" not in str(caught.value)


@pytest.mark.stack
def test_table_altered_meanwhile_can_be_tried_again(make_table, database):
    """A column that has gone since the shape was read is a passing trouble, with a next step."""
    table = make_table("id INT PRIMARY KEY")
    columns = (*table.columns, Column("gone", LONG, nullable=True))
    before = Table("pizzashop", "scratch", columns, ("id",))
    with pytest.raises(TransientError, match="altered while it was read") as caught:
        list(database.read_rows(before, ["id", "gone"]))
    assert caught.value.hint == "run the command again"


@pytest.mark.stack
def test_table_that_may_not_be_read_is_not_there(run_sql, database):
    """Other tables than those granted do not show."""
    run_sql("CREATE TABLE IF NOT EXISTS headworks.hidden (id INT PRIMARY KEY)")
    assert database.table("headworks", "hidden") is None
    run_sql("DROP TABLE headworks.hidden")


@pytest.mark.stack
def test_gtids_grow_with_every_transaction(run_sql, database):
    """The set before a transaction is a subset of the set after it, never the reverse."""
    before = database.gtid_executed()
    run_sql("CREATE TABLE gtids (id INT)", "DROP TABLE gtids")
    after = database.gtid_executed()
    assert database.is_gtid_subset(before, after)
    assert not database.is_gtid_subset(after, before)


def test_server_without_gtids_is_refused():
    """Without GTIDs nothing tells how far the relay is: said with the setting."""
    answers = mock.MagicMock()
    answers.execute.return_value.one.return_value = ("OFF_PERMISSIVE", "")
    with closing(Database("127.0.0.1", 1, "verify", "hidden")) as database:
        database._connect = lambda: nullcontext(answers)
        with pytest.raises(ConfigError, match="gtid_mode is OFF_PERMISSIVE; needed: ON"):
            database.gtid_executed()


@pytest.mark.stack
def test_nothing_can_be_written(stack, make_table):
    """The session is read-only even where the user might write."""
    password = stack.settings.secrets_dir / "mysql.properties"
    lines = dict(line.split("=", 1) for line in password.read_text().splitlines() if "=" in line)
    make_table("id INT PRIMARY KEY")
    with (
        closing(Database(*stack.settings.mysql_address, "root", lines["root.password"])) as writer,
        pytest.raises(Unreachable, match="refuses a query"),
        writer._connect() as connection,
    ):
        connection.exec_driver_sql("INSERT INTO pizzashop.scratch VALUES (1)")
