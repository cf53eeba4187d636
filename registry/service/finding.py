"""Finding what is there: versions, ids and names, across contexts where a name leaves them open."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from registry.errors import InvalidVersion, SchemaNotFound, SubjectNotFound, VersionNotFound
from registry.model import (
    ALL_CONTEXTS,
    DEFAULT_CONTEXT,
    MAX_VERSION,
    Context,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
    find_context,
    parse_subject,
    qualify,
    split_subject,
)
from registry.service.candidates import expand_stored
from registry.service.settings import follow_alias
from registry.store.port import Reading, Usage

LATEST: Final = "latest"
NO_SUBJECT: Final = Subject("")
_DEFAULT_PREFIX: Final = ":.:"


@dataclass(frozen=True, slots=True)
class Description:
    """A schema, the version that used it first, if any is left, and its context's highest id."""

    schema: StoredSchema
    usage: Usage | None
    highest_id: SchemaId


def parse_version(text: str) -> VersionNumber | None:
    """Read a version number; `latest` in any case and -1 are None. Raises InvalidVersion."""
    if text.lower() == LATEST or text == "-1":
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_VERSION))):
        raise InvalidVersion(text)
    if not 0 < int(text) <= MAX_VERSION:
        raise InvalidVersion(text)
    return VersionNumber(int(text))


def has_prefix(subject: Subject, prefix: str) -> bool:
    """Tell whether a subject starts so; `:*:` looks at names in all contexts, `:.:` in one."""
    context, name = split_subject(subject)
    if prefix.startswith(ALL_CONTEXTS):
        return name.startswith(prefix.removeprefix(ALL_CONTEXTS))
    if prefix.startswith(_DEFAULT_PREFIX):
        return context == DEFAULT_CONTEXT and name.startswith(prefix.removeprefix(_DEFAULT_PREFIX))
    return subject.startswith(prefix)


def get_plain_prefix(prefix: str) -> str:
    """Return what all subjects with a prefix surely start with."""
    return "" if prefix.startswith((ALL_CONTEXTS, _DEFAULT_PREFIX)) else prefix


def locate(view: Reading, subject: Subject) -> Subject:
    """Return the subject that is meant: its alias, or the one of this name in another context.

    Other contexts are looked at only for a plain name that the default context does not have.
    """
    named = follow_alias(view, subject)
    if find_context(named) != DEFAULT_CONTEXT or view.list_versions(named):
        return named
    elsewhere = (qualify(context, named) for context in view.list_contexts()[1:])
    return next((other for other in elsewhere if view.list_versions(other)), named)


def list_existing(
    view: Reading, subject: Subject, *, with_deleted: bool
) -> Sequence[RegisteredSchema]:
    """Return a subject's versions; raises SubjectNotFound when there are none."""
    history = view.list_versions(subject)
    versions = history if with_deleted else select_live(history)
    if not versions:
        raise SubjectNotFound(subject)
    return versions


def get_version(
    view: Reading, subject: Subject, number: VersionNumber | None, *, with_deleted: bool
) -> RegisteredSchema:
    """Return one version, the latest for None; raises SubjectNotFound or VersionNotFound."""
    versions = list_existing(view, subject, with_deleted=with_deleted)
    if number is None:
        return versions[-1]
    for version in versions:
        if version.version == number:
            return version
    raise VersionNotFound(number)


def select_live(history: Sequence[RegisteredSchema]) -> list[RegisteredSchema]:
    """Return the versions that are not soft-deleted."""
    return [version for version in history if not version.is_deleted]


def describe_schema(
    view: Reading, schema_id: SchemaId, subject: Subject, *, is_expanded: bool
) -> Description:
    """Return the schema of an id in the context that `subject` leads to; raises SchemaNotFound."""
    named = follow_alias(view, subject) if subject else subject
    context, usages = _find_usages(view, schema_id, named)
    schema = view.find_schema(schema_id, context)
    if schema is None:
        raise SchemaNotFound(schema_id)
    if is_expanded:
        schema = replace(schema, schema=expand_stored(view, schema))
    own = [usage for usage in usages if usage.subject == qualify(context, split_subject(named)[1])]
    usage = min(own or usages, key=lambda u: (u.ts_ms, u.subject, u.version), default=None)
    return Description(schema, usage, view.get_highest_id(context))


def list_usages(
    view: Reading, schema_id: SchemaId, subject: Subject, *, with_deleted: bool
) -> list[Usage]:
    """Return the versions that use a schema, of one subject if it is named."""
    named = follow_alias(view, subject) if subject else subject
    context, usages = _find_usages(view, schema_id, named)
    if view.find_schema(schema_id, context) is None:
        raise SchemaNotFound(schema_id)
    name = split_subject(named)[1]
    return [
        usage
        for usage in usages
        if (with_deleted or not usage.is_deleted)
        and (not name or usage.subject == qualify(context, name))
    ]


def _find_usages(
    view: Reading, schema_id: SchemaId, subject: Subject
) -> tuple[Context, Sequence[Usage]]:
    """Return the context that is meant and the versions in it that use an id.

    A plain name leaves the context open: it is the first in which such a subject uses the id,
    else the default one.
    """
    context, name = split_subject(subject)
    usages = view.list_usages(schema_id, context)
    is_found = not name or any(usage.subject == subject for usage in usages)
    if context != DEFAULT_CONTEXT or is_found:
        return context, usages
    for other in view.list_contexts()[1:]:
        elsewhere = view.list_usages(schema_id, other)
        if any(usage.subject == qualify(other, name) for usage in elsewhere):
            return other, elsewhere
    return context, usages


def list_aliases(view: Reading) -> dict[Subject, list[Subject]]:
    """Return for each subject the names that lead to it, in order."""
    aliases: dict[Subject, list[Subject]] = {}
    for name, settings in view.list_settings().items():
        alias = None if settings.config is None else settings.config.alias
        if alias is not None:
            aliases.setdefault(parse_subject(alias), []).append(name)
    return aliases
