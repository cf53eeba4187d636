"""Can a reader's schema read what a writer's schema wrote? Avro Java's verdict, word for word.

The contract is `org.apache.avro.SchemaCompatibility`: verdict, type, location and message of each
problem are the same, all problems are collected, locations point into the reader. Its oddities are
part of the contract and marked where they are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from registry.avro import Schema
from registry.avro.nodes import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Union,
)
from registry.avro.render import render_canonical
from registry.errors import AmbiguousFieldError

# writer type -> the reader types that take it although they differ
PROMOTIONS: Final[dict[str, frozenset[str]]] = {
    "int": frozenset({"long", "float", "double"}),
    "long": frozenset({"float", "double"}),
    "float": frozenset({"double"}),
    "string": frozenset({"bytes"}),
    "bytes": frozenset({"string"}),
}
_NOT_PROMOTED: Final[frozenset[str]] = frozenset()


class Problem(StrEnum):
    """The kinds of incompatibility that Avro Java knows."""

    NAME_MISMATCH = "NAME_MISMATCH"
    FIXED_SIZE_MISMATCH = "FIXED_SIZE_MISMATCH"
    MISSING_ENUM_SYMBOLS = "MISSING_ENUM_SYMBOLS"
    READER_FIELD_MISSING_DEFAULT_VALUE = "READER_FIELD_MISSING_DEFAULT_VALUE"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    MISSING_UNION_BRANCH = "MISSING_UNION_BRANCH"


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """One reason why the reader cannot read the writer's data.

    `location` is a JSON-pointer-like path into the reader, `/` at its root.
    """

    type: Problem
    location: str
    message: str


Findings = tuple[Incompatibility, ...]
# A path grows at its end on every step down and is spelled out only for a problem: a linked pair
# (path so far, token) costs a fraction of copying tuples on schemas of a thousand fields.
Path = tuple[Any, str | int]

_NONE: Final[Findings] = ()
_ROOT: Final[Path] = (None, "")


def find_incompatibilities(reader: Schema, writer: Schema) -> Findings:
    """Return all reasons why `reader` cannot read what `writer` wrote, none when it can.

    Raises AmbiguousFieldError where Avro Java throws: a reader field whose name and aliases match
    more than one writer field.
    """
    return _Comparison().compare(reader.root, writer.root, _ROOT)


class _Comparison:
    """One run over a pair of schemas; each pair of nodes is judged once.

    A pair in progress counts as compatible (that ends recursion), and a pair met again repeats
    its first findings with their first location, as in Avro Java.
    """

    def __init__(self) -> None:
        self._judged: dict[tuple[int, int], Findings] = {}

    def compare(self, reader: Node, writer: Node, path: Path) -> Findings:
        if isinstance(reader, Primitive) and isinstance(writer, Primitive):
            return _compare_primitives(reader, writer, path)
        pair = (id(reader), id(writer))
        findings = self._judged.get(pair)
        if findings is None:
            self._judged[pair] = _NONE
            findings = self._judged[pair] = self._judge(reader, writer, path)
        return findings

    def _judge(self, reader: Node, writer: Node, path: Path) -> Findings:
        if reader.type == writer.type:
            return _SAME_TYPE[reader.type](self, reader, writer, path)
        if isinstance(writer, Union):
            return self._compare_branches(reader, writer, path)
        if isinstance(reader, Union):
            if self._some_branch_reads(reader, writer):
                return _NONE
            return (_lacking_branch(writer, path),)
        return (_type_mismatch(reader, writer, path),)

    def _compare_branches(self, reader: Node, writer: Union, path: Path) -> Findings:
        found: list[Incompatibility] = []
        for index, branch in enumerate(writer.branches):
            found += self.compare(reader, branch, (path, index))
        return tuple(found)

    def _some_branch_reads(self, reader: Union, writer: Node) -> bool:
        if isinstance(writer, Primitive):
            return _some_primitive_reads(reader, writer)
        # Branches are judged from a path of their own: only the verdict is used, but a named type
        # met first in here keeps that short location (Avro Java does the same).
        return any(not self.compare(branch, writer, _ROOT) for branch in reader.branches)

    def compare_arrays(self, reader: Array, writer: Array, path: Path) -> Findings:
        return self.compare(reader.items, writer.items, (path, "items"))

    def compare_maps(self, reader: Map, writer: Map, path: Path) -> Findings:
        return self.compare(reader.values, writer.values, (path, "values"))

    def compare_unions(self, reader: Union, writer: Union, path: Path) -> Findings:
        return tuple(
            _lacking_branch(branch, (path, index))
            for index, branch in enumerate(writer.branches)
            if not self._reads_branch(reader, branch)
        )

    def _reads_branch(self, reader: Union, branch: Node) -> bool:
        if isinstance(branch, Primitive):
            return _some_primitive_reads(reader, branch)
        return not self.compare(reader, branch, _ROOT)

    def compare_fixeds(self, reader: Fixed, writer: Fixed, path: Path) -> Findings:
        found = _compare_names(reader, writer, path)
        if reader.size == writer.size:
            return found
        message = f"expected: {writer.size}, found: {reader.size}"
        return (*found, _problem(Problem.FIXED_SIZE_MISMATCH, (path, "size"), message))

    def compare_enums(self, reader: Enum, writer: Enum, path: Path) -> Findings:
        found = _compare_names(reader, writer, path)
        missing = set(writer.symbols).difference(reader.symbols)
        if not missing or reader.default is not None:
            return found
        message = f"[{', '.join(sorted(missing))}]"
        return (*found, _problem(Problem.MISSING_ENUM_SYMBOLS, (path, "symbols"), message))

    def compare_records(self, reader: Record, writer: Record, path: Path) -> Findings:
        found = list(_compare_names(reader, writer, path))
        fields: Path = (path, "fields")
        for index, field in enumerate(reader.fields):
            source = _find_writer_field(field, index, writer)
            if source is not None:
                found += self.compare(field.schema, source.schema, ((fields, index), "type"))
            elif field.default is NO_DEFAULT:
                found += self._judge_missing(field, writer, (fields, index))
        return tuple(found)

    def _judge_missing(self, field: Field, writer: Record, where: Path) -> Findings:
        """Say that a field without default has no source.

        An enum with a default of its own is compared with the whole writer record instead and so
        reported as a type mismatch: Avro Java's oddity.
        """
        if isinstance(field.schema, Enum) and field.schema.default is not None:
            return self.compare(field.schema, writer, (where, "type"))
        return (_problem(Problem.READER_FIELD_MISSING_DEFAULT_VALUE, where, field.name),)


# The key promises the nodes' class, which a signature over the Node union cannot say.
_SAME_TYPE: Final[dict[str, Callable[[_Comparison, Any, Any, Path], Findings]]] = {
    "array": _Comparison.compare_arrays,
    "map": _Comparison.compare_maps,
    "union": _Comparison.compare_unions,
    "fixed": _Comparison.compare_fixeds,
    "enum": _Comparison.compare_enums,
    "record": _Comparison.compare_records,
}


def _compare_primitives(reader: Primitive, writer: Primitive, path: Path) -> Findings:
    if reader.type == writer.type:
        return _NONE
    if reader.type in PROMOTIONS.get(writer.type, _NOT_PROMOTED):
        return _NONE
    return (_type_mismatch(reader, writer, path),)


def _some_primitive_reads(reader: Union, writer: Primitive) -> bool:
    """Tell whether a branch takes a primitive: only another primitive ever does."""
    promoted = PROMOTIONS.get(writer.type, _NOT_PROMOTED)
    return any(branch.type == writer.type or branch.type in promoted for branch in reader.branches)


def _compare_names(reader: Named, writer: Named, path: Path) -> Findings:
    """Unqualified names or the reader's aliases must meet; the writer's aliases never count."""
    if reader.name.short == writer.name.short or writer.name in reader.aliases:
        return _NONE
    message = f"expected: {writer.name.full}"
    return (_problem(Problem.NAME_MISMATCH, (path, "name"), message),)


def _find_writer_field(field: Field, index: int, writer: Record) -> Field | None:
    if not field.aliases:
        return writer.by_name.get(field.name)
    found = [writer.by_name[n] for n in (field.name, *field.aliases) if n in writer.by_name]
    if len(found) > 1:
        raise AmbiguousFieldError(
            f"Reader record field {field.name} type:{_name_type(field.schema)} pos:{index}"
            f" matches multiple fields in writer record schema {render_canonical(writer)}"
        )
    return found[0] if found else None


def _lacking_branch(writer: Node, path: Path) -> Incompatibility:
    message = f"reader union lacking writer type: {_name_type(writer)}"
    return _problem(Problem.MISSING_UNION_BRANCH, path, message)


def _type_mismatch(reader: Node, writer: Node, path: Path) -> Incompatibility:
    message = (
        f"reader type: {_name_type(reader)} not compatible with writer type: {_name_type(writer)}"
    )
    return _problem(Problem.TYPE_MISMATCH, path, message)


def _problem(type_: Problem, path: Path, message: str) -> Incompatibility:
    tokens: list[str] = []
    while path is not _ROOT:
        path, token = path
        tokens.append(str(token))
    return Incompatibility(type_, f"/{'/'.join(reversed(tokens))}", message)


def _name_type(node: Node) -> str:
    return node.type.upper()
