"""Where in a pair of schemas something stands, and types in words."""

import re
from dataclasses import dataclass
from typing import Any, Final

from registry.avro.nodes import Array, Enum, Fixed, Map, Named, Node, Primitive, Record, Union

# The records of one table: Debezium's row, event and key, and the governed row
_PARTS: Final = {"Value": "column", "Envelope": "envelope field", "Key": "key column"}
_MAJOR: Final = re.compile(r"v\d+")
_WORDS_OF_SYMBOLS: Final = 5
_DEPTH_OF_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a record, or (`field` empty) the record or type itself.

    `part` says what it is: a column, a key column, an envelope field or a field. `owner` is the
    table (`shop.users`) where the record's full name tells one, else the record; `record` is the
    record's own short name. `path` leads there from the root of the schema: field names, with `[]`
    into arrays and `{}` into maps.
    """

    part: str
    owner: str
    record: str
    field: str
    path: str

    @property
    def name(self) -> str:
        """`table.column`, else `record.field`."""
        return f"{self.owner}.{self.field}" if self.field else self.owner


def place_field(record: Record, field: str, path: str) -> Place:
    """Return the place of a record's field; the record's full name says which table's it is."""
    table = read_table(record)
    if table is None:
        return Place("field", record.name.short, record.name.short, field, path)
    return Place(_PARTS[record.name.short], table, record.name.short, field, path)


def place_type(node: Node, path: str) -> Place:
    """Return the place of a type that no field stands for: a root, or a named type."""
    owner = node.name.short if isinstance(node, Named) else "schema"
    return Place(node.type if isinstance(node, Named) else "type", owner, owner, "", path)


def read_table(record: Record) -> str | None:
    """Return `db.table` of `<prefix>.<db>.<table>.Value`, `.Envelope` or `.Key`, else None.

    A governed record has its major version behind the table: `governed.shop.users.v1.Value`.
    """
    if record.name.short not in _PARTS or record.name.space is None:
        return None
    parts = record.name.space.split(".")
    if len(parts) > 1 and _MAJOR.fullmatch(parts[-1]):
        parts.pop()
    return ".".join(parts[-2:]) if len(parts) > 2 else None


def describe_type(node: Node, depth: int = 0) -> str:
    """Return a type in words, such as `nullable decimal(10,2) as bytes`; `depth` is how far in."""
    if depth > _DEPTH_OF_WORDS:
        return "…"
    match node:
        case Union(branches):
            return _describe_union(branches, depth)
        case Array(items):
            return f"array of {describe_type(items, depth + 1)}"
        case Map(values):
            return f"map of {describe_type(values, depth + 1)}"
        case Primitive():
            return _describe_meaning(node.type, node.props)
    return _describe_named(node)


def _describe_union(branches: tuple[Node, ...], depth: int) -> str:
    values = [branch for branch in branches if branch.type != "null"]
    text = " or ".join(describe_type(branch, depth + 1) for branch in values) or "nothing"
    if len(values) == len(branches) or not values:
        return text if branches else "empty union"
    return f"nullable {text}" if len(values) == 1 else f"{text} or null"


def _describe_named(node: Named) -> str:
    match node:
        case Fixed():
            plain = f"fixed {node.name.short} of {node.size} bytes"
            return _describe_meaning(plain, node.props)
        case Enum():
            shown = ", ".join(node.symbols[:_WORDS_OF_SYMBOLS])
            more = ", …" if len(node.symbols) > _WORDS_OF_SYMBOLS else ""
            return f"enum {node.name.short} ({shown}{more})"
    return f"record {node.name.short}"


def _describe_meaning(plain: str, props: Any) -> str:
    """Put what the bytes mean before what they are: Avro's logical type, else Connect's name."""
    meaning = props.get("logicalType")
    if meaning == "decimal":
        return f"decimal({props.get('precision')},{props.get('scale', 0)}) as {plain}"
    if not isinstance(meaning, str):
        name = props.get("connect.name")
        meaning = name.rpartition(".")[2] if isinstance(name, str) else None
    return f"{meaning} as {plain}" if meaning else plain
