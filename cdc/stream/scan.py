"""A raw Avro schema → the opcode program that finds what is wanted in its messages.

Enters: the writer's schema as a tree and the wanted columns. Leaves: `Scan`, the program for
`cdc.kernels.parse` and where each thing is captured. Schemas that the program cannot answer for as
a whole are declined (`DeclinedError` says why); single messages are declined as they come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdc.kernels.opcodes import MAX_DEPTH, Opcode
from registry.avro.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union
from registry.derive.from_debezium import RawColumn

MAX_INSTRUCTIONS = 20_000

Program = npt.NDArray[np.int32]


class DeclinedError(Exception):
    """The schema, or a wanted column's form in it, is one that the kernels do not read."""


@dataclass(frozen=True, slots=True)
class Image:
    """Captures of one row image: whether it is there, and per wanted column its slice.

    A geometry has two: its WKB and its SRID.
    """

    there: int
    columns: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """The program and its captures; `source_ts` are `ts_us` and `ts_ms`, -1 where there is none."""

    code: Program
    jumps: Program
    captures: int
    op: int
    source_ts: tuple[int, int]
    before: Image
    after: Image


_FIXED_SIZES = {"boolean": 1, "float": 4, "double": 8}
_SCALARS: Mapping[tuple[str, str], Opcode] = {
    ("boolean", "boolean"): Opcode.TAKE_BOOLEAN,
    **{
        (connect, avro): Opcode.TAKE_VARINT
        for connect in ("int8", "int16", "int32", "int64")
        for avro in ("int", "long")
    },
    ("float", "float"): Opcode.TAKE_FLOAT,
    ("string", "string"): Opcode.TAKE_STRING,
    ("bytes", "bytes"): Opcode.TAKE_BYTES,
}
"""Connect's type and Avro's: what takes such a value as it stands."""


def compile_scan(root: Node, wanted: Sequence[RawColumn]) -> Scan:
    """The program of an envelope's schema.

    Raises:
        DeclinedError: the kernels cannot read it.
    """
    return _Compiler(wanted).envelope(root)


class _Compiler:
    """Writes instructions as it walks the schema."""

    def __init__(self, wanted: Sequence[RawColumn]) -> None:
        self._wanted = {column.name: column for column in wanted}
        self._code: list[int] = []
        self._jumps: list[int] = []
        self._open: list[Record] = []
        self._blocks = 0
        self._captures = 0
        self._found: dict[str, int] = {}
        self._images: dict[str, Image] = {}

    def envelope(self, root: Node) -> Scan:
        if not isinstance(root, Record):
            raise DeclinedError("no record")
        fields: Mapping[str, Callable[[Node], None]] = {
            "before": lambda node: self._image("before", node),
            "after": lambda node: self._image("after", node),
            "source": self._source,
            "op": lambda node: self._named("op", node, Opcode.TAKE_STRING, "string"),
        }
        self._record(root, fields)
        self._emit(Opcode.END)
        missing = {"op", "before", "after"} - {*self._found, *self._images}
        if missing or not {"ts_us", "ts_ms"} & set(self._found):
            raise DeclinedError("an envelope without all that is needed of it")
        source_ts = self._found.get("ts_us", -1), self._found.get("ts_ms", -1)
        return Scan(
            np.array(self._code, np.int32),
            np.array(self._jumps, np.int32),
            self._captures,
            self._found["op"],
            source_ts,
            self._images["before"],
            self._images["after"],
        )

    def _emit(self, op: Opcode, first: int = 0, second: int = 0) -> int:
        if len(self._code) >= 3 * MAX_INSTRUCTIONS:
            raise DeclinedError("a schema of too many parts")
        self._code += [op, first, second]
        return len(self._code) - 3

    def _capture(self) -> int:
        self._captures += 1
        return self._captures - 1

    def _record(self, record: Record, special: Mapping[str, Callable[[Node], None]]) -> None:
        if record in self._open:
            raise DeclinedError("a type that contains itself")
        self._open.append(record)
        for field in record.fields:
            special.get(field.name, self._skip)(field.schema)
        self._open.pop()

    def _source(self, node: Node) -> None:
        def source(record: Node) -> None:
            if not isinstance(record, Record):
                raise DeclinedError("a source that is no record")
            take = Opcode.TAKE_VARINT
            self._record(
                record,
                {
                    "ts_us": lambda node: self._named("ts_us", node, take, "long"),
                    "ts_ms": lambda node: self._named("ts_ms", node, take, "long"),
                },
            )

        self._through(node, source)

    def _named(self, name: str, node: Node, take: Opcode, avro: str) -> None:
        self._found[name] = self._capture()

        def value(inner: Node) -> None:
            if inner.type != avro:
                raise DeclinedError(f"{name} of type {inner.type}")
            self._emit(take, self._found[name])

        self._through(node, value)

    def _image(self, name: str, node: Node) -> None:
        there = self._capture()
        columns: dict[str, tuple[int, ...]] = {}

        def column(wanted: RawColumn) -> Callable[[Node], None]:
            def take(node: Node) -> None:
                columns[wanted.name] = self._column(wanted, node)

            return take

        def row(record: Node) -> None:
            if not isinstance(record, Record):
                raise DeclinedError("a row that is no record")
            self._emit(Opcode.TAKE_FIXED, there, 0)
            self._record(record, {c: column(wanted) for c, wanted in self._wanted.items()})

        self._through(node, row)
        if columns.keys() != self._wanted.keys():
            raise DeclinedError("a row image without all columns")
        self._images[name] = Image(there, tuple(columns[c] for c in self._wanted))

    def _column(self, column: RawColumn, node: Node) -> tuple[int, ...]:
        if column.raw.connect == "struct":
            return self._geometry(node)
        capture = self._capture()
        self._through(node, lambda inner: self._take(column.raw.connect, inner, capture))
        return (capture,)

    def _take(self, connect: str, node: Node, capture: int) -> None:
        if (connect, node.type) == ("double", "double"):
            self._emit(Opcode.TAKE_FIXED, capture, _FIXED_SIZES["double"])
        elif connect == "array" and isinstance(node, Array) and node.items.type == "float":
            self._emit(Opcode.TAKE_FLOATS, capture)
        elif (connect, node.type) in _SCALARS:
            self._emit(_SCALARS[connect, node.type], capture)
        else:
            raise DeclinedError(f"{connect} as {node.type}")

    def _geometry(self, node: Node) -> tuple[int, ...]:
        wkb, srid = self._capture(), self._capture()

        def geometry(record: Node) -> None:
            if not isinstance(record, Record) or not {"wkb", "srid"} <= set(record.by_name):
                raise DeclinedError("a struct that is no geometry")
            self._record(
                record,
                {
                    "wkb": lambda inner: self._through(
                        inner, lambda node: self._take("bytes", node, wkb)
                    ),
                    "srid": lambda inner: self._through(
                        inner, lambda node: self._take("int32", node, srid)
                    ),
                },
            )

        self._through(node, geometry)
        return wkb, srid

    def _through(self, node: Node, visit: Callable[[Node], None]) -> None:
        """Visit a type, or the one branch of a union that is not null; others are declined."""
        if not isinstance(node, Union):
            visit(node)
            return
        first = next((branch for branch in node.branches if branch.type != "null"), None)

        def branch(inner: Node) -> None:
            if inner is first:
                visit(inner)
            elif inner.type != "null":
                self._emit(Opcode.DECLINE)

        self._union(node, branch)

    def _union(self, node: Union, visit: Callable[[Node], None]) -> None:
        table = len(self._jumps)
        self._jumps += [0] * len(node.branches)
        self._emit(Opcode.UNION, len(node.branches), table)
        ends = []
        for number, branch in enumerate(node.branches):
            self._jumps[table + number] = len(self._code)
            visit(branch)
            ends.append(self._emit(Opcode.JUMP))
        for end in ends:
            self._code[end + 1] = len(self._code)

    def _skip(self, node: Node) -> None:
        match node:
            case Record():
                self._record(node, {})
            case Union():
                self._union(node, self._skip)
            case Array(items):
                self._skip_blocks(lambda: self._skip(items))
            case Map(values):
                self._skip_blocks(lambda: self._skip_pair(values))
            case Fixed():
                self._emit(Opcode.FIXED, node.size)
            case Enum():
                self._emit(Opcode.ENUM, len(node.symbols))
            case Primitive():
                self._skip_primitive(node.type)

    def _skip_pair(self, values: Node) -> None:
        self._emit(Opcode.BYTES)
        self._skip(values)

    def _skip_primitive(self, avro: str) -> None:
        if avro in _FIXED_SIZES:
            self._emit(Opcode.FIXED, _FIXED_SIZES[avro])
        elif avro in ("string", "bytes"):
            self._emit(Opcode.BYTES)
        elif avro != "null":
            self._emit(Opcode.VARINT)

    def _skip_blocks(self, item: Callable[[], None]) -> None:
        self._blocks += 1
        if self._blocks > MAX_DEPTH:
            raise DeclinedError("arrays nested too deeply")
        begin = self._emit(Opcode.OPEN_BLOCKS)
        target = len(self._code)
        item()
        self._emit(Opcode.CLOSE_BLOCKS, target)
        self._code[begin + 1] = len(self._code)
        self._blocks -= 1
