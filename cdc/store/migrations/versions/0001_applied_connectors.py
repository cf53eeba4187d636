"""What was last applied to Kafka Connect, by cluster and connector."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# MySQL would compare names without case, and cut Text at 64 KiB.
NAME = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_0900_bin"), "mysql")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql")


def upgrade() -> None:
    op.create_table(
        "cdc_applied_connectors",
        sa.Column("cluster", NAME, primary_key=True),
        sa.Column("name", NAME, primary_key=True),
        sa.Column("applied_ms", sa.BigInteger, nullable=False),
        sa.Column("document", LONG_TEXT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("cdc_applied_connectors")
