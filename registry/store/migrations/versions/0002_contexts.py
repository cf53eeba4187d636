"""Contexts with ids of their own; a revision that tells other nodes of deletes and settings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# MySQL would compare names without case or trailing spaces, PostgreSQL order them by its locale.
NAME = (
    sa.String(255)
    .with_variant(mysql.VARCHAR(255, collation="utf8mb4_0900_bin"), "mysql")
    .with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
)


def upgrade() -> None:
    contexts = op.create_table(
        "registry_contexts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", NAME, nullable=False, unique=True),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.Column("is_listed", sa.Boolean, nullable=False),
    )
    last_id = op.get_bind().execute(sa.text("SELECT last_id FROM registry_state")).scalar_one()
    row = {"number": 0, "name": ".", "last_id": last_id, "is_listed": True}
    op.bulk_insert(contexts, [row])
    op.drop_column("registry_state", "last_id")
    op.add_column(
        "registry_state",
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
    )


def downgrade() -> None:
    op.add_column(
        "registry_state", sa.Column("last_id", sa.Integer, nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE registry_state SET last_id = "
        "(SELECT last_id FROM registry_contexts WHERE number = 0)"
    )
    op.drop_column("registry_state", "revision")
    op.drop_table("registry_contexts")
