"""The store's changes as statements, over one open transaction that holds the write lock."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from registry.model import (
    DEFAULT_CONTEXT,
    Context,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
    find_context,
    resolve_in,
)
from registry.store.port import Settings
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
from registry.store.sql.views import GLOBAL, LAST_ID, ReadView

_TOUCH: Final = Statement(update(state).values(revision=state.c.revision))
_REVISE: Final = Statement(update(state).values(revision=state.c.revision + 1))
_TAKE_ID: Final = Statement(
    update(contexts)
    .where(contexts.c.number == bindparam("context"))
    .values(last_id=contexts.c.last_id + bindparam("step"))
)
_ADD_SCHEMA: Final = Statement(
    insert(schemas), ("id", "hash", "text", "references", "metadata", "rule_set")
)
_ADD_REFERENCE: Final = Statement(
    insert(schema_references), ("schema_id", "position", "subject", "version")
)
_ADD_VERSION: Final = Statement(
    insert(versions), ("subject", "version", "schema_id", "ts_ms", "is_deleted")
)


class WriteView(ReadView):
    """A view that may change things, see registry.store.port.Writing."""

    def lock(self) -> None:
        """Make other writers wait until this transaction ends."""
        _TOUCH.run(self._connection)

    def make_context(self, context: Context) -> None:
        """Have a context that is listed; ids go on where it left off."""
        if context == DEFAULT_CONTEXT:
            return
        if self._find_number(context) is None:
            highest = self._connection.scalar(select(func.max(contexts.c.number))) or 0
            row = {"number": highest + 1, "name": context, "last_id": 0, "is_listed": True}
            self._connection.execute(insert(contexts), row)
        else:
            self._list(context, is_listed=True)

    def unlist_context(self, context: Context) -> None:
        """Let a context be listed no more."""
        self._list(context, is_listed=False)

    def _list(self, context: Context, *, is_listed: bool) -> None:
        chosen = (contexts.c.name == context) & (contexts.c.is_listed != is_listed)
        self._connection.execute(update(contexts).where(chosen).values(is_listed=is_listed))

    def take_id(self, context: Context = DEFAULT_CONTEXT) -> SchemaId:
        """Return an id that was never given in this context, which must have been made."""
        number = self._get_number(context)
        _TAKE_ID.run(self._connection, context=number, step=1)
        return SchemaId(LAST_ID.fetch(self._connection, context=number)[0][0])

    def reserve_id(self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT) -> None:
        """Make sure that `take_id` never returns this id or a lower one."""
        behind = (contexts.c.name == context) & (contexts.c.last_id < schema_id)
        self._connection.execute(update(contexts).where(behind).values(last_id=schema_id))

    def add_schema(self, schema: StoredSchema) -> None:
        """Keep a schema under its id in its context, which must have been made."""
        key = pack_id(self._get_number(schema.context), schema.id)
        _ADD_SCHEMA.run(
            self._connection,
            id=key,
            hash=schema.hash,
            text=schema.schema,
            references=rows.dump_references(schema.references),
            metadata=None if schema.metadata is None else rows.dump(schema.metadata),
            rule_set=None if schema.rule_set is None else rows.dump(schema.rule_set),
        )
        for i, reference in enumerate(schema.references):
            subject = resolve_in(schema.context, reference.subject)
            place = {"subject": subject, "version": reference.version}
            _ADD_REFERENCE.run(self._connection, schema_id=key, position=i, **place)

    def add_version(
        self, subject: Subject, version: VersionNumber, schema_id: SchemaId, ts_ms: int
    ) -> None:
        """Make a schema a version of a subject."""
        _ADD_VERSION.run(
            self._connection,
            subject=subject,
            version=version,
            schema_id=pack_id(self._get_number(find_context(subject)), schema_id),
            ts_ms=ts_ms,
            is_deleted=False,
        )

    def mark_deleted(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Soft-delete versions."""
        chosen = _choose(subject, numbers)
        self._connection.execute(update(versions).where(chosen).values(is_deleted=True))
        _REVISE.run(self._connection)

    def purge(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Remove versions, and schemas that no version uses any more."""
        chosen = _choose(subject, numbers)
        keys = self._connection.scalars(select(versions.c.schema_id).where(chosen)).all()
        self._connection.execute(delete(versions).where(chosen))
        used = self._connection.scalars(
            select(versions.c.schema_id).where(versions.c.schema_id.in_(keys))
        )
        unused = set(keys).difference(used)
        self._connection.execute(
            delete(schema_references).where(schema_references.c.schema_id.in_(unused))
        )
        self._connection.execute(delete(schemas).where(schemas.c.id.in_(unused)))
        _REVISE.run(self._connection)

    def set_settings(self, subject: Subject | None, new: Settings) -> None:
        """Replace what is set for a subject, or (None) for the registry."""
        key = subject or GLOBAL
        self._settings.pop(key, None)
        self._connection.execute(delete(settings).where(settings.c.subject == key))
        if new != Settings():
            config = None if new.config is None else rows.dump(dict(new.config.values))
            row = {"subject": key, "config": config, "mode": new.mode and str(new.mode)}
            self._connection.execute(insert(settings), row)
        _REVISE.run(self._connection)

    def _get_number(self, context: Context) -> int:
        number = self._find_number(context)
        if number is None:
            raise LookupError(f"context {context} has not been made")
        return number


def _choose(subject: Subject, numbers: Sequence[VersionNumber]) -> ColumnElement[bool]:
    return (versions.c.subject == subject) & versions.c.version.in_(numbers)
