"""The source database, as the verifying user sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from cdc.keys import read_secret
from cdc.source import Database
from registry.derive.table import Table

MakeTable = Callable[..., Table]
RunSql = Callable[..., None]


@pytest.fixture(scope="session")
def database(stack) -> Iterator[Database]:
    """Read-only access with the settings' own user."""
    settings = stack.settings
    password = read_secret(settings.mysql_password)
    with closing(Database(*settings.mysql_address, settings.mysql.user, password)) as opened:
        yield opened


@pytest.fixture
def run_sql(stack) -> RunSql:
    """Runs statements as root in `pizzashop`, each its own transaction."""

    def run(*statements: str) -> None:
        with stack.mysql() as connection, connection.cursor() as cursor:
            for statement in ("USE pizzashop", "SET sql_mode = ''", *statements):
                cursor.execute(statement)

    return run


@pytest.fixture
def make_table(run_sql: RunSql, database: Database) -> Iterator[MakeTable]:
    """Creates `pizzashop.scratch` from a list of definitions, fills it, reads its shape."""

    def make(definitions: str, *rows: str) -> Table:
        inserts = [f"INSERT INTO scratch VALUES ({row})" for row in rows]
        create = f"CREATE TABLE scratch ({definitions})"
        run_sql("DROP TABLE IF EXISTS scratch", create, *inserts)
        table = database.table("pizzashop", "scratch")
        assert table is not None
        return table

    yield make
    run_sql("DROP TABLE IF EXISTS scratch")
