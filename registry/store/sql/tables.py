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

metadata = MetaData()

# Collations, lengths and keys are the migrations' business; here a type says what values are.
_SUBJECT: Final = String()
_LONG_TEXT: Final = Text()
_KEY: Final = BigInteger()

# `id` is the context's number in the upper half and the schema's id there in the lower 32 bits: in
# the default context, number 0, it is the id itself.
schemas: Final = Table(
    "registry_schemas",
    metadata,
    Column("id", _KEY, primary_key=True, autoincrement=False),
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
    Column("schema_id", _KEY, ForeignKey("registry_schemas.id"), nullable=False, index=True),
    Column("ts_ms", BigInteger, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
)

schema_references: Final = Table(
    "registry_references",
    metadata,
    Column("schema_id", _KEY, ForeignKey("registry_schemas.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("subject", _SUBJECT, nullable=False, index=True),
    Column("version", Integer, nullable=False),
)

# The row with the empty subject is the registry's own, one named `:.context:` the context's.
settings: Final = Table(
    "registry_settings",
    metadata,
    Column("subject", _SUBJECT, primary_key=True),
    Column("config", _LONG_TEXT),
    Column("mode", String(20)),
)

# `last_id` only grows, also after everything is deleted: a row is never removed, only unlisted.
contexts: Final = Table(
    "registry_contexts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", _SUBJECT, nullable=False, unique=True),
    Column("last_id", Integer, nullable=False),
    Column("is_listed", Boolean, nullable=False),
)

# One row. `revision` grows with everything but registering: what an earlier answer said may be
# wrong after it. Updating the row is also the lock that orders writers.
state: Final = Table(
    "registry_state",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),
    Column("registry_id", String(36), nullable=False),
)
