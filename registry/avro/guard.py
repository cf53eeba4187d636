"""Walks a datum before fastavro decodes it, where the schema lets bytes command unbounded work.

fastavro recurses in C without a check, so some thousand levels of a recursive type end the process
with a segmentation fault; and an array of items that take no bytes (null, empty records) can claim
2^62 of them in nine bytes. Schemas that can do neither, such as all of Debezium's, need no walk.
"""

from collections.abc import Callable
from typing import Final

from registry.avro.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union
from registry.errors import DecodeError

MAX_DATUM_DEPTH: Final = 128
MAX_EMPTY_ITEMS: Final = 1_000_000

Guard = Callable[[bytes, int], None]


def make_guard(root: Node) -> Guard | None:
    """Return a check of datum and offset that raises DecodeError, or None where none is needed."""
    if not _needs_guard(root, ()):
        return None

    def check(data: bytes, offset: int) -> None:
        _Walk(data, offset).walk(root, 0)

    return check


def _needs_guard(node: Node, open_records: tuple[Record, ...]) -> bool:
    match node:
        case Record():
            inside = (*open_records, node)
            return node in open_records or any(_needs_guard(f.schema, inside) for f in node.fields)
        case Union(branches):
            return any(_needs_guard(branch, open_records) for branch in branches)
        case Array(items):
            return _needs_guard(items, open_records) or _can_be_empty(items)
        case Map(values):
            return _needs_guard(values, open_records)
    return False


def _can_be_empty(node: Node) -> bool:
    """Tell whether a value may take no byte at all; a record in itself takes a union's byte."""
    match node:
        case Primitive("null"):
            return True
        case Fixed():
            return node.size == 0
        case Record():
            return all(_can_be_empty(field.schema) for field in node.fields)
    return False


class _Walk:
    """Reads lengths and branch numbers, skips values; a position past the end is fastavro's."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def walk(self, node: Node, depth: int) -> None:
        if depth > MAX_DATUM_DEPTH:
            raise DecodeError(f"The datum is nested deeper than {MAX_DATUM_DEPTH} levels")
        match node:
            case Record():
                for field in node.fields:
                    self.walk(field.schema, depth + 1)
            case Union(branches):
                self.walk(self._pick(branches), depth + 1)
            case Array(items):
                self._walk_blocks(items, depth, has_keys=False)
            case Map(values):
                self._walk_blocks(values, depth, has_keys=True)
            case Fixed():
                self._position += node.size
            case Enum():
                self._read_long()
            case _:
                self._skip_primitive(node.type)

    def _walk_blocks(self, item: Node, depth: int, *, has_keys: bool) -> None:
        while count := self._read_long():
            if count < 0:
                self._read_long()  # the block's size in bytes, for readers that skip
            if abs(count) > max(MAX_EMPTY_ITEMS, len(self._data)):
                raise DecodeError("A block claims more items than the datum can hold")
            for _ in range(abs(count)):
                if has_keys:
                    self._skip_primitive("string")
                self.walk(item, depth + 1)

    def _pick(self, branches: tuple[Node, ...]) -> Node:
        index = self._read_long()
        if not 0 <= index < len(branches):
            raise DecodeError("A union's branch number is out of range")
        return branches[index]

    def _skip_primitive(self, type_: str) -> None:
        if type_ in ("int", "long"):
            self._read_long()
        elif type_ in ("bytes", "string"):
            size = self._read_long()
            if size < 0:
                raise DecodeError("A length is negative")
            self._position += size
        else:
            self._position += _SIZES[type_]

    def _read_long(self) -> int:
        value = shift = 0
        while True:
            if self._position >= len(self._data):
                raise DecodeError("The datum ends before its schema does")
            byte = self._data[self._position]
            self._position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)
            shift += 7


_SIZES: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}
