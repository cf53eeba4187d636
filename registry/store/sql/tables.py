"""The tables as the code sees them; the migrations make them so."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import mysql

metadata = MetaData()

# MySQL would compare subjects case-insensitively and cut Text at 64 KiB.
_SUBJECT: Final = String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql")
_LONG_TEXT: Final = Text().with_variant(mysql.LONGTEXT(), "mysql")

schemas: Final = Table(
    "registry_schemas",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(32), nullable=False, index=True),
    Column("text", _LONG_TEXT, nullable=False),
    Column("references", _LONG_TEXT),
    Column("metadata", _LONG_TEXT),
    Column("rule_set", _LONG_TEXT),
)

versions: Final = Table(
    "registry_versions",
    metadata,
    Column("subject", _SUBJECT, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("schema_id", Integer, ForeignKey("registry_schemas.id"), nullable=False, index=True),
    Column("ts_ms", BigInteger, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
)

schema_references: Final = Table(
    "registry_references",
    metadata,
    Column("schema_id", Integer, ForeignKey("registry_schemas.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("subject", _SUBJECT, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)

# The row with the empty subject is the registry's own.
settings: Final = Table(
    "registry_settings",
    metadata,
    Column("subject", _SUBJECT, primary_key=True),
    Column("config", _LONG_TEXT),
    Column("mode", String(20)),
)

# One row. `last_id` only grows; updating it is also the lock that orders writers.
state: Final = Table(
    "registry_state",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("last_id", Integer, nullable=False),
    Column("registry_id", String(36), nullable=False),
)
