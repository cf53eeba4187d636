"""Avro's variable-length integers, one at a time, inside kernels."""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel

LONGEST = 10
"""Bytes of the longest varint of 64 bits."""
_REST = 0x7FFF_FFFF_FFFF_FFFF


@kernel
def read_varint(buffer, at, stop):
    """The zigzag-decoded int at `at` and the place behind it.

    The place is -1 where the varint is cut, overlong or wider than 64 bits.
    """
    shift = 0
    raw = np.int64(0)
    while at < stop and shift < 64:
        byte = np.int64(buffer[at])
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (byte == 0 and shift > 0) or (shift == 63 and byte > 1):
                return np.int64(0), -1
            return ((raw >> 1) & _REST) ^ -(raw & 1), at
        shift += 7
    return np.int64(0), -1


@kernel
def write_varint(out, at, value):
    """Write the zigzag varint of an int64; the place behind it."""
    rest = (value << 1) ^ (value >> 63)
    while rest > 0x7F or rest < 0:
        out[at] = rest & 0x7F | 0x80
        at += 1
        rest = (rest >> 7) & 0x01FF_FFFF_FFFF_FFFF
    out[at] = rest
    return at + 1
