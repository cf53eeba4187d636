"""Brings a database to the newest tables; the scripts lie in the package.

A database that is up to date is opened without alembic, which takes long to import.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

SCRIPTS = Path(__file__).parent / "migrations"
# The registry keeps its tables in the same database, with a version table of its own.
VERSION_TABLE = "cdc_alembic_version"


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing."""
    with engine.begin() as connection:
        if _read_version(connection) == find_newest():
            return
        from alembic import command  # noqa: PLC0415 (see the module)
        from alembic.config import Config  # noqa: PLC0415

        config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
        config.set_main_option("script_location", str(SCRIPTS))
        command.upgrade(config, "head")


def find_newest() -> str:
    """The newest revision: scripts are named by it, `0001_applied_connectors.py`."""
    return max(script.name.partition("_")[0] for script in SCRIPTS.glob("versions/[0-9]*.py"))


def _read_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return None if version is None else str(version)
