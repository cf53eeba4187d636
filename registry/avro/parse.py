"""JSON to schema tree, by the rules of Avro Java's parser.

Strict is what a new schema must pass: namespaces are checked like names, defaults must be values
of their types. Lenient is for schemas that are stored already. Both refuse what neither could
work with: unknown types, duplicates, redefinitions, nested unions, illegal names.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from registry.avro.defaults import is_valid_default
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
    Record,
    Union,
)
from registry.errors import InvalidSchemaError

# Python frames and, in fastavro, C stack are spent per level: deeper schemas could end the process.
MAX_NESTING: Final = 128
MAX_FIXED_BYTES: Final = 2**31 - 1

_RESERVED: Final = frozenset(
    {"type", "name", "namespace", "doc", "aliases", "fields", "symbols", "items", "values", "size"}
)
_RESERVED_ENUM: Final = _RESERVED | {"default"}
_RESERVED_FIELD: Final = frozenset({"type", "name", "doc", "aliases", "default", "order"})
_ORDERS: Final = frozenset({"ascending", "descending", "ignore"})
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

JsonObject = dict[str, Any]


class SchemaParser:
    """Parses schemas that know each other's types; `names` are those known from the start."""

    def __init__(
        self, *, is_strict: bool, names: Mapping[str, Named] = MappingProxyType({})
    ) -> None:
        self.names = dict(names)
        self._is_strict = is_strict
        self._with_default: list[Field] = []

    def parse(self, json: Any) -> Node:
        """Return the tree of `json`; raises InvalidSchemaError."""
        node = self._parse(json, None, 0)
        if self._is_strict:
            self._check_defaults()
        return node

    def _parse(self, json: Any, space: str | None, depth: int) -> Node:
        if isinstance(json, str):
            return Primitive(json, _NOTHING) if json in PRIMITIVES else self._refer(json, space)
        if depth > MAX_NESTING:
            raise InvalidSchemaError(f"Schema is nested deeper than {MAX_NESTING} levels")
        if isinstance(json, dict):
            return self._parse_object(json, space, depth)
        if isinstance(json, list):
            return self._parse_union(json, space, depth)
        raise InvalidSchemaError(
            f"A schema is a name, an object or a list of branches, not {_name_json_type(json)}"
        )

    def _refer(self, text: str, space: str | None) -> Node:
        # a bare name is looked for in the enclosing namespace, then in the null namespace
        node = self.names.get(Name.of(text, space).full) or self.names.get(text)
        if node is None:
            raise InvalidSchemaError(
                f"Undefined type: {text}. A type is defined before it is used, here or in a"
                " reference"
            )
        return node

    def _parse_object(self, json: JsonObject, space: str | None, depth: int) -> Node:
        type_ = json.get("type")
        if not isinstance(type_, str):
            raise InvalidSchemaError(
                f"No type: the object {_describe(json)} needs a `type` that is a name"
            )
        if type_ in PRIMITIVES:
            return Primitive(type_, _collect_props(json, _RESERVED))
        parse = _OBJECTS.get(type_)
        return parse(self, json, space, depth) if parse else self._refer(type_, space)

    def _parse_union(self, json: list[Any], space: str | None, depth: int) -> Union:
        branches = tuple([self._parse(branch, space, depth + 1) for branch in json])
        seen: set[str] = set()
        for branch in branches:
            if isinstance(branch, Union):
                raise InvalidSchemaError("Nested union: a union's branch cannot be a union")
            kind = branch.name.full if isinstance(branch, Named) else branch.type
            if kind in seen:
                raise InvalidSchemaError(f"Duplicate in union: {kind}")
            seen.add(kind)
        return Union(branches)

    def parse_array(self, json: JsonObject, space: str | None, depth: int) -> Array:
        """`{"type": "array", "items": …}`."""
        if json.get("items") is None:
            raise InvalidSchemaError("Array has no items type")
        items = self._parse(json["items"], space, depth + 1)
        return Array(items, _collect_props(json, _RESERVED))

    def parse_map(self, json: JsonObject, space: str | None, depth: int) -> Map:
        """`{"type": "map", "values": …}`."""
        if json.get("values") is None:
            raise InvalidSchemaError("Map has no values type")
        values = self._parse(json["values"], space, depth + 1)
        return Map(values, _collect_props(json, _RESERVED))

    def parse_fixed(self, json: JsonObject, space: str | None, _depth: int) -> Fixed:
        """`{"type": "fixed", "name": …, "size": …}`."""
        name = self._read_name(json, space)
        size = json.get("size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MAX_FIXED_BYTES:
            raise InvalidSchemaError(
                f"Fixed {name.full} needs a `size` from 0 to {MAX_FIXED_BYTES}"
            )
        fixed = Fixed(
            name, size, _read_doc(json), _read_aliases(json, name), _collect_props(json, _RESERVED)
        )
        self._define(fixed)
        return fixed

    def parse_enum(self, json: JsonObject, space: str | None, _depth: int) -> Enum:
        """`{"type": "enum", "name": …, "symbols": […]}`."""
        name = self._read_name(json, space)
        symbols = _read_symbols(json, name)
        default = json.get("default")
        default = default if isinstance(default, str) else None
        if default is not None and default not in symbols:
            raise InvalidSchemaError(
                f"The Enum Default: {default} is not in the enum symbol set of {name.full}"
            )
        props = _collect_props(json, _RESERVED_ENUM)
        enum = Enum(name, symbols, default, _read_doc(json), _read_aliases(json, name), props)
        self._define(enum)
        return enum

    def parse_record(self, json: JsonObject, space: str | None, depth: int) -> Record:
        """`{"type": "record", "name": …, "fields": […]}`; it is known to its own fields."""
        name = self._read_name(json, space)
        record = Record(
            name,
            json["type"] == "error",
            _read_doc(json),
            _read_aliases(json, name),
            _collect_props(json, _RESERVED),
        )
        self._define(record)
        fields = json.get("fields")
        if not isinstance(fields, list):
            raise InvalidSchemaError(f"Record has no fields: {name.full} needs a list `fields`")
        record.fields = tuple(self._parse_field(field, record, depth) for field in fields)
        return record

    def _parse_field(self, json: Any, record: Record, depth: int) -> Field:
        owner = record.name.full
        if not isinstance(json, dict) or not isinstance(json.get("name"), str):
            raise InvalidSchemaError(f"No field name: each field of {owner} needs a `name`")
        name = json["name"]
        _check_name(name)
        if "type" not in json:
            raise InvalidSchemaError(f"No field type: {owner}.{name} needs a `type`")
        if name in record.by_name:
            raise InvalidSchemaError(f"Duplicate field {name} in record {owner}")
        field = Field(
            name,
            self._parse(json["type"], record.name.space, depth + 1),
            _read_doc(json),
            json.get("default", NO_DEFAULT),
            _read_order(json) if "order" in json else "ascending",
            _read_alias_texts(json) if "aliases" in json else (),
            _collect_props(json, _RESERVED_FIELD),
        )
        record.by_name[name] = field
        if field.default is not NO_DEFAULT:
            self._with_default.append(field)
        return field

    def _read_name(self, json: JsonObject, space: str | None) -> Name:
        text = json.get("name")
        if not isinstance(text, str):
            raise InvalidSchemaError(f"No name in schema: a {json['type']} needs a `name`")
        own = json.get("namespace")
        name = Name.of(text, own if isinstance(own, str) else space)
        _check_name(name.short)
        if self._is_strict and name.space:
            for part in name.space.split("."):
                _check_name(part, f'Namespace part "{part}" is invalid: ')
        return name

    def _define(self, node: Named) -> None:
        full = node.name.full
        if full in self.names:
            raise InvalidSchemaError(f"Can't redefine: {full}")
        self.names[full] = node

    def _check_defaults(self) -> None:
        for field in self._with_default:
            if not is_valid_default(field.schema, field.default):
                raise InvalidSchemaError(
                    f"Invalid default for field {field.name}: it is not a {field.schema.type}"
                )


_OBJECTS: Final[dict[str, Callable[[SchemaParser, JsonObject, str | None, int], Node]]] = {
    "record": SchemaParser.parse_record,
    "error": SchemaParser.parse_record,
    "enum": SchemaParser.parse_enum,
    "fixed": SchemaParser.parse_fixed,
    "array": SchemaParser.parse_array,
    "map": SchemaParser.parse_map,
}


def _check_name(name: str, where: str = "") -> None:
    """Letters, digits and underscores, no digit first; letters are Unicode's, as in Java."""
    if name.isascii() and name.isidentifier():
        return
    if not name:
        raise InvalidSchemaError(f"{where}Empty name")
    if not (name[0].isalpha() or name[0] == "_"):
        raise InvalidSchemaError(f"{where}Illegal initial character: {name}")
    if not all(char.isalpha() or char.isdecimal() or char == "_" for char in name):
        raise InvalidSchemaError(f"{where}Illegal character in: {name}")


def _collect_props(json: JsonObject, reserved: frozenset[str]) -> Mapping[str, Any]:
    if json.keys() <= reserved:
        return _NOTHING
    return {key: value for key, value in json.items() if key not in reserved}


def _read_doc(json: JsonObject) -> str | None:
    doc = json.get("doc")
    return doc if isinstance(doc, str) else None


def _read_order(json: JsonObject) -> str:
    order = json["order"]
    if not isinstance(order, str) or order.lower() not in _ORDERS:
        raise InvalidSchemaError(
            f"Field {json['name']}: `order` is one of {', '.join(sorted(_ORDERS))}"
        )
    return order.lower()


def _read_alias_texts(json: JsonObject) -> tuple[str, ...]:
    aliases = json.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise InvalidSchemaError("`aliases` is a list of names")
    return tuple(dict.fromkeys(aliases))


def _read_aliases(json: JsonObject, name: Name) -> tuple[Name, ...]:
    aliases = tuple(Name.of(text, name.space) for text in _read_alias_texts(json))
    for alias in aliases:
        _check_name(alias.short)
    return aliases


def _read_symbols(json: JsonObject, name: Name) -> tuple[str, ...]:
    symbols = json.get("symbols")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise InvalidSchemaError(f"Enum has no symbols: {name.full} needs a list `symbols`")
    seen: set[str] = set()
    for symbol in symbols:
        _check_name(symbol)
        if symbol in seen:
            raise InvalidSchemaError(f"Duplicate enum symbol: {symbol}")
        seen.add(symbol)
    return tuple(symbols)


def _name_json_type(json: Any) -> str:
    return {bool: "a boolean", type(None): "null"}.get(type(json), "a number")


def _describe(json: JsonObject) -> str:
    return f"with keys {', '.join(sorted(json)[:5])}" if json else "{}"
