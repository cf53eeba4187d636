"""The seven compatibility levels over a subject's versions, with Confluent's list of messages.

Clients print and match these messages, so their text is part of the protocol.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registry.avro import Schema
from registry.compatibility.rules import Incompatibility, Problem, find_incompatibilities
from registry.errors import AmbiguousFieldError
from registry.model import CompatibilityLevel, VersionNumber

# Confluent cuts the old schema in its messages here (10 KiB, counted in characters)
MAX_QUOTED_SCHEMA: Final = 10 * 1024

_DESCRIPTIONS: Final[Mapping[Problem, str]] = {
    Problem.NAME_MISMATCH: "The name of the schema has changed (path '{path}')",
    Problem.FIXED_SIZE_MISMATCH: (
        "The size of FIXED type field at path '{path}' in the {reader} schema does not match "
        "with the {writer} schema"
    ),
    Problem.MISSING_ENUM_SYMBOLS: (
        "The {reader} schema is missing enum symbols '{info}' at path '{path}' "
        "in the {writer} schema"
    ),
    Problem.READER_FIELD_MISSING_DEFAULT_VALUE: (
        "The field '{info}' at path '{path}' in the {reader} schema has no default value and is "
        "missing in the {writer} schema"
    ),
    Problem.TYPE_MISMATCH: (
        "The type (path '{path}') of a field in the {reader} schema does not match "
        "with the {writer} schema"
    ),
    Problem.MISSING_UNION_BRANCH: (
        "The {reader} schema is missing a type inside a union field at path '{path}' "
        "in the {writer} schema"
    ),
}


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """A live version that a new schema is compared with."""

    version: VersionNumber
    schema: Schema


def check_level(
    new: Schema, earlier: Sequence[EarlierVersion], level: CompatibilityLevel
) -> list[str]:
    """Return Confluent's messages about `new` at `level`, none when it is compatible.

    `earlier` is in order of version. The latest is asked first, and the first version that
    objects ends the walk, as in Confluent.
    """
    return next(iter(check_each(new, earlier, level)), [])


def check_each(
    new: Schema, earlier: Sequence[EarlierVersion], level: CompatibilityLevel
) -> Iterator[list[str]]:
    """Yield the messages of every version that objects, newest first."""
    asked = earlier if level.is_transitive else earlier[-1:]
    for version in reversed(asked):
        messages = _compare(new, version, level)
        if messages:
            yield messages


def _compare(new: Schema, old: EarlierVersion, level: CompatibilityLevel) -> list[str]:
    """Forward findings come before backward ones; of FULL only the latter quote the old schema."""
    messages: list[str] = []
    if level.old_reads_new:
        messages += _describe_findings(old.schema, new, "old", "new")
    quotes_old = bool(messages) and not level.new_reads_old
    if level.new_reads_old:
        backward = _describe_findings(new, old.schema, "new", "old")
        messages += backward
        quotes_old = bool(backward)
    return messages + _quote_old(old) if quotes_old else messages


def _describe_findings(reader: Schema, writer: Schema, reader_is: str, writer_is: str) -> list[str]:
    try:
        findings = find_incompatibilities(reader, writer)
    except AmbiguousFieldError as error:
        return [f"Unexpected exception during compatibility check: {error}"]
    return [_describe_finding(finding, reader_is, writer_is) for finding in findings]


def _describe_finding(finding: Incompatibility, reader: str, writer: str) -> str:
    description = _DESCRIPTIONS[finding.type].format(
        path=finding.location, info=finding.message, reader=reader, writer=writer
    )
    return (
        f"{{errorType:'{finding.type}', description:'{description}', "
        f"additionalInfo:'{finding.message}'}}"
    )


def _quote_old(old: EarlierVersion) -> list[str]:
    text = old.schema.canonical
    quoted = f"'{text}'"
    if len(text) > MAX_QUOTED_SCHEMA:
        quoted = f"<truncated> '{text[:MAX_QUOTED_SCHEMA]}...'"
    return [f"{{oldSchemaVersion: {old.version}}}", f"{{oldSchema: {quoted}}}"]
