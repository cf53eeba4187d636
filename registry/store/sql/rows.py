"""Rows of the tables as model types, and back; columns are in the order of the selects in views."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from registry.model import (
    Config,
    Context,
    Json,
    Mode,
    Reference,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)
from registry.store.port import Settings, Usage
from registry.store.sql.statements import Row, unpack_id


def dump(value: Any) -> str:
    """Return JSON as it is kept in a column."""
    return orjson.dumps(value).decode()


def dump_references(references: Sequence[Reference]) -> str | None:
    """Return references as they are kept in a column."""
    return dump([[r.name, r.subject, r.version] for r in references]) if references else None


def to_id(key: int) -> SchemaId:
    """Return the id that a key stands for in its context."""
    return SchemaId(unpack_id(key)[1])


def get_context_number(row: Row) -> int:
    """Return the context's number in a row of schema columns."""
    return unpack_id(row[0])[0]


def to_stored(row: Row, context: Context) -> StoredSchema:
    """Read a row of schema columns."""
    key, text, digest, references, metadata, rule_set = row
    extras = _load(metadata), _load(rule_set)
    return StoredSchema(to_id(key), text, digest, _load_references(references), *extras, context)


def to_registered(row: Row) -> RegisteredSchema:
    """Read a row of usage columns and schema columns."""
    subject, version, is_deleted, ts_ms, key, text, digest, references, metadata, rule_set = row
    return RegisteredSchema(
        Subject(subject),
        VersionNumber(version),
        to_id(key),
        text,
        _load_references(references),
        _load(metadata),
        _load(rule_set),
        digest,
        ts_ms,
        bool(is_deleted),
    )


def to_usage(row: Row) -> Usage:
    """Read a row that starts with usage columns."""
    subject, version, is_deleted, ts_ms = row[:4]
    return Usage(Subject(subject), VersionNumber(version), bool(is_deleted), ts_ms)


def to_settings(rows: Sequence[Row]) -> Mapping[Subject, Settings]:
    """Read rows of settings."""
    return {
        Subject(subject): Settings(
            None if config is None else Config(orjson.loads(config)),
            None if mode is None else Mode(mode),
        )
        for subject, config, mode in rows
    }


def _load(text: str | None) -> Json | None:
    return None if text is None else orjson.loads(text)


def _load_references(text: str | None) -> tuple[Reference, ...]:
    return () if text is None else tuple(Reference(*parts) for parts in orjson.loads(text))
