"""RegistryService: one method per use case, one view of the store per call.

What decides and then changes runs inside one write, so several nodes on one database agree without
a leader. Errors are those of registry.errors.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from registry.avro import expand
from registry.errors import RegistryError, SchemaNotFound, StoreError, VersionNotFound
from registry.model import (
    ALL_CONTEXTS,
    DEFAULT_CONTEXT,
    CompatibilityLevel,
    Config,
    Context,
    Json,
    Mode,
    NewSchema,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
    check_scope_name,
    check_subject_name,
)
from registry.service import deleting, registering, settings
from registry.service.candidates import parse_registered
from registry.service.finding import (
    NO_SUBJECT,
    Description,
    describe_schema,
    get_plain_prefix,
    get_version,
    has_prefix,
    list_aliases,
    list_existing,
    list_usages,
    locate,
    parse_version,
    select_live,
)
from registry.service.objections import Verdict
from registry.service.registering import Registration
from registry.service.settings import follow_alias
from registry.service.tagging import TagChange
from registry.store.port import Reading, Store, Usage, Writing
from registry.store.sql import SqlStore

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Page:
    """A cut of a list: from `offset`, at most `limit` items; a negative limit is none."""

    offset: int = 0
    limit: int = -1

    def cut(self, items: Sequence[_T]) -> list[_T]:
        """Return the items on this page."""
        start = max(self.offset, 0)
        return list(items[start:] if self.limit < 0 else items[start : start + self.limit])


def open_registry(database_url: str) -> "RegistryService":
    """Return the registry kept in a database, such as `sqlite:////var/lib/registry.db`.

    Its tables are made or upgraded; raises StoreError when it cannot be reached.
    """
    return RegistryService(SqlStore(database_url))


class RegistryService:
    """The use cases over one store; safe to share between threads.

    `read_clock_s` returns seconds since 1970 and stamps versions.
    """

    def __init__(self, store: Store, read_clock_s: Callable[[], float] = time.time) -> None:
        self._store = store
        self._read_clock_s = read_clock_s
        self.changes = 0  # grows with each change but registering through this object

    def close(self) -> None:
        """Let go of the store's connections."""
        self._store.close()

    # schemas in

    def register(
        self, subject: Subject, new: NewSchema, *, normalizes: bool = False
    ) -> RegisteredSchema:
        """Make a schema a version of the subject, or return the live version that holds it.

        The level of the subject decides (IncompatibleSchema), an invalid schema is refused
        (InvalidSchemaError), and so is a mode that takes no writes (OperationNotPermitted).
        """
        (answer,) = self.register_all([Registration(subject, new, normalizes)])
        if isinstance(answer, RegistryError):
            raise answer
        return answer

    def register_all(
        self, wanted: Sequence[Registration]
    ) -> list[RegisteredSchema | RegistryError]:
        """Register several schemas in one transaction; each has its own answer or refusal.

        What is registered already is answered without the write lock. Raises StoreError when the
        store fails, and then none of them is registered.
        """
        with self._store.read() as view:
            named = [_follow(view, each) for each in wanted]
            answers = [_attempt(partial(_find_registered, view, each)) for each in named]
        missing = [i for i, answer in enumerate(answers) if answer is None]
        if missing:
            now_ms = int(self._read_clock_s() * 1000)
            with self._store.write() as changes:
                for i in missing:
                    answers[i] = _attempt(partial(registering.register, changes, named[i], now_ms))
        return [answer for answer in answers if answer is not None]

    def look_up(
        self,
        subject: Subject,
        new: NewSchema,
        *,
        normalizes: bool = False,
        with_deleted: bool = False,
    ) -> RegisteredSchema:
        """Return the version of the subject that holds this schema.

        Raises SubjectNotFound, SchemaNotFound or InvalidSchemaError.
        """
        with self._store.read() as view:
            located = locate(view, subject)
            list_existing(view, located, with_deleted=with_deleted)
            wanted = Registration(located, new, normalizes)
            found = registering.look_up(view, wanted, with_deleted=with_deleted)
        if found is None:
            raise SchemaNotFound
        return found

    def check_version(
        self, subject: Subject, version: str, new: NewSchema, *, normalizes: bool = False
    ) -> Verdict:
        """Say whether a schema may follow one version; an unknown `latest` forbids nothing."""
        number = parse_version(version)
        with self._store.read() as view:
            located = follow_alias(view, subject)
            live = select_live(view.list_versions(located))
            against = live[-1:] if number is None else [v for v in live if v.version == number]
            if not against and number is not None:
                raise VersionNotFound(number)
            return registering.check(view, Registration(located, new, normalizes), against)

    def check_subject(
        self, subject: Subject, new: NewSchema, *, normalizes: bool = False
    ) -> Verdict:
        """Say whether a schema may follow all versions that the subject's level looks at."""
        with self._store.read() as view:
            located = follow_alias(view, subject)
            live = select_live(view.list_versions(located))
            return registering.check(view, Registration(located, new, normalizes), live)

    def change_tags(self, subject: Subject, version: str, change: TagChange) -> RegisteredSchema:
        """Register a version's schema with other tags as a new version; raises as both do."""
        return self.register(subject, change.apply(self.get_version(subject, version)))

    # schemas out

    def get_schema(self, schema_id: SchemaId) -> StoredSchema:
        """Return the default context's schema of an id; raises SchemaNotFound."""
        return self.describe_schema(schema_id).schema

    def describe_schema(
        self, schema_id: SchemaId, subject: Subject = NO_SUBJECT, *, is_expanded: bool = False
    ) -> Description:
        """Return the schema of an id, soft-deleted or not, and a version that uses it.

        `subject` chooses the context: its own, or for a plain name the first in which a subject
        of that name uses the id. `is_expanded` writes referenced types out. Raises
        SchemaNotFound.
        """
        with self._store.read() as view:
            return describe_schema(view, schema_id, subject, is_expanded=is_expanded)

    def find_by_guid(self, guid: str) -> list[StoredSchema]:
        """Return the schemas with this hash in all contexts; raises SchemaNotFound."""
        digest = guid.replace("-", "").lower()
        with self._store.read() as view:
            found = list(view.find_everywhere(digest))
        if not found:
            raise SchemaNotFound(guid)
        return found

    def get_highest_id(self, context: Context = DEFAULT_CONTEXT) -> SchemaId:
        """Return the highest id ever given in a context."""
        with self._store.read() as view:
            return view.get_highest_id(context)

    def list_usages(
        self, schema_id: SchemaId, subject: Subject = NO_SUBJECT, *, with_deleted: bool = False
    ) -> list[Usage]:
        """Return the versions that use a schema, of one subject if any; raises SchemaNotFound."""
        with self._store.read() as view:
            return list_usages(view, schema_id, subject, with_deleted=with_deleted)

    def list_subjects(
        self, prefix: str = ALL_CONTEXTS, *, with_deleted: bool = False, only_deleted: bool = False
    ) -> list[Subject]:
        """Return the subjects that start with `prefix`, in order; `:*:` means every context."""
        with self._store.read() as view:
            subjects = view.list_subjects()
        return [
            name
            for name, is_live in subjects
            if has_prefix(name, prefix)
            and (not is_live if only_deleted else is_live or with_deleted)
        ]

    def list_versions(
        self, subject: Subject, *, with_deleted: bool = False, only_deleted: bool = False
    ) -> list[RegisteredSchema]:
        """Return the versions of a subject in order; raises SubjectNotFound when there are none."""
        with self._store.read() as view:
            located = follow_alias(view, subject)
            versions = list_existing(view, located, with_deleted=with_deleted or only_deleted)
        return [version for version in versions if version.is_deleted or not only_deleted]

    def list_registered(
        self, prefix: str = ALL_CONTEXTS, *, with_deleted: bool = False, only_latest: bool = False
    ) -> list[RegisteredSchema]:
        """Return the versions of all subjects that start with `prefix`."""
        with self._store.read() as view:
            found = view.list_registered(get_plain_prefix(prefix))
        kept = [
            version
            for version in found
            if (with_deleted or not version.is_deleted) and has_prefix(version.subject, prefix)
        ]
        if not only_latest:
            return kept
        return list({version.subject: version for version in kept}.values())

    def list_aliases(self) -> dict[Subject, list[Subject]]:
        """Return for each subject the names that lead to it."""
        with self._store.read() as view:
            return list_aliases(view)

    def get_version(
        self, subject: Subject, version: str, *, with_deleted: bool = False
    ) -> RegisteredSchema:
        """Return one version; raises SubjectNotFound, VersionNotFound or InvalidVersion."""
        number = parse_version(version)
        with self._store.read() as view:
            located = locate(view, subject)
            return get_version(view, located, number, with_deleted=with_deleted)

    def expand_version(self, version: RegisteredSchema) -> str:
        """Return a version's schema with the types it refers to written out."""
        with self._store.read() as view:
            return expand(parse_registered(view, version))

    def find_by_metadata(
        self, subject: Subject, wanted: Json, *, with_deleted: bool = False
    ) -> RegisteredSchema:
        """Return the newest version whose metadata properties hold all of `wanted`."""
        versions = self.list_versions(subject, with_deleted=with_deleted)
        for version in reversed(versions):
            properties = (version.metadata or {}).get("properties") or {}
            if wanted.items() <= properties.items():
                return version
        raise SchemaNotFound

    def list_referrers(
        self, subject: Subject, version: str, *, with_deleted: bool = False
    ) -> list[SchemaId]:
        """Return the ids of schemas that refer to a version; raises as `get_version` does."""
        number = parse_version(version)
        with self._store.read() as view:
            located = follow_alias(view, subject)
            found = get_version(view, located, number, with_deleted=True)
            ids = view.list_referring_ids(located, found.version, with_deleted=with_deleted)
        return list(ids)

    def list_contexts(self) -> list[Context]:
        """Return the contexts in order, the default one first."""
        with self._store.read() as view:
            return list(view.list_contexts())

    # deleting

    def delete_subject(
        self, subject: Subject, *, is_permanent: bool = False
    ) -> list[VersionNumber]:
        """Soft-delete a subject, or remove what is soft-deleted; returns the versions."""
        with self._change() as view:
            located = follow_alias(view, subject)
            return deleting.delete_subject(view, located, is_permanent=is_permanent)

    def delete_version(
        self, subject: Subject, version: str, *, is_permanent: bool = False
    ) -> VersionNumber:
        """Soft-delete a version, or remove a soft-deleted one; returns its number."""
        number = parse_version(version)
        with self._change() as view:
            with_deleted = number is not None or is_permanent
            located = follow_alias(view, subject)
            found = get_version(view, located, number, with_deleted=with_deleted)
            return deleting.delete_version(view, found, is_permanent=is_permanent)

    def delete_context(self, context: Context) -> None:
        """Let go of an empty context; raises ContextNotEmpty or SubjectNotFound."""
        with self._change() as view:
            deleting.delete_context(view, context)

    # levels and modes

    def get_config(self, subject: Subject | None, *, defaults_to_global: bool = False) -> Config:
        """Return a subject's own settings, or (None) the registry's; raises LevelNotConfigured."""
        with self._store.read() as view:
            if defaults_to_global:
                return settings.find_config(view, subject)
            return settings.get_own_config(view, subject)

    def change_config(self, subject: Subject | None, changes: Json) -> None:
        """Set the keys in `changes`, clear those that are None, keep the others."""
        check_scope_name(subject)
        with self._change() as view:
            settings.change_config(view, subject, changes)

    def clear_config(self, subject: Subject | None) -> Config:
        """Unset all keys and return what was set; raises SubjectNotFound for a subject without."""
        with self._change() as view:
            return settings.clear_config(view, subject)

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        """Set the compatibility level of a subject, or (None) of the registry."""
        self.change_config(subject, {"compatibilityLevel": str(level)})

    def get_mode(self, subject: Subject | None, *, defaults_to_global: bool = False) -> Mode:
        """Return a subject's own mode, or (None) the registry's; raises ModeNotConfigured."""
        with self._store.read() as view:
            if defaults_to_global:
                return settings.find_mode(view, subject)
            return settings.get_own_mode(view, subject)

    def set_mode(self, subject: Subject | None, mode: Mode, *, is_forced: bool = False) -> None:
        """Set a mode; IMPORT over existing versions only when forced (OperationNotPermitted)."""
        check_scope_name(subject)
        with self._change() as view:
            settings.change_mode(view, subject, mode, is_forced=is_forced)

    def clear_mode(self, subject: Subject | None, *, is_recursive: bool = False) -> Mode:
        """Unset a mode and return what it was; raises SubjectNotFound for a subject without.

        `is_recursive` unsets those of all subjects below too.
        """
        with self._change() as view:
            return settings.clear_mode(view, subject, is_recursive=is_recursive)

    def get_registry_id(self) -> str:
        """Return the name of this registry, drawn when its store was made."""
        with self._store.read() as view:
            return view.get_registry_id()

    def read_revision(self) -> int:
        """Return a number that grows when another node, too, deletes or changes settings."""
        with self._store.read() as view:
            return view.get_revision()

    @contextmanager
    def _change(self) -> Iterator[Writing]:
        """Open a write after which earlier answers may be wrong."""
        with self._store.write() as view:
            yield view
        self.changes += 1


def _find_registered(view: Reading, wanted: Registration) -> RegisteredSchema | None:
    check_subject_name(wanted.subject)
    return registering.find_registered(view, wanted)


def _follow(view: Reading, wanted: Registration) -> Registration:
    return replace(wanted, subject=follow_alias(view, wanted.subject))


def _attempt(
    work: Callable[[], RegisteredSchema | None],
) -> RegisteredSchema | RegistryError | None:
    """Return what `work` does, or its refusal; a failing store concerns all the others too."""
    try:
        return work()
    except StoreError:
        raise
    except RegistryError as error:
        return error
