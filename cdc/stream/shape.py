"""Which raw schema a message has, told from its bytes alone.

JSON: everything before the payload is the same bytes from event to event, so it is compared, not
parsed. Avro: the schema id in Confluent's 5-byte prefix.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from operator import methodcaller
from typing import cast

from cdc.event import AvroShape, JsonShape, RawBatch, Shape

MAGIC = 0
PREFIX_BYTES = 5
_OPEN = b'{"schema":'
_BETWEEN = b',"payload":'
_TRUNCATE = b'"op":"t"'


def split_shapes(batch: RawBatch) -> Iterator[tuple[Shape | None, RawBatch]]:
    """Cut a batch into runs of one raw schema, in order.

    Shape None: these messages are no envelopes (each must become a dead letter). A Kafka tombstone,
    and a TRUNCATE, which has no key, belong to the run before them.
    """
    shared = _shared_shape(batch)
    if shared is not None:
        yield shared, batch
        return
    start, current, begun = 0, None, False
    for place, (key, value) in enumerate(zip(batch.keys, batch.values, strict=True)):
        if value is None:
            continue
        shape = _shape_of(key, value, current)
        if begun and shape != current:
            yield current, batch.part(start, place)
            start = place
        current, begun = shape, True
    if start < len(batch):
        yield current, batch.part(start, len(batch))


def _shared_shape(batch: RawBatch) -> Shape | None:
    """The one shape of a batch in which all messages plainly have the same; None: look at each."""
    if not len(batch) or None in batch.values or None in batch.keys:
        return None
    keys, values = cast("Sequence[bytes]", batch.keys), cast("Sequence[bytes]", batch.values)
    shape = _shape_of(keys[0], values[0], None)
    match shape:
        case AvroShape():
            heads = {key[:PREFIX_BYTES] for key in keys}, {value[:PREFIX_BYTES] for value in values}
            same = [*map(len, heads)] == [1, 1] and min(map(len, values)) > PREFIX_BYTES
        case JsonShape(key_prefix, value_prefix):
            same = all(map(methodcaller("startswith", key_prefix), keys)) and all(
                map(methodcaller("startswith", value_prefix), values)
            )
        case _:
            same = False
    return shape if same else None


def _shape_of(key: bytes | None, value: bytes, current: Shape | None) -> Shape | None:
    if value[:1] == b"{":
        return _json_shape(key, value, current)
    if len(value) > PREFIX_BYTES and value[0] == MAGIC:
        return _avro_shape(key, value, current)
    return None


def _json_shape(key: bytes | None, value: bytes, current: Shape | None) -> JsonShape | None:
    if isinstance(current, JsonShape) and value.startswith(current.value_prefix):
        if key is None and _is_truncate(value, current):
            return current
        known = current.key_prefix
        if (key is None and known is None) or (key and known and key.startswith(known)):
            return current
    value_prefix = json_prefix(value)
    key_prefix = json_prefix(key) if key is not None else None
    if value_prefix is None or (key is not None and key_prefix is None):
        return None
    return JsonShape(key_prefix, value_prefix)


def _is_truncate(value: bytes, shape: JsonShape) -> bool:
    return _TRUNCATE in value[len(shape.value_prefix) :]


def _avro_shape(key: bytes | None, value: bytes, current: Shape | None) -> AvroShape | None:
    value_id = schema_id(value)
    if key is None:
        if isinstance(current, AvroShape) and current.value_id == value_id:
            return current
        return AvroShape(None, value_id)
    if len(key) < PREFIX_BYTES or key[0] != MAGIC:
        return None
    return AvroShape(schema_id(key), value_id)


def schema_id(data: bytes) -> int:
    """The schema id in Confluent's prefix: magic byte 0, then four bytes, big-endian."""
    return int.from_bytes(data[1:PREFIX_BYTES], "big")


def json_prefix(message: bytes) -> bytes | None:
    """All of a `{"schema":…,"payload":…}` message before the payload; None: not of that form."""
    if not message.startswith(_OPEN):
        return None
    try:
        text = message.decode()
        _, end = json.JSONDecoder().raw_decode(text, len(_OPEN))
    except (ValueError, RecursionError):
        return None
    prefix = text[:end].encode() + _BETWEEN
    return prefix if message.startswith(prefix) and message.endswith(b"}") else None


def json_schema(prefix: bytes) -> object:
    """The schema inside a prefix."""
    return json.loads(prefix[len(_OPEN) : -len(_BETWEEN)])
