"""Brings a database to the newest tables, with alembic, at start; scripts lie in the package."""

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


def migrate(connection: Connection) -> None:
    """Run the migrations that are missing; the caller holds the write lock and commits."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic's own command

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE)
        environment.run_migrations()
