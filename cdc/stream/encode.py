"""`SafeBatch` → `OutBatch`: keys and values of governed records, Avro or JSON.

Avro is written by concatenation: a slice already is Avro's encoding of its value but for the length
that strings and bytes carry in front.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cdc.canonical import from_slice, to_json
from cdc.column import IntArray, zigzag
from cdc.errors import EncodeError, RecordError
from cdc.event import Op, OutBatch, Reject, SafeBatch
from cdc.stream.murmur2 import murmur2
from cdc.stream.shape import MAGIC, PREFIX_BYTES
from registry.derive.record import GovernedColumn, avro_name
from registry.derive.types import Framing

MAX_RECORD_BYTES = 16 * 1024 * 1024 - 64 * 1024
"""What a topic takes (16 MiB) less room for headers and batch overhead."""

EPOCH_BITS = 41

_NULL = b"\x00"
_NOT_NULL = b"\x02"
_FLAG = (b"\x00", b"\x01")

Row = Sequence[bytes | None]
EncodeRow = Callable[[Row, Op, int, int], bytes]
Encode = Callable[[SafeBatch, str, int], OutBatch]
"""A batch, the governed topic and the epoch for `__version`."""


def versions_of(batch: SafeBatch, epoch: int) -> IntArray:
    """`__version` of each event: epoch before offset, its rank hidden where the key is."""
    return batch.offsets + batch.blind + (epoch << EPOCH_BITS)


@dataclass(frozen=True, slots=True)
class Encoder:
    """How governed records of one topic are written, event by event.

    `key_prefix` is how many bytes of a key are its schema's id and stay out of the partition hash.
    With `delete_records` a delete gives a record of its key and then a tombstone.
    """

    columns: tuple[GovernedColumn, ...]
    encode_key: Callable[[Row], bytes]
    encode_value: EncodeRow
    key_prefix: int
    delete_records: bool = False

    def encode(self, batch: SafeBatch, topic: str, epoch: int) -> OutBatch:
        """Write every event that has not failed; the failed ones become rejects."""
        versions = versions_of(batch, epoch).tolist()
        operations = map(Op, map(chr, batch.op.tolist()))
        lineage = zip(operations, batch.source_ts_us.tolist(), versions, strict=True)
        rows = zip(*(batch.columns[c.name].values() for c in self.columns), strict=True)
        kept, keys, values, rejects = [], [], [], []
        for place, (row, (op, ts_us, version)) in enumerate(zip(rows, lineage, strict=True)):
            key = None
            try:
                key = self._key(row)
                if place in batch.failed:
                    raise batch.failed[place]
                value = self._value(key, row, op, ts_us, version)
            except RecordError as error:
                rejects.append(Reject(int(batch.index[place]), error, key))
                continue
            kept.append(place)
            keys.append(key or b"")
            values.append(value)
            if op is Op.DELETE and value is not None:
                kept.append(place)
                keys.append(key or b"")
                values.append(None)
        hashes = murmur2([key[self.key_prefix :] for key in keys])
        return OutBatch(
            topic, batch.index[kept], keys, values, hashes, rejects, 0, {}, slow=len(keys)
        )

    def _key(self, row: Row) -> bytes | None:
        for column, data in zip(self.columns, row, strict=True):
            if column.is_key and data is None:
                return None
        return self.encode_key(row)

    def _only_key(self, row: Row) -> Row:
        pairs = zip(self.columns, row, strict=True)
        return [data if column.is_key else None for column, data in pairs]

    def _value(self, key: bytes | None, row: Row, op: Op, ts_us: int, version: int) -> bytes | None:
        if key is None:
            raise EncodeError("null_key", "the governed key would be NULL")
        if op is Op.DELETE:
            if not self.delete_records:
                return None
            row = self._only_key(row)
        value = self.encode_value(row, op, ts_us, version)
        if len(key) + len(value) > MAX_RECORD_BYTES:
            raise EncodeError(
                "oversize", f"the governed record would have more than {MAX_RECORD_BYTES} bytes"
            )
        return value


def avro_encoder(
    columns: tuple[GovernedColumn, ...],
    key_schema_id: int,
    value_schema_id: int,
    *,
    delete_records: bool = False,
) -> Encoder:
    """Confluent Avro: magic byte, schema id, then the fields in schema order."""
    lengths = [column.type.framing is Framing.LENGTH for column in columns]
    are_keys = [column.is_key for column in columns]
    fields = list(zip(are_keys, lengths, strict=True))
    key_head, value_head = frame(key_schema_id), frame(value_schema_id)

    def encode_key(row: Row) -> bytes:
        out = [key_head]
        for (is_key, length), data in zip(fields, row, strict=True):
            if is_key and data is not None:
                out += (zigzag(len(data)), data) if length else (data,)
        return b"".join(out)

    def encode_value(row: Row, op: Op, ts_us: int, version: int) -> bytes:
        out = [value_head]
        for (is_key, length), data in zip(fields, row, strict=True):
            if data is None:
                out.append(_NULL)
                continue
            if not is_key:
                out.append(_NOT_NULL)
            if length:
                out.append(zigzag(len(data)))
            out.append(data)
        code = op.value.encode()
        out += (zigzag(len(code)), code, zigzag(ts_us), zigzag(version), _FLAG[op is Op.DELETE])
        return b"".join(out)

    return Encoder(columns, encode_key, encode_value, PREFIX_BYTES, delete_records)


def frame(schema_id: int) -> bytes:
    """Confluent's five bytes in front of a datum."""
    return bytes([MAGIC]) + schema_id.to_bytes(4, "big")


def json_encoder(columns: tuple[GovernedColumn, ...], *, delete_records: bool = False) -> Encoder:
    """Plain JSON; the key is an object of the key columns."""
    names = [avro_name(column.name) for column in columns]

    def fields(row: Row, *, only_key: bool) -> dict[str, Any]:
        return {
            name: _json_form(column, data)
            for name, column, data in zip(names, columns, row, strict=True)
            if column.is_key or not only_key
        }

    def encode_key(row: Row) -> bytes:
        return orjson.dumps(fields(row, only_key=True))

    def encode_value(row: Row, op: Op, ts_us: int, version: int) -> bytes:
        lineage: Mapping[str, Any] = {
            "__op": op.value,
            "__source_ts_us": ts_us,
            "__version": version,
            "__deleted": op is Op.DELETE,
        }
        return orjson.dumps({**fields(row, only_key=False), **lineage})

    return Encoder(columns, encode_key, encode_value, 0, delete_records)


def _json_form(column: GovernedColumn, data: bytes | None) -> Any:
    """What Avro can hold and JSON cannot is a date outside the years 1 to 9999."""
    try:
        return to_json(from_slice(data, column.type), column.type)
    except (ValueError, OverflowError):
        # Python's own words quote the value.
        raise EncodeError(
            "no_json_form",
            f"column {column.name}: no JSON form of {column.type}",
            column=column.name,
        ) from None
