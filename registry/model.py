"""The registry's words: subjects, versions, ids, levels, modes, and what is registered."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NewType, Self

from registry.errors import InvalidLevel, InvalidMode, InvalidSubject

SchemaId = NewType("SchemaId", int)
Subject = NewType("Subject", str)
VersionNumber = NewType("VersionNumber", int)
Context = NewType("Context", str)

Json = Mapping[str, Any]

MAX_VERSION = 2**31 - 1
MAX_SUBJECT_CHARS: Final = 255
DEFAULT_CONTEXT: Final = Context(".")
ALL_CONTEXTS: Final = ":*:"  # in front of a prefix: the subjects of every context

# Confluent's qualified form: `:.context:name`; what does not look like it is a plain name
_QUALIFIED: Final = re.compile(r":(\.[^:]*):(.*)", re.DOTALL)
# Java's ISO control characters
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parse_subject(text: str) -> Subject:
    """Read a subject; `:.:name` is `name`: the default context goes unsaid."""
    context, name = split_subject(Subject(text))
    return Subject(name) if context == DEFAULT_CONTEXT else Subject(text)


def split_subject(subject: Subject) -> tuple[Context, str]:
    """Return the context a subject lives in and its name there."""
    match = _QUALIFIED.fullmatch(subject)
    return (Context(match[1]), match[2]) if match else (DEFAULT_CONTEXT, subject)


def qualify(context: Context, name: str) -> Subject:
    """Return the subject of this name in a context."""
    return Subject(name if context == DEFAULT_CONTEXT else f":{context}:{name}")


def resolve_in(context: Context, text: str) -> Subject:
    """Return the subject that `text` means for something in a context: unqualified is beside it."""
    return parse_subject(text) if text.startswith(":.") else qualify(context, text)


def check_scope_name(scope: Subject | None) -> None:
    """Like `check_subject_name` for where settings hold: a subject, or `:.context:` alone."""
    if scope is not None:
        context, name = split_subject(scope)
        is_context = not name and context != DEFAULT_CONTEXT
        check_subject_name(qualify(context, "-") if is_context else scope)


def find_context(subject: Subject) -> Context:
    """Return the context a subject lives in: ids are counted per context."""
    return split_subject(subject)[0] if subject.startswith(":.") else DEFAULT_CONTEXT


def check_subject_name(subject: Subject) -> None:
    """Raise InvalidSubject for names that are empty, too long or hold control characters."""
    name = split_subject(subject)[1]
    if not name or len(subject) > MAX_SUBJECT_CHARS or _CONTROL.search(subject):
        raise InvalidSubject(subject)


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
    FORWARD = "FORWARD"  # writes belong to another registry, which sends them with their ids

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a mode in any case; raises InvalidMode."""
        try:
            return cls(text.upper())
        except ValueError:
            raise InvalidMode from None

    @property
    def is_read_only(self) -> bool:
        """Nothing is registered or deleted."""
        return self in (Mode.READONLY, Mode.READONLY_OVERRIDE)

    @property
    def takes_ids(self) -> bool:
        """Schemas come with their ids from another registry, and are not checked again."""
        return self in (Mode.IMPORT, Mode.FORWARD)


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
    def alias(self) -> "Subject | None":
        """The subject that is meant when this one is asked for."""
        alias = self.values.get("alias")
        return Subject(alias) if alias else None

    @property
    def validates_new(self) -> bool:
        """New schemas are parsed strictly: names, namespaces, defaults."""
        return bool(self.values.get("validateNewSchemas", True))

    @property
    def validates_rules(self) -> bool:
        """Rule sets are looked at before they are kept."""
        return bool(self.values.get("validateRules", True))

    @property
    def validates_fields(self) -> bool:
        """Fields that metadata reserves must not be used, nor be un-reserved."""
        return bool(self.values.get("validateFields", False))

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
    """A schema as somebody hands it in; `id` and `version` only for import and compare-and-set.

    An empty `schema` stands for the subject's latest, to be registered with other extras.
    """

    schema: str
    schema_type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    id: SchemaId | None = None
    version: VersionNumber | None = None


@dataclass(frozen=True, slots=True)
class StoredSchema:
    """A schema under its id, whatever subjects use it; `schema` is the canonical string.

    Ids are counted per context; `hash` is the same wherever the contents are.
    """

    id: SchemaId
    schema: str
    hash: str
    references: tuple[Reference, ...] = ()
    metadata: Json | None = None
    rule_set: Json | None = None
    context: Context = DEFAULT_CONTEXT


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
