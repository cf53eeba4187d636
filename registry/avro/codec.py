"""Readers and writers of single Avro binary datums, made once per schema by fastavro.

fastavro's own messages quote the value that did not fit; none of them passes this door.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

import fastavro
from fastavro.schema import SchemaParseException

from registry.avro.defaults import default_to_value, is_valid_default
from registry.avro.guard import make_guard
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
    Props,
    Record,
    Union,
)
from registry.avro.schema import Schema
from registry.errors import DecodeError, EncodeError, InvalidSchemaError

Reader = Callable[[bytes, int], object]
Writer = Callable[[object], bytes]

_LOGICAL: Final = ("logicalType", "precision", "scale")


def make_reader(
    schema: Schema, reader: Schema | None = None, *, raw_logical: bool = True
) -> Reader:
    """Return a function from bytes and an offset to the value of the datum there.

    `schema` is the writer's; `reader`, when given, is what the value is resolved to. With
    `raw_logical` ints, longs, bytes and fixeds stay what they are on the wire, without it
    fastavro makes dates, decimals and the like of them. Bytes behind the datum are not looked at.
    The function raises DecodeError, which names the class of the failure and quotes no value.
    """
    written = _to_fastavro(schema, raw_logical=raw_logical)
    wanted = None if reader is None else _to_fastavro(reader, raw_logical=raw_logical)
    guard = make_guard(schema.root)

    def read(data: bytes, offset: int) -> object:
        if guard is not None:
            guard(data, offset)
        source = BytesIO(data)
        source.seek(offset)
        try:
            return fastavro.schemaless_reader(source, written, wanted)
        except Exception as error:  # noqa: BLE001 - hostile bytes raise about anything in there
            raise DecodeError(
                f"The datum does not fit its schema ({type(error).__name__})"
            ) from None

    return read


def make_writer(schema: Schema) -> Writer:
    """Return a function from a value to its Avro binary datum.

    Logical types take fastavro's Python objects or the raw value. The function raises EncodeError,
    which names the class of the failure and quotes no value.
    """
    written = _to_fastavro(schema, raw_logical=False)

    def write(value: object) -> bytes:
        target = BytesIO()
        try:
            fastavro.schemaless_writer(target, written, value)
        except Exception as error:  # noqa: BLE001 - misfit values raise about anything in there
            raise EncodeError(
                f"The value does not fit its schema ({type(error).__name__})"
            ) from None
        return target.getvalue()

    return write


def _to_fastavro(schema: Schema, *, raw_logical: bool) -> Any:
    """Return the schema as fastavro wants it: parsed, complete, defaults as decoded values."""
    translation = _Translation(raw_logical=raw_logical)
    try:
        parsed = fastavro.parse_schema(translation.translate(schema.root))
    except (SchemaParseException, RecursionError):
        raise InvalidSchemaError(
            "fastavro cannot work with this schema: names outside ASCII, or a shape it refuses"
        ) from None
    translation.put_defaults(parsed)
    return parsed


class _Translation:
    """Writes the tree as fastavro's dicts, each named type where it is first met."""

    def __init__(self, *, raw_logical: bool) -> None:
        self._raw_logical = raw_logical
        self._records: dict[str, Record] = {}
        self._written: set[str] = set()

    def translate(self, node: Node) -> Any:
        match node:
            case Primitive(type_, props):
                return {"type": type_, **self._keep_logical(props)}
            case Union(branches):
                return [self.translate(branch) for branch in branches]
            case Array(items):
                return {"type": "array", "items": self.translate(items)}
            case Map(values):
                return {"type": "map", "values": self.translate(values)}
        return self._translate_named(node)

    def _translate_named(self, node: Named) -> Any:
        full = node.name.full
        if full in self._written:
            return full
        self._written.add(full)
        return {
            "type": node.type,
            "name": full,
            "aliases": [alias.full for alias in node.aliases],
            **self._keep_logical(node.props),
            **self._translate_body(node),
        }

    def _translate_body(self, node: Named) -> dict[str, Any]:
        match node:
            case Fixed():
                return {"size": node.size}
            case Enum():
                default = {} if node.default is None else {"default": node.default}
                return {"symbols": list(node.symbols), **default}
        self._records[node.name.full] = node
        return {"fields": [self._translate_field(field) for field in node.fields]}

    def _translate_field(self, field: Field) -> dict[str, Any]:
        return {
            "name": field.name,
            "type": self.translate(field.schema),
            "aliases": list(field.aliases),
        }

    def _keep_logical(self, props: Props) -> dict[str, Any]:
        if self._raw_logical or not isinstance(props.get("logicalType"), str):
            return {}
        return {key: props[key] for key in _LOGICAL if key in props}

    def put_defaults(self, parsed: Any) -> None:
        """Set defaults after fastavro's parse: it checks them by other rules than Avro Java."""
        if isinstance(parsed, list):
            for branch in parsed:
                self.put_defaults(branch)
        elif isinstance(parsed, dict):
            self.put_defaults(parsed.get("items"))
            self.put_defaults(parsed.get("values"))
            self._put_field_defaults(parsed)

    def _put_field_defaults(self, parsed: dict[str, Any]) -> None:
        for described in parsed.get("fields", ()):
            field = self._records[parsed["name"]].by_name[described["name"]]
            if field.default is not NO_DEFAULT and is_valid_default(field.schema, field.default):
                described["default"] = default_to_value(field.schema, field.default)
            self.put_defaults(described["type"])
