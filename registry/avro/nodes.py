"""A parsed Avro schema as a tree; a named type used twice is one node reached twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

Props = Mapping[str, Any]

NO_DEFAULT: Final = object()

PRIMITIVES: Final = frozenset(
    {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
)
TYPE_WORDS: Final = PRIMITIVES | {"record", "enum", "array", "map", "union", "fixed"}


@dataclass(frozen=True, slots=True)
class Name:
    """A named type's name, taken apart; `space` is None in the null namespace."""

    short: str
    space: str | None

    @property
    def full(self) -> str:
        """The name with its namespace."""
        return f"{self.space}.{self.short}" if self.space else self.short

    def seen_from(self, space: str | None) -> str:
        """Return what Avro Java writes for this name inside namespace `space`.

        A name that reads like a type (`string`) keeps its namespace, else it would become one.
        """
        if self.space == space and (space is None or self.short not in TYPE_WORDS):
            return self.short
        return self.full

    @classmethod
    def of(cls, text: str, space: str | None) -> "Name":
        """Take `text` apart; without a dot it lives in `space`."""
        before, dot, short = text.rpartition(".")
        return cls(short, (before if dot else space) or None)


@dataclass(slots=True, eq=False)
class Primitive:
    """One of the eight primitive types."""

    type: str
    props: Props


@dataclass(slots=True, eq=False)
class Array:
    """A list of `items`."""

    items: "Node"
    props: Props
    type: ClassVar[str] = "array"


@dataclass(slots=True, eq=False)
class Map:
    """String keys to `values`."""

    values: "Node"
    props: Props
    type: ClassVar[str] = "map"


@dataclass(slots=True, eq=False)
class Union:
    """One of several branches."""

    branches: tuple["Node", ...]
    type: ClassVar[str] = "union"


@dataclass(slots=True, eq=False)
class Fixed:
    """`size` bytes under a name."""

    name: Name
    size: int
    doc: str | None
    aliases: tuple[Name, ...]
    props: Props
    type: ClassVar[str] = "fixed"


@dataclass(slots=True, eq=False)
class Enum:
    """One of `symbols` under a name; `default` stands in for unknown symbols when reading."""

    name: Name
    symbols: tuple[str, ...]
    default: str | None
    doc: str | None
    aliases: tuple[Name, ...]
    props: Props
    type: ClassVar[str] = "enum"


@dataclass(slots=True, eq=False)
class Field:
    """A record's field; `default` is its JSON value or NO_DEFAULT."""

    name: str
    schema: "Node"
    doc: str | None
    default: Any
    order: str
    aliases: tuple[str, ...]
    props: Props


@dataclass(slots=True, eq=False)
class Record:
    """Named fields; `fields` is filled after the record is known, so that it can contain itself."""

    name: Name
    is_error: bool
    doc: str | None
    aliases: tuple[Name, ...]
    props: Props
    fields: tuple[Field, ...] = ()
    by_name: dict[str, Field] = field(default_factory=dict)
    type: ClassVar[str] = "record"


Named = Record | Enum | Fixed
Node = Primitive | Array | Map | Union | Fixed | Enum | Record
