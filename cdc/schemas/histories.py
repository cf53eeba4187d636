"""What a candidate is compared with: earlier versions from a registry, a folder or git."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cdc.errors import ConfigError
from cdc.exchange import RegistryDoor
from cdc.exchange.door import settings_path, subject_path
from cdc.revisions import require_revision, run_git
from cdc.schemas.candidates import Candidate, name_file
from registry.avro import Schema, parse_lenient
from registry.compatibility import EarlierVersion
from registry.errors import InvalidLevel, InvalidSchemaError
from registry.model import CompatibilityLevel, VersionNumber

GIT = "git:"
DEFAULT_LEVEL = CompatibilityLevel.BACKWARD
"""That of a registry nobody has configured; folders and revisions have none of their own."""


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a subject in order, and the level that it is held to."""

    versions: tuple[EarlierVersion, ...]
    level: CompatibilityLevel = DEFAULT_LEVEL


class Histories(Protocol):
    """A place where earlier versions are."""

    def find(self, candidate: Candidate) -> History:
        """Return what is there for a candidate; no versions where its subject is not there yet.

        Raises:
            ConfigError: what is there cannot be used.
            Unreachable: the place does not answer.
        """


def open_histories(against: str) -> Histories:
    """Return the place that `URL`, `DIR` or `git:REF` names.

    Raises:
        ConfigError: it is none of them, or no such folder.
    """
    if "://" in against:
        return RegistryHistories(RegistryDoor(against))
    if against.startswith(GIT):
        return GitHistories(against.removeprefix(GIT))
    folder = Path(against)
    if not folder.is_dir():
        raise ConfigError(
            f"--against {against}: no such folder",
            hint="a registry's http://HOST:PORT, a folder of <subject>.avsc, or git:REF",
        )
    return FolderHistories(folder)


class FolderHistories:
    """A folder with one earlier version of each subject, `<subject>.avsc`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, candidate: Candidate) -> History:
        """Return the subject's file."""
        file = self._folder / name_file(candidate.subject)
        try:
            return _make_single(str(file), file.read_text())
        except FileNotFoundError:
            return History(())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: cannot be read: {type(error).__name__}") from None


class GitHistories:
    """The candidate's own file as it was at a revision."""

    def __init__(self, revision: str) -> None:
        if not revision or revision.startswith("-"):
            raise ConfigError(f"--against git:{revision}: not a revision", hint="git:origin/main")
        self._revision = revision

    def find(self, candidate: Candidate) -> History:
        """Return the file at the revision."""
        folder = candidate.file.absolute().parent
        require_revision(folder, self._revision)
        shown = run_git(folder, "show", f"{self._revision}:./{candidate.file.name}")
        if shown.returncode:
            return History(())
        return _make_single(
            f"{self._revision}:{candidate.file}", shown.stdout.decode(errors="replace")
        )


def _make_single(where: str, text: str) -> History:
    return History((EarlierVersion(VersionNumber(1), _parse_earlier(where, text, {})),))


def _parse_earlier(where: str, text: str, references: Mapping[str, str]) -> Schema:
    try:
        return parse_lenient(text, references)
    except InvalidSchemaError as error:
        raise ConfigError(f"{where}: the earlier schema cannot be used: {error}") from None


class RegistryHistories:
    """The live versions of a subject in a registry, and the level in force there."""

    def __init__(self, door: RegistryDoor) -> None:
        self.door = door

    def find(self, candidate: Candidate) -> History:
        """Return the versions with the types that they refer to."""
        level = self._find_level(candidate.subject)
        numbers = self.door.find(subject_path(candidate.subject, "/versions")) or ()
        return History(tuple(self._read(candidate.subject, each) for each in numbers), level)

    def _find_level(self, subject: str) -> CompatibilityLevel:
        own = self.door.find(settings_path("config", subject)) or {}
        text = own.get("compatibilityLevel")
        if text is None:
            text = (self.door.find("/config") or {}).get("compatibilityLevel", DEFAULT_LEVEL)
        try:
            return CompatibilityLevel.parse(text)
        except InvalidLevel:
            raise ConfigError(
                f"registry {self.door.name}: subject {subject} has an unknown level",
                hint="--level",
            ) from None

    def _read(self, subject: str, number: int) -> EarlierVersion:
        found = self.door.ask("GET", subject_path(subject, f"/versions/{number}"))
        where = f"registry {self.door.name}: {subject} version {number}"
        if found.get("schemaType", "AVRO") != "AVRO":
            raise ConfigError(f"{where}: a schema of type {found['schemaType']}, not AVRO")
        texts: dict[str, str] = {}
        self._collect(found, texts.__setitem__, set())
        return EarlierVersion(VersionNumber(number), _parse_earlier(where, found["schema"], texts))

    def _collect(
        self, found: Any, add: Callable[[str, str], None], seen: set[tuple[str, int]]
    ) -> None:
        """Add the texts that a version refers to, each behind those that it needs itself."""
        for reference in found.get("references") or ():
            key = (reference["subject"], reference["version"])
            if key in seen:
                continue
            seen.add(key)
            path = subject_path(key[0], f"/versions/{key[1]}?deleted=true")
            referred = self.door.ask("GET", path)
            self._collect(referred, add, seen)
            add(f"{key[0]}:{key[1]}", referred["schema"])
