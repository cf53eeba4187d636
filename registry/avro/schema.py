"""Schema: text that has been parsed, in the form that Confluent compares and returns."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from registry.avro.nodes import Named, Node, Record
from registry.avro.parse import SchemaParser
from registry.avro.render import render_canonical, render_normalized, render_parsing_form
from registry.errors import InvalidSchemaError

_T = TypeVar("_T")

NO_REFERENCES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Schema:
    """A parsed schema; equal when the canonical strings are.

    `canonical` is Avro Java's Schema.toString(), `json` the structure as it was given, `root` the
    tree, `referenced` the full names of types that come from references.
    """

    canonical: str
    json: object = field(repr=False, compare=False)
    root: Node = field(repr=False, compare=False)
    referenced: frozenset[str] = field(default=frozenset(), repr=False, compare=False)


def parse_strict(text: str, references: Mapping[str, str] = NO_REFERENCES) -> Schema:
    """Parse a schema that is new: namespaces and defaults are checked too.

    `references` are schema texts by name, each after those it needs itself. Raises
    InvalidSchemaError.
    """
    return _guard(lambda: _parse(text, references, is_strict=True))


def parse_lenient(text: str, references: Mapping[str, str] = NO_REFERENCES) -> Schema:
    """Parse a schema that is stored already; raises InvalidSchemaError where nothing helps."""
    return _guard(lambda: _parse(text, references, is_strict=False))


def normalize(schema: Schema) -> str:
    """Return the canonical string of the schema's normalized form (Confluent's normalize=true)."""
    return _guard(lambda: render_normalized(schema.root, schema.referenced))


def list_field_names(schema: Schema) -> list[str]:
    """Return the names of a record's own fields, none for other schemas."""
    return list(schema.root.by_name) if isinstance(schema.root, Record) else []


def expand(schema: Schema) -> str:
    """Return the canonical string with the referenced types written out."""
    return _guard(lambda: render_canonical(schema.root))


def to_parsing_form(schema: Schema) -> str:
    """Return Avro's Parsing Canonical Form."""
    return _guard(lambda: render_parsing_form(schema.root))


def fingerprint(schema: Schema) -> str:
    """Return the SHA-256 of the Parsing Canonical Form in hex: equal means equal bytes."""
    return hashlib.sha256(to_parsing_form(schema).encode()).hexdigest()


def _parse(text: str, references: Mapping[str, str], *, is_strict: bool) -> Schema:
    names = _learn_names(references)
    structure = _load(text)
    root = SchemaParser(is_strict=is_strict, names=names).parse(structure)
    canonical = render_canonical(root, names)
    return Schema(canonical, structure, root, frozenset(names))


def _learn_names(references: Mapping[str, str]) -> Mapping[str, Named]:
    parser = SchemaParser(is_strict=False)
    for text in references.values():
        parser.parse(_load(text))
    return parser.names


def _load(text: str) -> Any:
    text.encode()
    if not text.strip():
        raise InvalidSchemaError("Empty schema")
    try:
        structure = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise InvalidSchemaError(f"The schema is not JSON: {error}") from None
    if "\\ud" in text.lower():  # an escaped half of a surrogate pair could not travel in UTF-8
        json.dumps(structure, ensure_ascii=False).encode()
    return structure


def _refuse_constant(name: str) -> Any:
    raise InvalidSchemaError(f"The schema is not JSON: {name} is no JSON number")


def _guard(work: Callable[[], _T]) -> _T:
    """Run `work`; what only hostile depth or broken Unicode can cause is an invalid schema."""
    try:
        return work()
    except RecursionError:
        raise InvalidSchemaError("Schema is nested too deeply") from None
    except UnicodeEncodeError:
        raise InvalidSchemaError("Schema holds half of a surrogate pair") from None
