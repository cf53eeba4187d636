"""The only door to fastavro, and the home of Avro schemas as text, tree and reader or writer.

Schema text comes in; what leaves is a `Schema` (canonical string and tree), its normalized form
and fingerprint, and functions that decode and encode single Avro binary datums.
"""

from registry.avro.codec import make_reader, make_writer
from registry.avro.schema import (
    Schema,
    expand,
    fingerprint,
    list_field_names,
    normalize,
    parse_lenient,
    parse_strict,
    to_parsing_form,
)
from registry.avro.tags import TaggedPlace, change_tags, find_tags

__all__ = [
    "Schema",
    "TaggedPlace",
    "change_tags",
    "expand",
    "find_tags",
    "fingerprint",
    "list_field_names",
    "make_reader",
    "make_writer",
    "normalize",
    "parse_lenient",
    "parse_strict",
    "to_parsing_form",
]
