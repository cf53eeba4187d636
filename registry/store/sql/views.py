"""The store's methods as statements, over one open transaction."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, select, update

from registry.model import (
    Config,
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
from registry.store.sql.tables import schema_references, schemas, settings, state, versions

_GLOBAL: Final = Subject("")

# Statements are built once: building one costs more than SQLite takes to run it.
_REGISTERED: Final = select(versions, schemas).join(schemas, versions.c.schema_id == schemas.c.id)
_SCHEMA: Final = select(schemas).where(schemas.c.id == bindparam("id"))
_BY_HASH: Final = (
    select(schemas).where(schemas.c.hash == bindparam("hash")).order_by(schemas.c.id).limit(1)
)
_VERSIONS: Final = _REGISTERED.where(versions.c.subject == bindparam("subject")).order_by(
    versions.c.version
)
_STARTING: Final = _REGISTERED.where(
    func.substr(versions.c.subject, 1, func.length(bindparam("prefix"))) == bindparam("prefix")
).order_by(versions.c.subject, versions.c.version)
_SUBJECTS: Final = (
    select(versions.c.subject, func.min(case((versions.c.is_deleted, 1), else_=0)))
    .group_by(versions.c.subject)
    .order_by(versions.c.subject)
)
_USAGES: Final = (
    select(versions.c.subject, versions.c.version, versions.c.is_deleted)
    .where(versions.c.schema_id == bindparam("id"))
    .order_by(versions.c.subject, versions.c.version)
)
_REFERRERS: Final = (
    select(versions.c.subject, versions.c.version, versions.c.is_deleted, versions.c.schema_id)
    .join(schema_references, schema_references.c.schema_id == versions.c.schema_id)
    .where(
        schema_references.c.subject == bindparam("subject"),
        schema_references.c.version == bindparam("version"),
    )
    .order_by(versions.c.schema_id)
)
_SETTINGS: Final = select(settings).where(
    settings.c.subject.in_((bindparam("subject"), bindparam("registry")))
)
_STATE: Final = select(state.c.last_id, state.c.registry_id)
_TAKE_ID: Final = update(state).values(last_id=state.c.last_id + 1)
_TOUCH: Final = update(state).values(last_id=state.c.last_id)
_ADD_SCHEMA: Final = insert(schemas)
_ADD_REFERENCE: Final = insert(schema_references)
_ADD_VERSION: Final = insert(versions)


class ReadView:
    """One consistent view, see registry.store.port.Reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._settings: dict[Subject, Settings] = {}  # asked several times per use case

    def find_schema(self, schema_id: SchemaId) -> StoredSchema | None:
        """Return the schema of an id."""
        row = self._connection.execute(_SCHEMA, {"id": schema_id}).first()
        return None if row is None else _to_stored(row)

    def find_by_hash(self, schema_hash: str) -> StoredSchema | None:
        """Return the schema with these contents that has the lowest id."""
        row = self._connection.execute(_BY_HASH, {"hash": schema_hash}).first()
        return None if row is None else _to_stored(row)

    def get_highest_id(self) -> SchemaId:
        """Return the highest id ever given, 0 when none was."""
        return SchemaId(self._connection.execute(_STATE).one().last_id)

    def get_registry_id(self) -> str:
        """Return the name of this store, drawn when it was made."""
        return str(self._connection.execute(_STATE).one().registry_id)

    def list_versions(self, subject: Subject) -> Sequence[RegisteredSchema]:
        """Return all versions in order, soft-deleted ones too."""
        rows = self._connection.execute(_VERSIONS, {"subject": subject})
        return [_to_registered(row) for row in rows]

    def list_registered(self, prefix: str) -> Sequence[RegisteredSchema]:
        """Return all versions of all subjects that start so, by subject and version."""
        rows = self._connection.execute(_STARTING, {"prefix": prefix})
        return [_to_registered(row) for row in rows]

    def list_subjects(self) -> Sequence[tuple[Subject, bool]]:
        """Return each subject in order and whether a version of it is live."""
        rows = self._connection.execute(_SUBJECTS)
        return [(Subject(subject), not is_deleted) for subject, is_deleted in rows]

    def list_usages(self, schema_id: SchemaId) -> Sequence[Usage]:
        """Return the versions that use a schema, by subject and version."""
        rows = self._connection.execute(_USAGES, {"id": schema_id})
        return [_to_usage(row) for row in rows]

    def list_referrers(self, subject: Subject, version: VersionNumber) -> Sequence[Usage]:
        """Return the versions whose schema refers to this one."""
        key = {"subject": subject, "version": version}
        return [_to_usage(row) for row in self._connection.execute(_REFERRERS, key)]

    def list_referring_ids(
        self, subject: Subject, version: VersionNumber, *, with_deleted: bool
    ) -> Sequence[SchemaId]:
        """Return the ids of the schemas that refer to this version."""
        key = {"subject": subject, "version": version}
        rows = self._connection.execute(_REFERRERS, key)
        found = (SchemaId(row.schema_id) for row in rows if with_deleted or not row.is_deleted)
        return list(dict.fromkeys(found))

    def get_settings(self, subject: Subject | None) -> Settings:
        """Return what is set for a subject itself, or (None) for the registry."""
        key = subject or _GLOBAL
        if key not in self._settings:
            rows = self._connection.execute(_SETTINGS, {"subject": key, "registry": _GLOBAL})
            found = {Subject(row.subject): _to_settings(row) for row in rows}
            self._settings.update({_GLOBAL: Settings(), key: Settings(), **found})
        return self._settings[key]


class WriteView(ReadView):
    """A view that may change things, see registry.store.port.Writing."""

    def lock(self) -> None:
        """Make other writers wait until this transaction ends."""
        self._connection.execute(_TOUCH)

    def take_id(self) -> SchemaId:
        """Return an id that was never given before."""
        self._connection.execute(_TAKE_ID)
        return self.get_highest_id()

    def reserve_id(self, schema_id: SchemaId) -> None:
        """Make sure that `take_id` never returns this id or a lower one."""
        self._connection.execute(
            update(state).where(state.c.last_id < schema_id).values(last_id=schema_id)
        )

    def add_schema(self, schema: StoredSchema) -> None:
        """Keep a schema under its id."""
        self._connection.execute(_ADD_SCHEMA, _to_row(schema))
        if schema.references:
            self._connection.execute(
                _ADD_REFERENCE,
                [
                    {
                        "schema_id": schema.id,
                        "position": i,
                        "subject": r.subject,
                        "version": r.version,
                    }
                    for i, r in enumerate(schema.references)
                ],
            )

    def add_version(
        self, subject: Subject, version: VersionNumber, schema_id: SchemaId, ts_ms: int
    ) -> None:
        """Make a schema a version of a subject."""
        row = {"subject": subject, "version": version, "schema_id": schema_id}
        self._connection.execute(_ADD_VERSION, {**row, "ts_ms": ts_ms, "is_deleted": False})

    def mark_deleted(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Soft-delete versions."""
        chosen = (versions.c.subject == subject) & versions.c.version.in_(numbers)
        self._connection.execute(update(versions).where(chosen).values(is_deleted=True))

    def purge(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Remove versions, and schemas that no version uses any more."""
        chosen = (versions.c.subject == subject) & versions.c.version.in_(numbers)
        ids = self._connection.scalars(select(versions.c.schema_id).where(chosen)).all()
        self._connection.execute(delete(versions).where(chosen))
        used = self._connection.scalars(
            select(versions.c.schema_id).where(versions.c.schema_id.in_(ids))
        )
        unused = set(ids).difference(used)
        self._connection.execute(
            delete(schema_references).where(schema_references.c.schema_id.in_(unused))
        )
        self._connection.execute(delete(schemas).where(schemas.c.id.in_(unused)))

    def set_settings(self, subject: Subject | None, new: Settings) -> None:
        """Replace what is set for a subject, or (None) for the registry."""
        key = subject or _GLOBAL
        self._settings.pop(key, None)
        self._connection.execute(delete(settings).where(settings.c.subject == key))
        if new != Settings():
            config = None if new.config is None else _dump(dict(new.config.values))
            row = {"subject": key, "config": config, "mode": new.mode and str(new.mode)}
            self._connection.execute(insert(settings), row)


def _to_row(schema: StoredSchema) -> dict[str, Any]:
    references = [[r.name, r.subject, r.version] for r in schema.references]
    return {
        "id": schema.id,
        "hash": schema.hash,
        "text": schema.schema,
        "references": _dump(references) if references else None,
        "metadata": None if schema.metadata is None else _dump(schema.metadata),
        "rule_set": None if schema.rule_set is None else _dump(schema.rule_set),
    }


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


def _load(text: str | None) -> Json | None:
    return None if text is None else orjson.loads(text)


def _load_references(text: str | None) -> tuple[Reference, ...]:
    return () if text is None else tuple(Reference(*parts) for parts in orjson.loads(text))


def _to_stored(row: Row[*tuple[Any, ...]]) -> StoredSchema:
    references = _load_references(row.references)
    extras = _load(row.metadata), _load(row.rule_set)
    return StoredSchema(SchemaId(row.id), row.text, row.hash, references, *extras)


def _to_registered(row: Row[*tuple[Any, ...]]) -> RegisteredSchema:
    return RegisteredSchema(
        Subject(row.subject),
        VersionNumber(row.version),
        SchemaId(row.id),
        row.text,
        _load_references(row.references),
        _load(row.metadata),
        _load(row.rule_set),
        row.hash,
        row.ts_ms,
        row.is_deleted,
    )


def _to_settings(row: Row[*tuple[Any, ...]]) -> Settings:
    config = None if row.config is None else Config(orjson.loads(row.config))
    return Settings(config, None if row.mode is None else Mode(row.mode))


def _to_usage(row: Row[*tuple[Any, ...]]) -> Usage:
    return Usage(Subject(row.subject), VersionNumber(row.version), row.is_deleted)
