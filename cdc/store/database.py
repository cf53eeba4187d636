"""The connection: opened late, with the newest tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from cdc.errors import ConfigError, Unreachable
from cdc.store.migrate import migrate

# How long a writer waits for another one of SQLite's.
LOCK_WAIT_S = 20
_DRIVERS: Mapping[str, str] = {"postgresql": "postgresql+pg8000", "mysql": "mysql+pymysql"}


class ServiceDatabase:
    """One database by its SQLAlchemy URL; nothing is opened before the first transaction."""

    def __init__(self, url: str) -> None:
        self._url = url

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection that commits at the end of the block, and undoes all of it on an error.

        Raises:
            ConfigError: the URL is none of a database.
            Unreachable: the database does not answer or refuses.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            cause = type(getattr(error, "orig", None) or error).__name__
            raise Unreachable(
                f"registry.database: the service's database cannot be used ({cause})",
                hint="the setting registry.database, or CDC_REGISTRY__DATABASE",
            ) from None

    @cached_property
    def _engine(self) -> Engine:
        try:
            url = make_url(self._url)
            url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
            is_sqlite = url.get_backend_name() == "sqlite"
            if is_sqlite and url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            options = {"timeout": LOCK_WAIT_S} if is_sqlite else {}
            engine = create_engine(url, connect_args=options, hide_parameters=True)
        except (SQLAlchemyError, ImportError) as error:
            raise ConfigError(
                f"registry.database: not a database's URL ({type(error).__name__})"
            ) from None
        migrate(engine)
        return engine

    def close(self) -> None:
        """Let go of connections."""
        if "_engine" in self.__dict__:
            self._engine.dispose()
