"""Connections and transactions: where the store's promises about writers are kept."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from registry.errors import StoreError
from registry.model import DEFAULT_CONTEXT
from registry.store.sql.changes import WriteView
from registry.store.sql.migrate import migrate
from registry.store.sql.views import ReadView

# How long a writer waits for another process before it gives up with StoreError.
LOCK_WAIT_S: Final = 20
_WAL_PAUSE_S: Final = 0.01
_IS_WRITE: Final = "registry_is_write"

# SQLite has one lock for all writers and takes it with BEGIN IMMEDIATE. The others lock the one
# row of registry_state, which must exist; while tables are made they lock a name instead.
_MIGRATION_LOCKS: Final[Mapping[str, str]] = {
    "postgresql": "SELECT pg_advisory_xact_lock(7236811)",
    "mysql": f"SELECT GET_LOCK('headworks_registry', {LOCK_WAIT_S})",
}
# SQLite's WAL gives each transaction one state of the database; PostgreSQL would give it to each
# statement. Writers need none of it: they hold the lock before they read.
_SNAPSHOTS: Final[Mapping[str, str]] = {
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "mysql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}
_DRIVERS: Final[Mapping[str, str]] = {"postgresql": "postgresql+pg8000", "mysql": "mysql+pymysql"}


class SqlStore:
    """The store over one database URL, such as `sqlite:////var/lib/registry.db`.

    Opening it makes or upgrades the tables; raises StoreError when the database cannot be reached.
    """

    def __init__(self, database_url: str) -> None:
        self._engine = _make_engine(database_url)
        self._writers = _make_queue(self._engine)
        self._contexts = {DEFAULT_CONTEXT: 0}
        with self._transact(is_write=True) as connection:
            lock = _MIGRATION_LOCKS.get(self._engine.dialect.name)
            if lock:
                connection.exec_driver_sql(lock)
            migrate(connection)

    @contextmanager
    def read(self) -> Iterator[ReadView]:
        """Open a view."""
        with self._transact(is_write=False) as connection:
            snapshot = _SNAPSHOTS.get(self._engine.dialect.name)
            if snapshot:
                connection.exec_driver_sql(snapshot)
            yield ReadView(connection, self._contexts)

    @contextmanager
    def write(self) -> Iterator[WriteView]:
        """Open a view that may change things; it holds the write lock from here to its commit."""
        with self._writers, self._transact(is_write=True) as connection:
            # a copy: a context that this transaction makes may yet be undone
            view = WriteView(connection, dict(self._contexts))
            if self._engine.dialect.name != "sqlite":
                view.lock()
            yield view

    def close(self) -> None:
        """Let go of connections."""
        self._engine.dispose()

    @contextmanager
    def _transact(self, *, is_write: bool) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                connection.execution_options(**{_IS_WRITE: is_write})
                with connection.begin():
                    yield connection
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise StoreError from error


def name_driver(database_url: str) -> URL:
    """Return a database's URL with the driver that the registry comes with, unless it names one."""
    url = make_url(database_url)
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _make_engine(database_url: str) -> Engine:
    url = name_driver(database_url)
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=56,
        pool_timeout=LOCK_WAIT_S,
        pool_pre_ping=url.get_backend_name() != "sqlite",  # servers end idle connections
        hide_parameters=True,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_queue(engine: Engine) -> AbstractContextManager[Any]:
    """Let the writers of this process queue fairly instead of polling SQLite's lock."""
    return threading.Lock() if engine.dialect.name == "sqlite" else nullcontext()


def _prepare_sqlite(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None  # the driver must not begin transactions by itself
    cursor = dbapi_connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT_S * 1000}")
    _switch_to_wal(cursor)
    # FULL: a commit is on the disk before its id is told, so no id is given twice after power loss
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    """Turn on WAL; of nodes that start together on a new file, one does and the others wait.

    The switch does not honour busy_timeout: SQLite answers "database is locked" at once.
    """
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_WAL_PAUSE_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get(_IS_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
