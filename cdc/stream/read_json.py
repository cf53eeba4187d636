"""A batch of JSON messages → `Reading`: the schema is passed over, the payload parsed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from cdc.column import NULL, Column
from cdc.event import JsonShape, Op, RawBatch
from cdc.kernels import columns as kernels
from cdc.stream.columnar import Mask, Read, Reading
from cdc.stream.decode import JSON_WIRE, NOT_THAT_TYPE, Encode
from registry.derive.from_debezium import RawColumn

Values = Sequence[Any]
Row = Mapping[str, Any]

_OPS = {op.value: ord(op) for op in Op}
_DELETE = ord(Op.DELETE)
_NO_ROW: Row = {}
_LONGEST_MS = (1 << 63) // 1000 - 1
_NOT_READ = (ValueError, TypeError, LookupError, AttributeError)
"""What a payload raises that is no envelope; orjson's errors are ValueErrors."""


def json_read(shape: JsonShape, wanted: Sequence[RawColumn], key_columns: frozenset[str]) -> Read:
    """How batches of one inline schema are read."""
    length = len(shape.value_prefix)
    names = [(column, column.name in key_columns) for column in wanted]

    def read(batch: RawBatch) -> Reading:
        events = _Events(length, batch.values)
        there = np.array([value is not None for value in batch.values], np.bool_)
        gone = events.op == _DELETE
        row = {}
        for column, is_key in names:
            values: Values = [row.get(column.name) for row in events.rows]
            if not is_key and gone.any():
                values = [None if d else v for d, v in zip(gone.tolist(), values, strict=True)]
            made = _column(values, column.raw.connect, events.sure)
            if not is_key and not column.optional:
                events.sure &= (made.start != NULL) | gone
            row[column.name] = made
        return Reading(there, events.sure, events.op, events.source_ts_us, row)

    return read


class _Events:
    """The payloads of a batch; `sure` of those that are envelopes with all that is needed."""

    def __init__(self, prefix: int, messages: Sequence[bytes | None]) -> None:
        self.rows: list[Row] = []
        op, times, sure = [], [], []
        for message in messages:
            try:
                event = orjson.loads(memoryview(message or b"")[prefix:-1])
                letter, time, row = self._open(event)
            except _NOT_READ:
                letter, time, row = 0, 0, None
            op.append(letter)
            times.append(time)
            sure.append(row is not None)
            self.rows.append(_NO_ROW if row is None else row)
        self.op = np.array(op, np.uint8)
        self.source_ts_us = np.array(times, np.int64)
        self.sure: Mask = np.array(sure, np.bool_)

    def _open(self, event: Any) -> tuple[int, int, Row | None]:
        letter = _OPS[event["op"]]
        source = event["source"]
        time = source.get("ts_us")
        if time is None:
            time = source["ts_ms"] * 1000
        if type(time) is not int or not -_LONGEST_MS <= time // 1000 <= _LONGEST_MS:
            raise TypeError
        if letter == ord(Op.TRUNCATE):
            return letter, time, _NO_ROW
        row = event["before" if letter == _DELETE else "after"]
        if type(row) is not dict:
            raise TypeError
        return letter, time, row


def _column(values: Values, connect: str, sure: Mask) -> Column:
    """The slices of one column; an event whose value is not of its type is no longer `sure`."""
    batchwise = _BATCHWISE.get(connect)
    made = batchwise(values) if batchwise else None
    return _one_by_one(values, JSON_WIRE[connect], sure) if made is None else made


def _one_by_one(values: Values, encode: Encode, sure: Mask) -> Column:
    out: list[bytes | None] = []
    for place, value in enumerate(values):
        try:
            out.append(None if value is None else encode(value))
        except NOT_THAT_TYPE:
            sure[place] = False
            out.append(None)
    return Column.of(out)


def _integers(values: Values) -> Column | None:
    if not set(map(type, values)) <= {int, type(None)}:
        return None
    ok = np.fromiter((value is not None for value in values), np.bool_, len(values))
    try:
        numbers = np.array([value or 0 for value in values], np.int64)
    except OverflowError:
        return None
    return kernels.write_longs(kernels.Numbers(numbers, ok))


def _strings(values: Values) -> Column | None:
    if not set(map(type, values)) <= {str, type(None)}:
        return None
    filled = [value or "" for value in values]
    joined = "".join(filled)
    if not joined.isascii():
        return Column.of([None if value is None else value.encode() for value in values])
    end = np.cumsum(np.fromiter(map(len, filled), np.int64, len(values)))
    start = np.concatenate((np.zeros(1, np.int64), end))[: len(values)]
    if None in values:
        start[[value is None for value in values]] = NULL
    return Column(joined.encode(), start, end)


def _base64(values: Values) -> Column | None:
    texts = _strings(values)
    if texts is None:
        return None
    made, ok = kernels.unbase64(texts)
    return made if (ok | (texts.start == NULL)).all() else None


_BATCHWISE: Mapping[str, Callable[[Values], Column | None]] = {
    **dict.fromkeys(("int8", "int16", "int32", "int64"), _integers),
    "string": _strings,
    "bytes": _base64,
}
"""Types that a whole column of is made at once; None: not all values are of the type."""
