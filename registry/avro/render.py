"""A schema tree back to text, in three forms.

canonical   what Avro Java's Schema.toString() writes and Confluent stores and returns
normalized  the same with properties and aliases sorted, defaults made typical, bad ones dropped
parsing     Avro's Parsing Canonical Form: what matters for reading bytes, for fingerprints
"""

from collections.abc import Iterable
from typing import Any, Final

from registry.avro.defaults import is_valid_default
from registry.avro.json_text import write_json, write_text
from registry.avro.nodes import (
    NO_DEFAULT,
    PRIMITIVES,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Name,
    Named,
    Node,
    Primitive,
    Props,
    Record,
    Union,
)

_QUOTED: Final = {type_: f'"{type_}"' for type_ in PRIMITIVES}


def render_canonical(root: Node, known: Iterable[str] = ()) -> str:
    """Return the canonical string; types named in `known` are written as their names only."""
    return _Canonical(set(known)).render(root, None)


def render_normalized(root: Node, known: Iterable[str] = ()) -> str:
    """Return the canonical string of the normalized schema."""
    return _Normalized(set(known)).render(root, None)


class _Canonical:
    """Writes each named type where it is first met and by name afterwards."""

    def __init__(self, written: set[str]) -> None:
        self._written = written

    def render(self, node: Node, space: str | None) -> str:
        if isinstance(node, Primitive):
            return self._render_primitive(node) if node.props else _QUOTED[node.type]
        if isinstance(node, Union):
            return f"[{','.join([self.render(branch, space) for branch in node.branches])}]"
        if isinstance(node, Array):
            items = self.render(node.items, space)
            return f'{{"type":"array","items":{items}{self.props(node.props)}}}'
        if isinstance(node, Map):
            values = self.render(node.values, space)
            return f'{{"type":"map","values":{values}{self.props(node.props)}}}'
        return self._render_named(node, space)

    def _render_primitive(self, node: Primitive) -> str:
        return f'{{"type":{_QUOTED[node.type]}{self.props(node.props)}}}'

    def _render_named(self, node: Named, space: str | None) -> str:
        full = node.name.full
        if full in self._written:
            return write_text(node.name.seen_from(space))
        self._written.add(full)
        head = f'{{"type":"{self.type_word(node)}"{_write_name(node.name, space)}'
        doc = "" if node.doc is None else f',"doc":{write_text(node.doc)}'
        return (
            f"{head}{doc}{self._render_body(node)}{self.props(node.props)}"
            f"{self.aliases([alias.seen_from(node.name.space) for alias in node.aliases])}}}"
        )

    def _render_body(self, node: Named) -> str:
        match node:
            case Fixed():
                return f',"size":{node.size}'
            case Enum():
                symbols = ",".join(map(write_text, node.symbols))
                default = "" if node.default is None else f',"default":{write_text(node.default)}'
                return f',"symbols":[{symbols}]{default}'
        return f',"fields":[{",".join(self._render_field(f, node) for f in node.fields)}]'

    def _render_field(self, field: Field, record: Record) -> str:
        schema = self.render(field.schema, record.name.space)
        text = f'{{"name":{write_text(field.name)},"type":{schema}'
        if field.doc is not None:
            text += f',"doc":{write_text(field.doc)}'
        if field.default is not NO_DEFAULT:
            text += self.default(field)
        if field.order != "ascending":
            text += f',"order":"{field.order}"'
        if field.aliases:
            text += self.aliases(field.aliases)
        return f"{text}{self.props(field.props)}}}" if field.props else f"{text}}}"

    def type_word(self, node: Named) -> str:
        return "error" if isinstance(node, Record) and node.is_error else node.type

    def aliases(self, aliases: Iterable[str]) -> str:
        names = ",".join([write_text(alias) for alias in aliases])
        return f',"aliases":[{names}]' if names else ""

    def props(self, props: Props) -> str:
        return "".join([f",{write_text(k)}:{write_json(v)}" for k, v in props.items()])

    def default(self, field: Field) -> str:
        return f',"default":{write_json(field.default)}'


class _Normalized(_Canonical):
    def type_word(self, node: Named) -> str:
        return node.type

    def aliases(self, aliases: Iterable[str]) -> str:
        return super().aliases(sorted(aliases))

    def props(self, props: Props) -> str:
        pairs = sorted(props.items())
        return "".join(f",{write_text(k)}:{write_json(v, is_sorted=True)}" for k, v in pairs)

    def default(self, field: Field) -> str:
        if not is_valid_default(field.schema, field.default):
            return ""
        return f',"default":{write_json(_type_default(field.schema, field.default))}'


def _type_default(node: Node, value: Any) -> Any:
    """Give the numbers of float and double defaults a decimal point, at any depth."""
    match node:
        case Union(branches):
            return _type_default(next(b for b in branches if is_valid_default(b, value)), value)
        case Array(items):
            return [_type_default(items, item) for item in value]
        case Map(values):
            return {key: _type_default(values, item) for key, item in value.items()}
        case Record():
            return {
                f.name: _type_default(f.schema, value.get(f.name, f.default)) for f in node.fields
            }
        case Primitive("float" | "double"):
            return float(value)
    return value


def _write_name(name: Name, space: str | None) -> str:
    """Return name and, where it differs from the enclosing one, namespace."""
    head = f',"name":{write_text(name.short)}'
    if name.space == space:
        return head
    return f'{head},"namespace":{write_text(name.space or "")}'


def render_parsing_form(root: Node) -> str:
    """Return the Parsing Canonical Form: full names, no docs, defaults, aliases or properties."""
    return _render_parsing(root, set())


def _render_parsing(node: Node, written: set[str]) -> str:
    match node:
        case Primitive(type):
            return f'"{type}"'
        case Union(branches):
            return f"[{','.join(_render_parsing(branch, written) for branch in branches)}]"
        case Array(items):
            return f'{{"type":"array","items":{_render_parsing(items, written)}}}'
        case Map(values):
            return f'{{"type":"map","values":{_render_parsing(values, written)}}}'
    full = write_text(node.name.full)
    if full in written:
        return full
    written.add(full)
    return f'{{"name":{full},"type":"{node.type}",{_render_parsing_body(node, written)}}}'


def _render_parsing_body(node: Named, written: set[str]) -> str:
    match node:
        case Fixed():
            return f'"size":{node.size}'
        case Enum():
            return f'"symbols":[{",".join(map(write_text, node.symbols))}]'
    fields = (
        f'{{"name":{write_text(f.name)},"type":{_render_parsing(f.schema, written)}}}'
        for f in node.fields
    )
    return f'"fields":[{",".join(fields)}]'
