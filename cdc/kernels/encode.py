"""The encode kernel: keys and values of governed records, all events into one buffer."""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel
from cdc.kernels.varint import write_varint

KEY, LENGTH = 1, 2
"""Bits of a column's kind: part of the key (and then never NULL); a length goes in front."""
HEAD_BYTES = 5
_DELETE = ord("d")


@kernel
def _copy(out, at, buffer, start, end):
    for place in range(start, end):
        out[at] = buffer[place]
        at += 1
    return at


@kernel
def _column(out, at, kind, buffer, start, end):
    """A value that is there, without its union's branch."""
    if kind & LENGTH:
        at = write_varint(out, at, end - start)
    return _copy(out, at, buffer, start, end)


@kernel
def murmur2(data, start, end):
    """Kafka's partition hash, positive (`Utils.murmur2`, seed 0x9747b28c)."""
    mix = np.uint32(0x5BD1E995)
    length = end - start
    state = np.uint32(0x9747B28C) ^ np.uint32(length)
    at = start
    while at + 4 <= end:
        word = np.uint32(
            np.uint32(data[at])
            | np.uint32(data[at + 1]) << 8
            | np.uint32(data[at + 2]) << 16
            | np.uint32(data[at + 3]) << 24
        )
        word = np.uint32(word * mix)
        word = np.uint32((word ^ (word >> 24)) * mix)
        state = np.uint32(np.uint32(state * mix) ^ word)
        at += 4
    if at < end:
        shift = 0
        while at < end:
            state = np.uint32(state ^ (np.uint32(data[at]) << shift))
            shift += 8
            at += 1
        state = np.uint32(state * mix)
    state = np.uint32(state ^ (state >> 13))
    state = np.uint32(state * mix)
    return np.int64(state ^ (state >> 15)) & 0x7FFFFFFF


@kernel
def write_records(
    heads, kinds, buffer, starts, ends, op, source_ts, versions, wanted, out, keys, values, hashes
):
    """Write every wanted event.

    Args:
        heads: the key's five bytes of prefix and then the value's.
        kinds: per column, see `KEY`.
        buffer: what the slices are of.
        starts: (columns, events); -1 is NULL.
        ends: likewise.
        op: the operation's letter.
        source_ts: µs since 1970.
        versions: of each record.
        wanted: 0: write nothing; 1: key alone; 2: key and value.
        out: large enough.
        keys: out, (events, 2): begin and end in `out`; -1: a NULL in the key.
        values: out, likewise; -1: no value.
        hashes: out, murmur2 of the key without its prefix.
    """
    at = 0
    for event in range(op.size):
        keys[event, 0] = values[event, 0] = -1
        is_whole = wanted[event] > 0
        for column in range(kinds.size):
            if kinds[column] & KEY and starts[column, event] < 0:
                is_whole = False
        if not is_whole:
            continue
        keys[event, 0] = at
        at = _copy(out, at, heads, 0, HEAD_BYTES)
        for column in range(kinds.size):
            if kinds[column] & KEY:
                start, end = starts[column, event], ends[column, event]
                at = _column(out, at, kinds[column], buffer, start, end)
        keys[event, 1] = at
        hashes[event] = murmur2(out, keys[event, 0] + HEAD_BYTES, at)
        if wanted[event] < 2:
            continue
        values[event, 0] = at
        deleted = op[event] == _DELETE
        at = _copy(out, at, heads, HEAD_BYTES, 2 * HEAD_BYTES)
        for column in range(kinds.size):
            start, end = starts[column, event], ends[column, event]
            is_key = kinds[column] & KEY
            if not is_key:
                is_null = start < 0 or deleted
                out[at] = 0 if is_null else 2
                at += 1
                if is_null:
                    continue
            at = _column(out, at, kinds[column], buffer, start, end)
        out[at] = 2
        out[at + 1] = op[event]
        at = write_varint(out, at + 2, source_ts[event])
        at = write_varint(out, at, versions[event])
        out[at] = 1 if deleted else 0
        at += 1
        values[event, 1] = at
    return at
