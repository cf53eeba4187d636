"""A raw Avro schema → the opcode program that finds what is wanted in its messages.

Enters: the writer's schema as a tree and the wanted columns. Leaves: `Scan`, the program for
`cdc.kernels.parse` and where each thing is captured. Schemas that the program cannot answer for as
a whole are declined (`DeclinedError` says why); single messages are declined as they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cdc.kernels.opcodes import Opcode
from cdc.stream.instructions import SIZES, DeclinedError, Instructions, Program, Visit
from registry.avro.nodes import Array, Node, Record
from registry.derive.from_debezium import RawColumn


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
        self._out = Instructions()
        self._found: dict[str, int] = {}
        self._images: dict[str, Image] = {}

    def envelope(self, root: Node) -> Scan:
        if not isinstance(root, Record):
            raise DeclinedError("no record")
        fields: Mapping[str, Visit] = {
            "before": lambda node: self._image("before", node),
            "after": lambda node: self._image("after", node),
            "source": self._source,
            "op": lambda node: self._named("op", node, Opcode.TAKE_STRING, "string"),
        }
        self._out.record(root, fields)
        self._out.emit(Opcode.END)
        missing = {"op", "before", "after"} - {*self._found, *self._images}
        if missing or not {"ts_us", "ts_ms"} & set(self._found):
            raise DeclinedError("an envelope without all that is needed of it")
        source_ts = self._found.get("ts_us", -1), self._found.get("ts_ms", -1)
        return Scan(
            self._out.code,
            self._out.jumps,
            self._out.captures,
            self._found["op"],
            source_ts,
            self._images["before"],
            self._images["after"],
        )

    def _source(self, node: Node) -> None:
        def source(record: Node) -> None:
            if not isinstance(record, Record):
                raise DeclinedError("a source that is no record")
            take = Opcode.TAKE_VARINT
            self._out.record(
                record,
                {
                    "ts_us": lambda node: self._named("ts_us", node, take, "long"),
                    "ts_ms": lambda node: self._named("ts_ms", node, take, "long"),
                },
            )

        self._out.through(node, source)

    def _named(self, name: str, node: Node, take: Opcode, avro: str) -> None:
        self._found[name] = self._out.capture()

        def value(inner: Node) -> None:
            if inner.type != avro:
                raise DeclinedError(f"{name} of type {inner.type}")
            self._out.emit(take, self._found[name])

        self._out.through(node, value)

    def _image(self, name: str, node: Node) -> None:
        there = self._out.capture()
        columns: dict[str, tuple[int, ...]] = {}

        def column(wanted: RawColumn) -> Visit:
            def take(node: Node) -> None:
                columns[wanted.name] = self._column(wanted, node)

            return take

        def row(record: Node) -> None:
            if not isinstance(record, Record):
                raise DeclinedError("a row that is no record")
            self._out.emit(Opcode.TAKE_FIXED, there, 0)
            self._out.record(record, {c: column(wanted) for c, wanted in self._wanted.items()})

        self._out.through(node, row)
        if columns.keys() != self._wanted.keys():
            raise DeclinedError("a row image without all columns")
        self._images[name] = Image(there, tuple(columns[c] for c in self._wanted))

    def _column(self, column: RawColumn, node: Node) -> tuple[int, ...]:
        if column.raw.connect == "struct":
            return self._geometry(node)
        capture = self._out.capture()
        self._out.through(node, lambda inner: self._take(column.raw.connect, inner, capture))
        return (capture,)

    def _take(self, connect: str, node: Node, capture: int) -> None:
        if (connect, node.type) == ("double", "double"):
            self._out.emit(Opcode.TAKE_FIXED, capture, SIZES["double"])
        elif connect == "array" and isinstance(node, Array) and node.items.type == "float":
            self._out.emit(Opcode.TAKE_FLOATS, capture)
        elif (connect, node.type) in _SCALARS:
            self._out.emit(_SCALARS[connect, node.type], capture)
        else:
            raise DeclinedError(f"{connect} as {node.type}")

    def _geometry(self, node: Node) -> tuple[int, ...]:
        wkb, srid = self._out.capture(), self._out.capture()

        def geometry(record: Node) -> None:
            if not isinstance(record, Record) or not {"wkb", "srid"} <= set(record.by_name):
                raise DeclinedError("a struct that is no geometry")
            self._out.record(
                record,
                {
                    "wkb": lambda inner: self._out.through(
                        inner, lambda node: self._take("bytes", node, wkb)
                    ),
                    "srid": lambda inner: self._out.through(
                        inner, lambda node: self._take("int32", node, srid)
                    ),
                },
            )

        self._out.through(node, geometry)
        return wkb, srid
