"""Arrays as slices: Avro's binary encoding in one block, as every writer gives it.

    count (a long), the items, then a 0; an empty array is the 0 alone

Strings carry their length in front, floats are four bytes each.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from cdc.column import unzigzag, zigzag

_END = b"\x00"
_FLOAT_BYTES = 4


def encode_strings(values: Sequence[str]) -> bytes:
    """An `array<string>`."""
    return _block(len(values), b"".join(zigzag(len(d)) + d for d in map(str.encode, values)))


def decode_strings(data: bytes) -> tuple[str, ...]:
    """The strings of `encode_strings`.

    Raises:
        ValueError: not one whole block of strings.
    """
    count, at = _begin(data)
    found = []
    for _ in range(count):
        length, at = _take_long(data, at)
        found.append(data[at : at + length].decode())
        at += length
    _check_end(data, at, count)
    return tuple(found)


def encode_floats(values: Sequence[float]) -> bytes:
    """An `array<float>`.

    Raises:
        struct.error, OverflowError: a value is no number, or too large for 32 bits.
    """
    return _block(len(values), struct.pack(f"<{len(values)}f", *values))


def decode_floats(data: bytes) -> tuple[float, ...]:
    """The floats of `encode_floats`.

    Raises:
        ValueError: not one whole block of floats.
    """
    count, at = _begin(data)
    _check_end(data, at + _FLOAT_BYTES * count, count)
    return struct.unpack_from(f"<{count}f", data, at)


def _block(count: int, items: bytes) -> bytes:
    return zigzag(count) + items + _END if count else _END


def _begin(data: bytes) -> tuple[int, int]:
    count, at = _take_long(data, 0)
    if count < 0:
        raise ValueError("a block with a size, which no governed record has")
    return count, at


def _take_long(data: bytes, at: int) -> tuple[int, int]:
    end = at + 1
    while data[end - 1 : end] >= b"\x80":
        end += 1
    return unzigzag(data[at:end]), end


def _check_end(data: bytes, at: int, count: int) -> None:
    if data[at:] != (_END if count else b""):
        raise ValueError("not one whole block")
