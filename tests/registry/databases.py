"""New, empty databases on each kind of server that the registry keeps its tables on."""

import itertools

from sqlalchemy import create_engine, text

from registry.store.sql.engine import name_driver

_NUMBERS = itertools.count(1)


def make_database(server_url: str) -> str:
    """Make a database on a server and return its URL."""
    name = f"registry_{next(_NUMBERS)}"
    own = "postgres" if server_url.startswith("postgresql") else "mysql"
    engine = create_engine(name_driver(f"{server_url}/{own}"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server_url}/{name}"
