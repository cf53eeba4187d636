"""The store's methods as statements, over one open transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, case, func, select

from registry.model import (
    DEFAULT_CONTEXT,
    Context,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
    find_context,
    qualify,
)
from registry.store.port import Settings, Usage
from registry.store.sql import rows
from registry.store.sql.statements import Statement, pack_id
from registry.store.sql.tables import (
    contexts,
    schema_references,
    schemas,
    settings,
    state,
    versions,
)

GLOBAL: Final = Subject("")

_SCHEMA_COLUMNS: Final = (
    schemas.c.id,
    schemas.c.text,
    schemas.c.hash,
    schemas.c.references,
    schemas.c.metadata,
    schemas.c.rule_set,
)
_VERSION_COLUMNS: Final = (versions.c.subject, versions.c.version, versions.c.is_deleted)
_USAGE_COLUMNS: Final = (*_VERSION_COLUMNS, versions.c.ts_ms)
_REGISTERED: Final = select(*_USAGE_COLUMNS, *_SCHEMA_COLUMNS).join(
    schemas, versions.c.schema_id == schemas.c.id
)
_SCHEMA: Final = Statement(select(*_SCHEMA_COLUMNS).where(schemas.c.id == bindparam("id")))
_EVERYWHERE: Final = select(*_SCHEMA_COLUMNS).where(schemas.c.hash == bindparam("hash"))
_BY_HASH: Final = Statement(
    _EVERYWHERE.where(schemas.c.id.between(bindparam("lowest"), bindparam("highest")))
    .order_by(schemas.c.id)
    .limit(1)
)
_BY_HASH_EVERYWHERE: Final = Statement(_EVERYWHERE.order_by(schemas.c.id))
_VERSIONS: Final = Statement(
    _REGISTERED.where(versions.c.subject == bindparam("subject")).order_by(versions.c.version)
)
_STARTING: Final = Statement(
    _REGISTERED.where(
        func.substr(versions.c.subject, 1, bindparam("length")) == bindparam("prefix")
    ).order_by(versions.c.subject, versions.c.version)
)
_SUBJECTS: Final = Statement(
    select(versions.c.subject, func.min(case((versions.c.is_deleted, 1), else_=0)))
    .group_by(versions.c.subject)
    .order_by(versions.c.subject)
)
_USAGES: Final = Statement(
    select(*_USAGE_COLUMNS)
    .where(versions.c.schema_id == bindparam("id"))
    .order_by(versions.c.subject, versions.c.version)
)
_REFERRERS: Final = Statement(
    select(*_USAGE_COLUMNS, versions.c.schema_id)
    .join(schema_references, schema_references.c.schema_id == versions.c.schema_id)
    .where(
        schema_references.c.subject == bindparam("subject"),
        schema_references.c.version == bindparam("version"),
    )
    .order_by(versions.c.schema_id)
)
_SETTING_COLUMNS: Final = (settings.c.subject, settings.c.config, settings.c.mode)
_SETTINGS: Final = Statement(
    select(*_SETTING_COLUMNS).where(
        settings.c.subject.in_((bindparam("subject"), bindparam("context"), bindparam("registry")))
    )
)
_ALL_SETTINGS: Final = Statement(select(*_SETTING_COLUMNS).order_by(settings.c.subject))
_STATE: Final = Statement(select(state.c.revision, state.c.registry_id))
_CONTEXT: Final = Statement(
    select(contexts.c.number).where(contexts.c.name == bindparam("context"))
)
LAST_ID: Final = Statement(
    select(contexts.c.last_id).where(contexts.c.number == bindparam("context"))
)
_CONTEXTS: Final = Statement(
    select(contexts.c.name).where(contexts.c.is_listed).order_by(contexts.c.name)
)


class ReadView:
    """One consistent view, see registry.store.port.Reading.

    `numbers` are the contexts' numbers that this process knows: they never change.
    """

    def __init__(self, connection: Connection, numbers: dict[Context, int]) -> None:
        self._connection = connection
        self._numbers = numbers
        self._settings: dict[Subject, Settings] = {}  # asked several times per use case

    def find_schema(
        self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT
    ) -> StoredSchema | None:
        """Return the schema of an id."""
        number = self._find_number(context)
        if number is None:
            return None
        found = _SCHEMA.fetch(self._connection, id=pack_id(number, schema_id))
        return rows.to_stored(found[0], context) if found else None

    def find_by_hash(
        self, schema_hash: str, context: Context = DEFAULT_CONTEXT
    ) -> StoredSchema | None:
        """Return the schema with these contents that has the context's lowest id."""
        number = self._find_number(context)
        if number is None:
            return None
        ids = {"lowest": pack_id(number, 0), "highest": pack_id(number + 1, 0) - 1}
        found = _BY_HASH.fetch(self._connection, hash=schema_hash, **ids)
        return rows.to_stored(found[0], context) if found else None

    def find_everywhere(self, schema_hash: str) -> Sequence[StoredSchema]:
        """Return the schemas with these contents in all contexts."""
        names = {self._find_number(context): context for context in self.list_contexts()}
        found = _BY_HASH_EVERYWHERE.fetch(self._connection, hash=schema_hash)
        return [rows.to_stored(row, names[rows.get_context_number(row)]) for row in found]

    def get_highest_id(self, context: Context = DEFAULT_CONTEXT) -> SchemaId:
        """Return the highest id ever given in a context, 0 when none was."""
        number = self._find_number(context)
        found = LAST_ID.fetch(self._connection, context=number) if number is not None else ()
        return SchemaId(found[0][0] if found else 0)

    def list_contexts(self) -> Sequence[Context]:
        """Return the contexts in order, the default one first."""
        return [Context(name) for (name,) in _CONTEXTS.fetch(self._connection)]

    def get_registry_id(self) -> str:
        """Return the name of this store, drawn when it was made."""
        return str(_STATE.fetch(self._connection)[0][1])

    def get_revision(self) -> int:
        """Return a number that grows with each delete and each change of settings."""
        return int(_STATE.fetch(self._connection)[0][0])

    def list_versions(self, subject: Subject) -> Sequence[RegisteredSchema]:
        """Return all versions in order, soft-deleted ones too."""
        return [rows.to_registered(r) for r in _VERSIONS.fetch(self._connection, subject=subject)]

    def list_registered(self, prefix: str) -> Sequence[RegisteredSchema]:
        """Return all versions of all subjects that start so, by subject and version."""
        found = _STARTING.fetch(self._connection, prefix=prefix, length=len(prefix))
        return [rows.to_registered(row) for row in found]

    def list_subjects(self) -> Sequence[tuple[Subject, bool]]:
        """Return each subject in order and whether a version of it is live."""
        found = _SUBJECTS.fetch(self._connection)
        return [(Subject(subject), not is_deleted) for subject, is_deleted in found]

    def list_usages(
        self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT
    ) -> Sequence[Usage]:
        """Return the versions that use a schema, by subject and version."""
        number = self._find_number(context)
        if number is None:
            return []
        found = _USAGES.fetch(self._connection, id=pack_id(number, schema_id))
        return [rows.to_usage(row) for row in found]

    def list_referrers(self, subject: Subject, version: VersionNumber) -> Sequence[Usage]:
        """Return the versions whose schema refers to this one."""
        found = _REFERRERS.fetch(self._connection, subject=subject, version=version)
        return [rows.to_usage(row) for row in found]

    def list_referring_ids(
        self, subject: Subject, version: VersionNumber, *, with_deleted: bool
    ) -> Sequence[SchemaId]:
        """Return the ids of the schemas that refer to this version."""
        found = _REFERRERS.fetch(self._connection, subject=subject, version=version)
        live = (row for row in found if with_deleted or not rows.to_usage(row).is_deleted)
        return list(dict.fromkeys(rows.to_id(row[-1]) for row in live))

    def get_settings(self, subject: Subject | None) -> Settings:
        """Return what is set for a subject itself, or (None) for the registry."""
        key = subject or GLOBAL
        if key not in self._settings:
            context = qualify(find_context(key), "")
            wanted = {"subject": key, "context": context, "registry": GLOBAL}
            found = _SETTINGS.fetch(self._connection, **wanted)
            self._settings.update(dict.fromkeys(wanted.values(), Settings()))
            self._settings.update(rows.to_settings(found))
        return self._settings[key]

    def list_settings(self) -> Mapping[Subject, Settings]:
        """Return what is set for all subjects and contexts, without the registry's own."""
        found = rows.to_settings(_ALL_SETTINGS.fetch(self._connection))
        return {subject: settings for subject, settings in found.items() if subject}

    def _find_number(self, context: Context) -> int | None:
        number = self._numbers.get(context)
        if number is None:
            found = _CONTEXT.fetch(self._connection, context=context)
            if not found:
                return None
            number = self._numbers[context] = int(found[0][0])
        return number
