"""The registry's words: subjects, versions, ids, levels, modes, and what is registered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NewType, Self

from registry.errors import InvalidLevel, InvalidMode

SchemaId = NewType("SchemaId", int)
Subject = NewType("Subject", str)
VersionNumber = NewType("VersionNumber", int)

Json = Mapping[str, Any]

MAX_VERSION = 2**31 - 1


class CompatibilityLevel(StrEnum):
    """What a new version of a subject must be able to do with earlier ones."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a level in any case; raises InvalidLevel."""
        try:
            return cls(text.upper())
        except ValueError:
            raise InvalidLevel from None

    @property
    def is_transitive(self) -> bool:
        """All live versions count, not only the latest."""
        return self.endswith("_TRANSITIVE")

    @property
    def new_reads_old(self) -> bool:
        """The new schema must read what earlier ones wrote."""
        return self.startswith(("BACKWARD", "FULL"))

    @property
    def old_reads_new(self) -> bool:
        """Earlier schemas must read what the new one writes."""
        return self.startswith(("FORWARD", "FULL"))


class Mode(StrEnum):
    """What a subject, or the whole registry, lets happen to it."""

    READWRITE = "READWRITE"
    READONLY = "READONLY"
    READONLY_OVERRIDE = "READONLY_OVERRIDE"  # global only: wins over the subjects' modes
    IMPORT = "IMPORT"  # takes schemas with their ids, unchecked
    FORWARD = "FORWARD"  # writes belong to another registry

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a mode in any case; raises InvalidMode."""
        try:
            return cls(text.upper())
        except ValueError:
            raise InvalidMode from None

    @property
    def takes_writes(self) -> bool:
        """Registering and deleting are allowed."""
        return self in (Mode.READWRITE, Mode.IMPORT)


@dataclass(frozen=True, slots=True)
class Reference:
    """A schema's use of a type that another subject's version defines."""

    name: str
    subject: Subject
    version: VersionNumber


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a subject or of the registry, by Confluent's key; an absent key is unset."""

    values: Json = field(default_factory=lambda: MappingProxyType({}))

    @property
    def level(self) -> CompatibilityLevel | None:
        """The compatibility level, None when unset."""
        level = self.values.get("compatibilityLevel")
        return None if level is None else CompatibilityLevel(level)

    @property
    def normalizes(self) -> bool:
        """Schemas are normalized although the request does not ask for it."""
        return bool(self.values.get("normalize", False))

    @property
    def compatibility_group(self) -> str | None:
        """The metadata property whose value splits a subject's versions into groups."""
        return self.values.get("compatibilityGroup")

    def over(self, below: "Config") -> "Config":
        """Return these settings with the gaps filled from `below`."""
        return Config({**below.values, **self.values})

    def change(self, changes: Json) -> "Config":
        """Return the settings after `changes`: None clears a key, an absent key keeps it."""
        merged = {**self.values, **changes}
        return Config({key: value for key, value in merged.items() if value is not None})


@dataclass(frozen=True, slots=True)
class NewSchema:
    """A schema as somebody hands it in; `id` and `version` only for import and compare-and-set."""

    schema: str
    schema_type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    id: SchemaId | None = None
    version: VersionNumber | None = None


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A schema under its id, whatever subjects use it; `schema` is the canonical string."""

    id: SchemaId
    schema: str
    hash: str
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None


@dataclass(frozen=True, slots=True)
class RegisteredSchema:
    """One version of a subject; `ts_ms` is when it was registered, milliseconds since 1970."""

    subject: Subject
    version: VersionNumber
    id: SchemaId
    schema: str
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    guid: str | None = None
    ts_ms: int | None = None
    is_deleted: bool = False
