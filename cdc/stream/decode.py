"""Raw messages → `ChangeBatch`: both raw formats end in the same columns of slices.

Only the wanted columns are read; what is withheld or dropped is never decoded.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from cdc.arrays import encode_floats
from cdc.column import Column, zigzag
from cdc.errors import EnvelopeError, RecordError
from cdc.event import AvroShape, ChangeBatch, JsonShape, Op, RawBatch
from cdc.forms import ewkb
from cdc.stream.shape import PREFIX_BYTES
from registry.derive.from_debezium import RawColumn

Decode = Callable[[RawBatch, frozenset[str]], ChangeBatch]
"""A batch of one shape, and the raw names of its key columns."""

Reader = Callable[[bytes, int], Any]
Open = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]

_OPS = {op.value: op for op in Op}
_pack_float = struct.Struct("<f").pack
_pack_double = struct.Struct("<d").pack


def _integer(value: Any) -> bytes:
    if type(value) is not int:
        raise TypeError
    return zigzag(value)


def _boolean(value: Any) -> bytes:
    if type(value) is not bool:
        raise TypeError
    return b"\x01" if value else b"\x00"


def _string(value: Any) -> bytes:
    if type(value) is not str:
        raise TypeError
    return value.encode()


def _bytes(value: Any) -> bytes:
    if type(value) is not bytes:
        raise TypeError
    return value


def _base64(value: Any) -> bytes:
    return base64.b64decode(value, validate=True)


def _floats(value: Any) -> bytes:
    if type(value) is not list:
        raise TypeError
    return encode_floats(value)


def _geometry(encode: Encode) -> Encode:
    """A record of WKB and SRID; of a point's `x` and `y` the WKB has every bit too."""

    def convert(value: Any) -> bytes:
        if type(value) is not dict:
            raise TypeError
        return ewkb(encode(value.get("wkb")), value.get("srid"))

    return convert


_WIRE: Mapping[str, Encode] = {
    "boolean": _boolean,
    "int8": _integer,
    "int16": _integer,
    "int32": _integer,
    "int64": _integer,
    "float": _pack_float,
    "double": _pack_double,
    "string": _string,
    "bytes": _bytes,
    "array": _floats,
    "struct": _geometry(_bytes),
}
JSON_WIRE: Mapping[str, Encode] = {**_WIRE, "bytes": _base64, "struct": _geometry(_base64)}
NOT_THAT_TYPE = (TypeError, ValueError, OverflowError, struct.error, binascii.Error)


@dataclass(frozen=True, slots=True)
class Decoder:
    """The slow path, event by event: the oracle of the kernels, and the one that names errors.

    How messages of one raw schema open, and which columns are wanted of them.

    `open_key` and `open_value` give the payload as a mapping.
    """

    open_key: Open
    open_value: Open
    wanted: Sequence[tuple[str, bool, Encode]]

    def decode(self, batch: RawBatch, key_columns: frozenset[str]) -> ChangeBatch:
        """Decode a batch up to its first TRUNCATE."""
        rows = _Rows(self.wanted, key_columns)
        skipped = 0
        for place, value in enumerate(batch.values):
            if value is None:
                skipped += 1
                continue
            try:
                op, ts_us, row = self._event(batch.keys[place], value)
            except EnvelopeError as error:
                rows.fail(place, error)
                continue
            if op is Op.TRUNCATE:
                return rows.batch(batch, skipped, place)
            rows.add(place, op, ts_us, row)
        return rows.batch(batch, skipped, None)

    def _event(self, key: bytes | None, value: bytes) -> tuple[Op, int, Mapping[str, Any]]:
        try:
            event = self.open_value(value)
            op = _OPS[event["op"]]
            source = event["source"]
            ts_us = source.get("ts_us")
            ts_us = source["ts_ms"] * 1000 if ts_us is None else ts_us
            if op is Op.TRUNCATE:
                return op, ts_us, {}
            row = event["before" if op is Op.DELETE else "after"]
            if row is None and op is Op.DELETE and key is not None:
                row = self.open_key(key)
            zigzag(int(ts_us))  # 64 bits
            return op, int(ts_us), _mapping(row)
        except RecordError:
            raise
        except Exception as error:  # noqa: BLE001 -- bytes from outside break a parser in any way
            raise EnvelopeError(
                "not_an_envelope",
                f"the message is not a Debezium envelope ({type(error).__name__})",
            ) from None


def _mapping(row: Any) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise EnvelopeError("no_row", "the envelope has no row image for its operation")
    return row


class _Rows:
    """Gathers a batch column by column."""

    def __init__(
        self, wanted: Sequence[tuple[str, bool, Encode]], key_columns: frozenset[str]
    ) -> None:
        self._columns: list[list[bytes | None]] = [[] for _ in wanted]
        self._wanted = [
            (name, optional, encode, name in key_columns, column.append)
            for (name, optional, encode), column in zip(wanted, self._columns, strict=True)
        ]
        self._index: list[int] = []
        self._op: list[int] = []
        self._ts: list[int] = []
        self._failed: dict[int, RecordError] = {}

    def add(self, place: int, op: Op, ts_us: int, row: Mapping[str, Any]) -> None:
        self._begin(place, op, ts_us)
        key_only = op is Op.DELETE
        for name, optional, encode, is_key, append in self._wanted:
            value = row.get(name)
            if value is None:
                # A key that may be NULL (the policy names it) is for `encode` to refuse.
                if not (optional or (key_only and not is_key)):
                    self._fail_last("missing_value", name, "is missing")
                append(None)
            elif key_only and not is_key:
                append(None)
            else:
                try:
                    append(encode(value))
                except NOT_THAT_TYPE:
                    self._fail_last("wrong_type", name, "is not of the type its schema says")
                    append(None)

    def fail(self, place: int, error: RecordError) -> None:
        self._begin(place, Op.UPDATE, 0)
        self._failed[len(self._index) - 1] = error
        for *_, append in self._wanted:
            append(None)

    def _begin(self, place: int, op: Op, ts_us: int) -> None:
        self._index.append(place)
        self._op.append(ord(op))
        self._ts.append(ts_us)

    def _fail_last(self, reason: str, column: str, what: str) -> None:
        error = EnvelopeError(reason, f"column {column} {what}", column=column)
        self._failed.setdefault(len(self._index) - 1, error)

    def batch(self, raw: RawBatch, skipped: int, truncate_at: int | None) -> ChangeBatch:
        index = np.array(self._index, np.int64)
        names = [name for name, *_ in self._wanted]
        return ChangeBatch(
            offsets=raw.offsets[index],
            index=index,
            op=np.array(self._op, np.uint8),
            source_ts_us=np.array(self._ts, np.int64),
            row=dict(zip(names, map(Column.of, self._columns), strict=True)),
            failed=self._failed,
            slow=np.ones(len(index), np.bool_),
            skipped=skipped,
            truncate_at=truncate_at,
        )


def json_decoder(shape: JsonShape, wanted: Sequence[RawColumn]) -> Decoder:
    """Decoder of JSON with inline schema."""
    return Decoder(
        _after_prefix(shape.key_prefix),
        _after_prefix(shape.value_prefix),
        _wire(wanted, JSON_WIRE),
    )


def _after_prefix(prefix: bytes | None) -> Open:
    length = len(prefix or b"")
    return lambda message: orjson.loads(memoryview(message)[length:-1])


def avro_decoder(
    shape: AvroShape, wanted: Sequence[RawColumn], read_key: Reader | None, read_value: Reader
) -> Decoder:
    """Decoder of Confluent Avro; readers take bytes and the offset behind the prefix."""
    return Decoder(
        _framed(shape.key_id, read_key or read_value),
        _framed(shape.value_id, read_value),
        _wire(wanted, _WIRE),
    )


def _framed(expected: int | None, read: Reader) -> Open:
    if expected is None:
        return lambda _: None
    return lambda message: read(message, PREFIX_BYTES)


def _wire(
    wanted: Sequence[RawColumn], table: Mapping[str, Encode]
) -> Sequence[tuple[str, bool, Encode]]:
    return [(column.name, column.optional, table[column.raw.connect]) for column in wanted]
