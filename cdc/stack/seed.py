"""Filling the pizza shop's tables, once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pymysql

from cdc.errors import ConfigError, Unreachable
from cdc.stack import generate
from cdc.stack.mysql import Connection, connect
from cdc.stack.report import Report
from cdc.stack.site import Site

BATCH_ROWS = 1000
USERS = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the pizza shop and what goes into it; `rows` can be walked once."""

    name: str
    columns: Sequence[str]
    rows: Iterable[tuple[Any, ...]]
    count: int

    @property
    def insert(self) -> str:
        """The statement that inserts one row."""
        places = ", ".join(["%s"] * len(self.columns))
        return f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES ({places})"  # noqa: S608


def seed_tables(site: Site, users: int, report: Report) -> None:
    """Fill `pizzashop.users` with `users` rows and `pizzashop.products` with the menu.

    A table that holds rows already is left alone. Each batch is a transaction.

    Raises:
        ConfigError: the settings name another MySQL server: nothing is written to it.
        Unreachable: the stack's MySQL does not answer.
    """
    if site.settings.mysql.url:
        raise ConfigError("seed fills the stack's own MySQL, and mysql.url names another")
    with _connect(site) as connection:
        for table in planned_tables(users):
            _fill_table(connection, table, report)


def planned_tables(users: int) -> tuple[Table, ...]:
    """The tables and their rows."""
    return (
        Table("users", generate.USER_COLUMNS, generate.generate_users(users), users),
        Table(
            "products", generate.PRODUCT_COLUMNS, generate.generate_products(), generate.PRODUCTS
        ),
    )


def _connect(site: Site) -> Connection:
    try:
        return connect(site, database="pizzashop", charset="utf8mb4")
    except (pymysql.err.OperationalError, FileNotFoundError) as error:
        raise Unreachable("the stack's MySQL does not answer", hint="cdc stack up mysql") from error


def _fill_table(connection: Connection, table: Table, report: Report) -> None:
    name = f"pizzashop.{table.name}"
    present = _count_rows(connection, table.name)
    if present:
        report.say("seed", f"{name} holds {present:,} rows already: left alone")
        return
    with report.track("seed", name, table.count) as advance:
        for batch in _batches(table.rows):
            with connection.cursor() as cursor:
                cursor.executemany(table.insert, batch)
            connection.commit()
            advance(len(batch))
    report.say("seed", f"{name} filled with {table.count:,} rows")


def _count_rows(connection: Connection, table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 (a name of ours)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _batches(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH_ROWS)):
        yield batch
