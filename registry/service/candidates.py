"""From a schema as it is handed in to one that can be compared and stored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import orjson

from registry.avro import Schema, expand, normalize, parse_lenient, parse_strict
from registry.errors import InvalidSchemaError
from registry.model import (
    Context,
    Json,
    NewSchema,
    Reference,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    VersionNumber,
    find_context,
    resolve_in,
)
from registry.store.port import Reading

# A subject's history is parsed at each check, and a schema is often handed in twice in a row;
# kept trees cost some 20 kB for a schema of twenty fields.
_PARSED_KEPT: Final = 128
_LATEST_REFERENCE: Final = -1

Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A schema that is registered, looked up or checked: its tree and what would be stored."""

    parsed: Schema
    text: str
    hash: str
    references: tuple[Reference, ...]
    metadata: Json | None
    rule_set: Json | None


def prepare(
    view: Reading, context: Context, new: NewSchema, *, is_strict: bool, normalizes: bool
) -> Candidate:
    """Parse a schema that refers to others of a context; raises InvalidSchemaError."""
    if new.schema_type != "AVRO":
        raise InvalidSchemaError(
            f"Invalid schema type {new.schema_type}. This registry keeps schemas of type AVRO"
        )
    references = pin_references(view, new.references, context)
    parse = _parse_new if is_strict else _parse_known
    parsed = parse(new.schema, collect_texts(view, references, context))
    if normalizes:
        references = tuple(sorted(set(references), key=lambda r: (r.name, r.subject, r.version)))
    text = normalize(parsed) if normalizes else parsed.canonical
    digest = hash_contents(text, references, new.metadata, new.rule_set)
    return Candidate(parsed, text, digest, references, new.metadata, new.rule_set)


def parse_registered(view: Reading, registered: RegisteredSchema) -> Schema:
    """Parse a stored version with the schemas it refers to."""
    texts = collect_texts(view, registered.references, find_context(registered.subject))
    return _parse_known(registered.schema, texts)


def expand_stored(view: Reading, schema: StoredSchema) -> str:
    """Return a stored schema with the types it refers to written out."""
    texts = collect_texts(view, schema.references, schema.context)
    return expand(_parse_known(schema.schema, texts))


_parse_new = lru_cache(_PARSED_KEPT)(lambda text, texts: parse_strict(text, dict(texts)))
_parse_known = lru_cache(_PARSED_KEPT)(lambda text, texts: parse_lenient(text, dict(texts)))


def hash_contents(
    text: str, references: Sequence[Reference], metadata: Json | None, rule_set: Json | None
) -> str:
    """Return the MD5 in hex that says whether two schemas are one: text, references, extras."""
    named = [(r.name, r.subject, r.version) for r in references]
    contents = orjson.dumps([text, named, metadata, rule_set], option=orjson.OPT_SORT_KEYS)
    return hashlib.md5(contents, usedforsecurity=False).hexdigest()


def pin_references(
    view: Reading, references: Sequence[Reference], context: Context
) -> tuple[Reference, ...]:
    """Replace version -1 by the number of the latest version."""
    return tuple(
        replace(reference, version=find_referred(view, reference, context).version)
        if reference.version == _LATEST_REFERENCE
        else reference
        for reference in references
    )


def find_referred(view: Reading, reference: Reference, context: Context) -> RegisteredSchema:
    """Return the version a reference means; raises InvalidSchemaError when there is none."""
    history = view.list_versions(resolve_in(context, reference.subject))
    if reference.version == _LATEST_REFERENCE:
        found = next((v for v in reversed(history) if not v.is_deleted), None)
    else:
        found = next((v for v in history if v.version == reference.version), None)
    if found is None:
        raise InvalidSchemaError(
            f'No schema reference found for subject "{reference.subject}" and version'
            f" {reference.version}"
        )
    return found


def collect_texts(view: Reading, references: Sequence[Reference], context: Context) -> Texts:
    """Return the texts that references mean, each after those it needs, once each.

    A subject without context is looked for in that of the schema which refers to it.
    """
    texts: dict[tuple[str, VersionNumber], tuple[str, str]] = {}
    open_: list[tuple[Context, SchemaId]] = []

    def visit(reference: Reference, beside: Context) -> None:
        subject = resolve_in(beside, reference.subject)
        if (subject, reference.version) in texts:
            return
        referred = find_referred(view, reference, beside)
        inside = find_context(subject)
        if (inside, referred.id) in open_:
            raise InvalidSchemaError(f'Reference to "{reference.subject}" refers to itself')
        open_.append((inside, referred.id))
        for deeper in referred.references:
            visit(deeper, inside)
        open_.pop()
        texts[subject, reference.version] = (f"{subject}:{reference.version}", referred.schema)

    for reference in references:
        visit(reference, context)
    return tuple(texts.values())


def is_same_schema(view: Reading, candidate: Candidate, registered: RegisteredSchema) -> bool:
    """Tell whether a version holds the candidate's schema, whatever extras it carries.

    With references in play the written-out schemas are compared: a type may come from a reference
    in one and stand in place in the other.
    """
    if candidate.text == registered.schema and candidate.references == registered.references:
        return True
    if not candidate.references and not registered.references:
        return False
    return expand(candidate.parsed) == expand(parse_registered(view, registered))


def has_extras_of(candidate: Candidate, registered: RegisteredSchema) -> bool:
    """Tell whether the candidate leaves metadata and rule set open or states the version's."""
    return (candidate.metadata is None or candidate.metadata == registered.metadata) and (
        candidate.rule_set is None or candidate.rule_set == registered.rule_set
    )
