"""RegistryService: one method per use case, one view of the store per call.

What decides and then changes runs inside one write, so several nodes on one database agree without
a leader. Errors are those of registry.errors.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from registry.errors import (
    InvalidVersion,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from registry.model import (
    MAX_VERSION,
    CompatibilityLevel,
    Config,
    Json,
    Mode,
    NewSchema,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)
from registry.service import deleting, registering, settings
from registry.service.registering import Verdict
from registry.store.port import Reading, Store, Usage
from registry.store.sql import SqlStore

LATEST: Final = "latest"
ALL_SUBJECTS: Final = ":*:"

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
        self.deletions = 0  # grows with each delete through this object: caches ask it

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
        registering.check_subject_name(subject)
        with self._store.read() as view:  # most registrations are repeats: no lock for those
            found = registering.find_registered(view, subject, new, normalizes=normalizes)
        if found is not None:
            return found
        with self._store.write() as changes:
            now_ms = int(self._read_clock_s() * 1000)
            return registering.register(changes, subject, new, now_ms, normalizes=normalizes)

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
            _list_existing(view, subject, with_deleted=with_deleted)
            found = registering.look_up(
                view, subject, new, normalizes=normalizes, with_deleted=with_deleted
            )
        if found is None:
            raise SchemaNotFound
        return found

    def check_version(
        self, subject: Subject, version: str, new: NewSchema, *, normalizes: bool = False
    ) -> Verdict:
        """Say whether a schema may follow one version; an unknown `latest` forbids nothing."""
        number = parse_version(version)
        with self._store.read() as view:
            live = _select_live(view.list_versions(subject))
            against = live[-1:] if number is None else [v for v in live if v.version == number]
            if not against and number is not None:
                raise VersionNotFound(number)
            return registering.check(view, subject, new, against, normalizes=normalizes)

    def check_subject(
        self, subject: Subject, new: NewSchema, *, normalizes: bool = False
    ) -> Verdict:
        """Say whether a schema may follow all versions that the subject's level looks at."""
        with self._store.read() as view:
            live = _select_live(view.list_versions(subject))
            return registering.check(view, subject, new, live, normalizes=normalizes)

    # schemas out

    def get_schema(self, schema_id: SchemaId) -> StoredSchema:
        """Return the schema of an id, soft-deleted or not; raises SchemaNotFound."""
        with self._store.read() as view:
            return _get_schema(view, schema_id)

    def get_highest_id(self) -> SchemaId:
        """Return the highest id ever given."""
        with self._store.read() as view:
            return view.get_highest_id()

    def list_usages(self, schema_id: SchemaId, *, with_deleted: bool = False) -> list[Usage]:
        """Return the versions that use a schema; raises SchemaNotFound."""
        with self._store.read() as view:
            _get_schema(view, schema_id)
            usages = view.list_usages(schema_id)
        return [usage for usage in usages if with_deleted or not usage.is_deleted]

    def list_subjects(
        self, prefix: str = ALL_SUBJECTS, *, with_deleted: bool = False, only_deleted: bool = False
    ) -> list[Subject]:
        """Return the subjects that start with `prefix`, in order; `:*:` means all."""
        start = "" if prefix == ALL_SUBJECTS else prefix
        with self._store.read() as view:
            subjects = view.list_subjects()
        return [
            name
            for name, is_live in subjects
            if name.startswith(start) and (not is_live if only_deleted else is_live or with_deleted)
        ]

    def list_versions(
        self, subject: Subject, *, with_deleted: bool = False, only_deleted: bool = False
    ) -> list[RegisteredSchema]:
        """Return the versions of a subject in order; raises SubjectNotFound when there are none."""
        with self._store.read() as view:
            versions = _list_existing(view, subject, with_deleted=with_deleted or only_deleted)
        return [version for version in versions if version.is_deleted or not only_deleted]

    def list_registered(
        self, prefix: str = ALL_SUBJECTS, *, with_deleted: bool = False, only_latest: bool = False
    ) -> list[RegisteredSchema]:
        """Return the versions of all subjects that start with `prefix`."""
        start = "" if prefix == ALL_SUBJECTS else prefix
        with self._store.read() as view:
            found = view.list_registered(start)
        kept = [version for version in found if with_deleted or not version.is_deleted]
        if not only_latest:
            return kept
        return list({version.subject: version for version in kept}.values())

    def get_version(
        self, subject: Subject, version: str, *, with_deleted: bool = False
    ) -> RegisteredSchema:
        """Return one version; raises SubjectNotFound, VersionNotFound or InvalidVersion."""
        number = parse_version(version)
        with self._store.read() as view:
            return _get_version(view, subject, number, with_deleted=with_deleted)

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
            found = _get_version(view, subject, number, with_deleted=True)
            ids = view.list_referring_ids(subject, found.version, with_deleted=with_deleted)
        return list(ids)

    # deleting

    def delete_subject(
        self, subject: Subject, *, is_permanent: bool = False
    ) -> list[VersionNumber]:
        """Soft-delete a subject, or remove what is soft-deleted; returns the versions."""
        with self._store.write() as view:
            deleted = deleting.delete_subject(view, subject, is_permanent=is_permanent)
        self.deletions += 1
        return deleted

    def delete_version(
        self, subject: Subject, version: str, *, is_permanent: bool = False
    ) -> VersionNumber:
        """Soft-delete a version, or remove a soft-deleted one; returns its number."""
        number = parse_version(version)
        with self._store.write() as view:
            with_deleted = number is not None or is_permanent
            found = _get_version(view, subject, number, with_deleted=with_deleted)
            deleted = deleting.delete_version(view, found, is_permanent=is_permanent)
        self.deletions += 1
        return deleted

    # levels and modes

    def get_config(self, subject: Subject | None, *, defaults_to_global: bool = False) -> Config:
        """Return a subject's own settings, or (None) the registry's; raises LevelNotConfigured."""
        with self._store.read() as view:
            if defaults_to_global:
                return settings.find_config(view, subject)
            return settings.get_own_config(view, subject)

    def change_config(self, subject: Subject | None, changes: Json) -> None:
        """Set the keys in `changes`, clear those that are None, keep the others."""
        _check_name(subject)
        with self._store.write() as view:
            settings.change_config(view, subject, changes)

    def clear_config(self, subject: Subject | None) -> Config:
        """Unset all keys and return what was set; raises SubjectNotFound for a subject without."""
        with self._store.write() as view:
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
        _check_name(subject)
        with self._store.write() as view:
            settings.change_mode(view, subject, mode, is_forced=is_forced)

    def clear_mode(self, subject: Subject | None) -> Mode:
        """Unset a mode and return what it was; raises SubjectNotFound for a subject without."""
        with self._store.write() as view:
            return settings.clear_mode(view, subject)

    def get_registry_id(self) -> str:
        """Return the name of this registry, drawn when its store was made."""
        with self._store.read() as view:
            return view.get_registry_id()


def parse_version(text: str) -> VersionNumber | None:
    """Read a version number; `latest` in any case and -1 are None. Raises InvalidVersion."""
    if text.lower() == LATEST or text == "-1":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_VERSION))):
        raise InvalidVersion(text)
    if not 0 < int(text) <= MAX_VERSION:
        raise InvalidVersion(text)
    return VersionNumber(int(text))


def _check_name(subject: Subject | None) -> None:
    if subject is not None:
        registering.check_subject_name(subject)


def _get_schema(view: Reading, schema_id: SchemaId) -> StoredSchema:
    found = view.find_schema(schema_id)
    if found is None:
        raise SchemaNotFound(schema_id)
    return found


def _list_existing(
    view: Reading, subject: Subject, *, with_deleted: bool
) -> Sequence[RegisteredSchema]:
    history = view.list_versions(subject)
    versions = history if with_deleted else _select_live(history)
    if not versions:
        raise SubjectNotFound(subject)
    return versions


def _get_version(
    view: Reading, subject: Subject, number: VersionNumber | None, *, with_deleted: bool
) -> RegisteredSchema:
    versions = _list_existing(view, subject, with_deleted=with_deleted)
    if number is None:
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise VersionNotFound(number)


def _select_live(history: Sequence[RegisteredSchema]) -> list[RegisteredSchema]:
    return [version for version in history if not version.is_deleted]
