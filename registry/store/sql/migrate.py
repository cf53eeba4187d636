"""Brings a database to the newest tables at start; the scripts lie in the package.

alembic takes as long to import as the rest of the store, so a database that is up to date is
opened without it: only its version is read.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

SCRIPTS: Final = Path(__file__).parent.parent / "migrations"
# The service keeps tables of its own in the same database, with a version table of its own.
VERSION_TABLE: Final = "registry_alembic_version"
# alembic keeps the running migration in module globals, which threads would take from each other
_ONE_AT_A_TIME: Final = threading.Lock()


def migrate(connection: Connection, target: str = "head") -> None:
    """Run the migrations that are missing; the caller holds the write lock and commits."""
    if target == "head" and _read_version(connection) == find_newest():
        return
    with _ONE_AT_A_TIME:
        _upgrade(connection, target)


def find_newest() -> str:
    """Return the newest revision: scripts are named by it, `0002_contexts.py`."""
    return max(script.name.partition("_")[0] for script in SCRIPTS.glob("versions/[0-9]*.py"))


def _read_version(connection: Connection) -> str | None:
    """Return a database's revision, None for one without our tables."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return None if version is None else str(version)


def _upgrade(connection: Connection, target: str) -> None:
    from alembic.config import Config  # noqa: PLC0415 - see the module
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: "MigrationContext") -> Any:
        return script._upgrade_revs(target, revision)  # noqa: SLF001 - as alembic's own command

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()
