"""One MySQL server, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, text

from cdc.errors import ConfigError
from cdc.source.errors import explain_errors
from cdc.source.expressions import Row, quote_table, select_columns
from cdc.source.inspection import TableFacts, read_grants, read_table_facts, read_variables
from registry.derive.from_information_schema import table_from_database
from registry.derive.table import Table

CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 600
ROWS_AT_ONCE = 2000
"""Rows fetched from the server at a time: what bounds the memory of a read."""

# One clock, no padding of CHAR, nothing written; a reader that computes must not be cut off.
_SESSION = (
    "SET time_zone = '+00:00', sql_mode = '', transaction_isolation = 'REPEATABLE-READ', "
    "transaction_read_only = ON, net_write_timeout = 600"
)


class Database:
    """A server, seen by a user that may SELECT.

    Every call may raise `Unreachable`: "MySQL at HOST:PORT …", never with the password.
    """

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.place = (host, port, user)
        url = URL.create("mysql+pymysql", user, password, host, port, query={"charset": "utf8mb4"})
        self._engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={
                "init_command": _SESSION,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "read_timeout": READ_TIMEOUT_S,
            },
        )

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def table(self, database: str, name: str) -> Table | None:
        """A table's shape; None: no such table, or the user may not see it."""
        with self._connect() as connection:
            return table_from_database(connection, database, name)

    def tables(self) -> list[str]:
        """Every table that the user may see, as `database.table`; MySQL's own are left out."""
        with self._connect() as connection:
            names = connection.execute(
                text(
                    "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables"
                    " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN"
                    " ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY 1"
                )
            )
            return [str(name) for name in names.scalars()]

    def variables(self) -> Mapping[str, str]:
        """The server's global variables, names in lower case."""
        with self._connect() as connection:
            return read_variables(connection)

    def table_facts(self) -> tuple[TableFacts, ...]:
        """Every table that the user may see, as information_schema tells it."""
        with self._connect() as connection:
            return read_table_facts(connection)

    def grants(self) -> tuple[str, ...]:
        """What the user itself may do, as lines of SHOW GRANTS."""
        with self._connect() as connection:
            return read_grants(connection)

    def count_rows(self, table: Table) -> int:
        """How many rows a table has, counted."""
        sql = f"SELECT COUNT(*) FROM {quote_table(table)}"  # noqa: S608 - the name is quoted
        with self._connect() as connection:
            counted = connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
            return int(counted.scalar_one())

    def read_rows(self, table: Table, columns: Sequence[str]) -> Iterator[Row]:
        """Every row of one consistent snapshot, as canonical Python values in that column order.

        A value without canonical form is `NO_FORM`. The server keeps the result; `ROWS_AT_ONCE`
        rows are here at a time.

        Raises:
            TransientError: the table was altered meanwhile.
        """
        sql, convert = select_columns(table, columns)
        with self._connect() as connection:
            connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            # Without parameters the driver leaves a `%` in a name alone.
            options = {"no_parameters": True, "yield_per": ROWS_AT_ONCE}
            with connection.exec_driver_sql(sql, execution_options=options) as result:
                for part in result.partitions():
                    yield from map(convert, map(tuple, part))

    def gtid_executed(self) -> str:
        """The GTIDs of every transaction that the server has committed.

        Raises:
            ConfigError: the server has no GTIDs.
        """
        with self._connect() as connection:
            row = connection.execute(text("SELECT @@GLOBAL.gtid_mode, @@GLOBAL.gtid_executed"))
            mode, executed = row.one()
        if mode != "ON":
            host, port, _ = self.place
            raise ConfigError(
                f"MySQL at {host}:{port}: gtid_mode is {mode}; needed: ON",
                hint="without GTIDs nothing tells how far the relay has come",
            )
        return str(executed).replace("\n", "")

    def is_gtid_subset(self, part: str, whole: str) -> bool:
        """Whether every GTID of `part` is in `whole`, as the server itself reckons."""
        with self._connect() as connection:
            answer = connection.execute(
                text("SELECT GTID_SUBSET(:part, :whole)"), {"part": part, "whole": whole}
            )
            return bool(answer.scalar_one())

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with explain_errors(*self.place), self._engine.connect() as connection:
            yield connection
