"""Is a default a value of its type? Avro Java's answer, which Confluent's strict check uses."""

from collections.abc import Callable
from typing import Any

from registry.avro.nodes import NO_DEFAULT, Array, Map, Node, Record, Union

_INT = range(-(2**31), 2**31)
_LONG = range(-(2**63), 2**63)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or isinstance(value, float)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# Enum symbols and fixed sizes are not looked at: neither does Avro Java.
_SCALARS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "int": lambda value: _is_integer(value) and value in _INT,
    "long": lambda value: _is_integer(value) and value in _LONG,
    "float": _is_number,
    "double": _is_number,
    "bytes": _is_text,
    "string": _is_text,
    "enum": _is_text,
    "fixed": _is_text,
}


def is_valid_default(node: Node, value: Any) -> bool:
    """Tell whether `value` (JSON) may be a default of `node`; a union takes any branch's (1.12)."""
    if value is NO_DEFAULT:
        return False
    if isinstance(node, Union):
        return any(is_valid_default(branch, value) for branch in node.branches)
    if isinstance(node, Array):
        return isinstance(value, list) and all(is_valid_default(node.items, v) for v in value)
    if isinstance(node, Map):
        return isinstance(value, dict) and all(
            is_valid_default(node.values, v) for v in value.values()
        )
    if isinstance(node, Record):
        return isinstance(value, dict) and all(
            is_valid_default(field.schema, value.get(field.name, field.default))
            for field in node.fields
        )
    return _SCALARS[node.type](value)


def default_to_value(node: Node, value: Any) -> Any:
    """Turn a valid default's JSON into the value a decoder would have given for it."""
    if isinstance(node, Union):
        branch = next(b for b in node.branches if is_valid_default(b, value))
        return default_to_value(branch, value)
    if isinstance(node, Array):
        return [default_to_value(node.items, item) for item in value]
    if isinstance(node, Map):
        return {key: default_to_value(node.values, item) for key, item in value.items()}
    if isinstance(node, Record):
        return {
            field.name: default_to_value(field.schema, value.get(field.name, field.default))
            for field in node.fields
        }
    return _CONVERSIONS.get(node.type, _keep)(value)


def _keep(value: Any) -> Any:
    return value


def _to_bytes(value: str) -> bytes:
    """JSON defaults of bytes spell each byte as the character of that code."""
    return value.encode("latin-1", "replace")


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bytes": _to_bytes,
    "fixed": _to_bytes,
    "float": float,
    "double": float,
}
