"""What the service needs of a store.

Reads see one consistent state. Writes exclude each other across threads and processes from their
first line to their commit, so what a write has read stays true; an exception undoes all of it.
Every method may raise StoreError.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from registry.model import (
    DEFAULT_CONTEXT,
    Config,
    Context,
    Mode,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)


@dataclass(frozen=True, slots=True)
class Usage:
    """A version of a subject that uses a schema; `ts_ms` is when it was registered."""

    subject: Subject
    version: VersionNumber
    is_deleted: bool
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Settings:
    """Config and mode of a subject, or of the registry; None where unset."""

    config: Config | None = None
    mode: Mode | None = None


class Reading(Protocol):
    """One consistent view."""

    def find_schema(
        self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT
    ) -> StoredSchema | None:
        """Return the schema of an id."""

    def find_by_hash(
        self, schema_hash: str, context: Context = DEFAULT_CONTEXT
    ) -> StoredSchema | None:
        """Return the schema with these contents that has the context's lowest id."""

    def find_everywhere(self, schema_hash: str) -> Sequence[StoredSchema]:
        """Return the schemas with these contents in all contexts."""

    def get_highest_id(self, context: Context = DEFAULT_CONTEXT) -> SchemaId:
        """Return the highest id ever given in a context, 0 when none was."""

    def list_contexts(self) -> Sequence[Context]:
        """Return the contexts in order, the default one first."""

    def list_versions(self, subject: Subject) -> Sequence[RegisteredSchema]:
        """Return all versions in order, soft-deleted ones too."""

    def list_registered(self, prefix: str) -> Sequence[RegisteredSchema]:
        """Return all versions of all subjects that start so, by subject and version."""

    def list_subjects(self) -> Sequence[tuple[Subject, bool]]:
        """Return each subject in order and whether a version of it is live."""

    def list_usages(
        self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT
    ) -> Sequence[Usage]:
        """Return the versions that use a schema, by subject and version."""

    def list_referrers(self, subject: Subject, version: VersionNumber) -> Sequence[Usage]:
        """Return the versions whose schema refers to this one."""

    def list_referring_ids(
        self, subject: Subject, version: VersionNumber, *, with_deleted: bool
    ) -> Sequence[SchemaId]:
        """Return the ids of the schemas that refer to this version."""

    def get_settings(self, subject: Subject | None) -> Settings:
        """Return what is set for a subject itself, or (None) for the registry."""

    def list_settings(self) -> Mapping[Subject, Settings]:
        """Return what is set for all subjects and contexts, without the registry's own."""

    def get_revision(self) -> int:
        """Return a number that grows with each delete and each change of settings."""

    def get_registry_id(self) -> str:
        """Return the name of this store, drawn when it was made."""


class Writing(Reading, Protocol):
    """A view that may change things."""

    def make_context(self, context: Context) -> None:
        """Have a context that is listed; ids go on where it left off."""

    def unlist_context(self, context: Context) -> None:
        """Let a context be listed no more."""

    def take_id(self, context: Context = DEFAULT_CONTEXT) -> SchemaId:
        """Return an id that was never given in this context, which must have been made."""

    def reserve_id(self, schema_id: SchemaId, context: Context = DEFAULT_CONTEXT) -> None:
        """Make sure that `take_id` never returns this id or a lower one."""

    def add_schema(self, schema: StoredSchema) -> None:
        """Keep a schema under its id in its context, which must have been made."""

    def add_version(
        self, subject: Subject, version: VersionNumber, schema_id: SchemaId, ts_ms: int
    ) -> None:
        """Make a schema a version of a subject."""

    def mark_deleted(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Soft-delete versions."""

    def purge(self, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
        """Remove versions, and schemas that no version uses any more."""

    def set_settings(self, subject: Subject | None, new: Settings) -> None:
        """Replace what is set for a subject, or (None) for the registry."""


class Store(Protocol):
    """A place that keeps a registry."""

    def read(self) -> AbstractContextManager[Reading]:
        """Open a view."""

    def write(self) -> AbstractContextManager[Writing]:
        """Open a view that may change things; it commits at its end."""

    def close(self) -> None:
        """Let go of connections."""
