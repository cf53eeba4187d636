"""Writes instructions for the parse kernel as it walks an Avro schema.

Enters: nodes of a schema's tree. Leaves: a program that passes over them, and over what a visitor
has written other instructions for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from cdc.kernels.opcodes import MAX_DEPTH, Opcode
from registry.avro.nodes import Array, Enum, Fixed, Map, Node, Primitive, Record, Union

MAX_INSTRUCTIONS = 20_000
SIZES = {"boolean": 1, "float": 4, "double": 8}
"""Bytes of the types that always take as many."""

Program = npt.NDArray[np.int32]
Visit = Callable[[Node], None]


class DeclinedError(Exception):
    """The schema, or a wanted column's form in it, is one that the kernels do not read."""


class Instructions:
    """The program so far; `captures` is how many places of a message it notes."""

    def __init__(self) -> None:
        self.captures = 0
        self._code: list[int] = []
        self._jumps: list[int] = []
        self._open: list[Record] = []
        self._blocks = 0

    @property
    def code(self) -> Program:
        """Three ints an instruction."""
        return np.array(self._code, np.int32)

    @property
    def jumps(self) -> Program:
        """Where each union's branches begin."""
        return np.array(self._jumps, np.int32)

    def emit(self, op: Opcode, first: int = 0, second: int = 0) -> int:
        """Add an instruction; its place."""
        if len(self._code) + len(self._jumps) >= 3 * MAX_INSTRUCTIONS:
            raise DeclinedError("a schema of too many parts")
        self._code += [op, first, second]
        return len(self._code) - 3

    def capture(self) -> int:
        """A new place to note."""
        self.captures += 1
        return self.captures - 1

    def record(self, record: Record, special: Mapping[str, Visit]) -> None:
        """The fields of a record, some by visitors of their own."""
        if record in self._open:
            raise DeclinedError("a type that contains itself")
        self._open.append(record)
        for field in record.fields:
            special.get(field.name, self.skip)(field.schema)
        self._open.pop()

    def through(self, node: Node, visit: Visit) -> None:
        """Visit a type, or the one branch of a union that is not null; others are declined."""
        if not isinstance(node, Union):
            visit(node)
            return
        first = next((branch for branch in node.branches if branch.type != "null"), None)

        def branch(inner: Node) -> None:
            if inner is first:
                visit(inner)
            elif inner.type != "null":
                self.emit(Opcode.DECLINE)

        self._union(node, branch)

    def skip(self, node: Node) -> None:
        """Pass over a value."""
        match node:
            case Record():
                self.record(node, {})
            case Union():
                self._union(node, self.skip)
            case Array(items):
                self._skip_blocks(lambda: self.skip(items))
            case Map(values):
                self._skip_blocks(lambda: self._skip_pair(values))
            case Fixed() if node.size < 1 << 31:
                self.emit(Opcode.FIXED, node.size)
            case Enum():
                self.emit(Opcode.ENUM, len(node.symbols))
            case Primitive():
                self._skip_primitive(node.type)
            case _:
                raise DeclinedError("a value of more than two gigabytes")

    def _skip_pair(self, values: Node) -> None:
        self.emit(Opcode.BYTES)
        self.skip(values)

    def _skip_primitive(self, avro: str) -> None:
        if avro in SIZES:
            self.emit(Opcode.FIXED, SIZES[avro])
        elif avro in ("string", "bytes"):
            self.emit(Opcode.BYTES)
        elif avro != "null":
            self.emit(Opcode.VARINT)

    def _skip_blocks(self, item: Callable[[], None]) -> None:
        self._blocks += 1
        if self._blocks > MAX_DEPTH:
            raise DeclinedError("arrays nested too deeply")
        begin = self.emit(Opcode.OPEN_BLOCKS)
        target = len(self._code)
        item()
        self.emit(Opcode.CLOSE_BLOCKS, target)
        self._code[begin + 1] = len(self._code)
        self._blocks -= 1

    def _union(self, node: Union, visit: Visit) -> None:
        table = len(self._jumps)
        self._jumps += [0] * len(node.branches)
        self.emit(Opcode.UNION, len(node.branches), table)
        ends = []
        for number, branch in enumerate(node.branches):
            self._jumps[table + number] = len(self._code)
            visit(branch)
            ends.append(self.emit(Opcode.JUMP))
        for end in ends:
            self._code[end + 1] = len(self._code)
