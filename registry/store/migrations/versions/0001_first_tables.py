"""First tables: schemas, versions, references, settings, state."""

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql, postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# MySQL would compare names without case or trailing spaces, PostgreSQL order them by its locale.
SUBJECT = (
    sa.String(255)
    .with_variant(mysql.VARCHAR(255, collation="utf8mb4_0900_bin"), "mysql")
    .with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")
)
# SQLite's INTEGER has 64 bits and, as a primary key, no index of its own.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# MySQL would cut Text at 64 KiB.
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "registry_schemas",
        sa.Column("id", KEY, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.String(32), nullable=False),
        sa.Column("text", LONG_TEXT, nullable=False),
        sa.Column("references", LONG_TEXT),
        sa.Column("metadata", LONG_TEXT),
        sa.Column("rule_set", LONG_TEXT),
    )
    op.create_index("ix_registry_schemas_hash", "registry_schemas", ["hash"])
    op.create_table(
        "registry_versions",
        sa.Column("subject", SUBJECT, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("schema_id", KEY, sa.ForeignKey("registry_schemas.id"), nullable=False),
        sa.Column("ts_ms", sa.BigInteger, nullable=False),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
    )
    op.create_index("ix_registry_versions_schema_id", "registry_versions", ["schema_id"])
    op.create_table(
        "registry_references",
        sa.Column("schema_id", KEY, sa.ForeignKey("registry_schemas.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("subject", SUBJECT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_registry_references_subject", "registry_references", ["subject"])
    op.create_table(
        "registry_settings",
        sa.Column("subject", SUBJECT, primary_key=True),
        sa.Column("config", LONG_TEXT),
        sa.Column("mode", sa.String(20)),
    )
    state = op.create_table(
        "registry_state",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.Column("registry_id", sa.String(36), nullable=False),
    )
    op.bulk_insert(state, [{"one": 1, "last_id": 0, "registry_id": str(uuid.uuid4())}])


def downgrade() -> None:
    for table in ("state", "settings", "references", "versions", "schemas"):
        op.drop_table(f"registry_{table}")
