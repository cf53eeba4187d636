"""Brings a database to the newest tables, with alembic, at start; scripts lie in the package."""

import threading
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

SCRIPTS: Final = Path(__file__).parent.parent / "migrations"
# The service keeps tables of its own in the same database, with a version table of its own.
VERSION_TABLE: Final = "registry_alembic_version"
# alembic keeps the running migration in module globals, which threads would take from each other
_ONE_AT_A_TIME: Final = threading.Lock()


def migrate(connection: Connection) -> None:
    """Run the migrations that are missing; the caller holds the write lock and commits."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic's own command

    with _ONE_AT_A_TIME, EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()
