"""What alembic runs for each command; `cdc.store.migrate` gives it the connection."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], version_table=given["version_table"])
context.run_migrations()
