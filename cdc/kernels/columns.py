"""The kernels as functions of columns.

A function that cannot answer for every value says for which it does (`ok`); `fill` asks the slow
path for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cdc.column import NULL, Column, IntArray
from cdc.kernels import mac, numbers, text
from cdc.kernels.varint import LONGEST

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column read as int64; where not `ok` it is NULL, or left to the slow path."""

    values: IntArray
    ok: Mask


def bytes_of(buffer: bytes) -> Bytes:
    """The buffer as an array, without a copy."""
    return np.frombuffer(buffer, np.uint8)


def fill(column: Column, done: Column, ok: Mask, slow: Callable[[bytes], bytes | None]) -> Column:
    """`done`, and by `slow` what has a value in `column` that is not `ok`."""
    left = np.flatnonzero(~ok & (column.start != NULL))
    if not len(left):
        return done
    return done.put(
        left, Column.of([slow(data) for data in column.take(left).values() if data is not None])
    )


def _read(kernel: Callable[..., None], column: Column) -> Numbers:
    values = np.zeros(len(column), np.int64)
    ok = np.zeros(len(column), np.bool_)
    kernel(bytes_of(column.buffer), column.start, column.end, values, ok)
    return Numbers(values, ok)


def _write(kernel: Callable[..., int], numbers_: Numbers, longest: int) -> Column:
    size = len(numbers_.values)
    out, start, end = (
        np.empty(size * longest, np.uint8),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
    )
    written = kernel(numbers_.values, numbers_.ok, out, start, end)
    return Column(out[:written].tobytes(), start, end)


def read_longs(column: Column) -> Numbers:
    """Avro longs."""
    return _read(numbers.read_longs, column)


def read_decimals(column: Column) -> Numbers:
    """Unscaled decimals of up to eight bytes."""
    return _read(numbers.read_decimals, column)


def read_instants(column: Column) -> Numbers:
    """ISO 8601 instants in UTC as µs since 1970."""
    return _read(numbers.read_instants, column)


def write_longs(found: Numbers) -> Column:
    """Avro longs."""
    return _write(numbers.write_longs, found, LONGEST)


def write_decimals(found: Numbers) -> Column:
    """Unscaled decimals."""
    return _write(numbers.write_decimals, found, numbers.DECIMAL_BYTES)


def write_digits(found: Numbers) -> Column:
    """The numbers' decimal digits as text."""
    return _write(numbers.write_digits, found, numbers.DIGITS)


def lower(column: Column) -> tuple[Column, Mask]:
    """ASCII texts in lower case."""
    return _rewritten(text.lower, column)


def unbase64(column: Column) -> tuple[Column, Mask]:
    """What padded base64 stands for."""
    return _rewritten(text.unbase64, column)


def _rewritten(kernel: Callable[..., int], column: Column) -> tuple[Column, Mask]:
    """By a kernel whose output is never longer than its input."""
    size = int((column.end - column.start)[column.start != NULL].sum())
    out, ok = np.empty(size, np.uint8), np.zeros(len(column), np.bool_)
    start, end = np.empty(len(column), np.int64), np.empty(len(column), np.int64)
    buffer = bytes_of(column.buffer)
    written = kernel(buffer, column.start, column.end, out, start, end, ok)
    return Column(out[:written].tobytes(), start, end), ok


def last_words(column: Column, words: Sequence[bytes]) -> Numbers:
    """Which of the words (lower case, none empty) stands last in each ASCII text; -1: none."""
    bounds = np.cumsum([0, *map(len, words)], dtype=np.int64)
    joined = bytes_of(b"".join(words))

    def kernel(buffer: Bytes, start: IntArray, end: IntArray, out: IntArray, ok: Mask) -> None:
        text.last_words(buffer, start, end, joined, bounds, out, ok)

    return _read(kernel, column)


def macs(column: Column, keyed: Words) -> Bytes:
    """(values, 32): HMACs, zeros for NULL; `keyed` holds both states after the key's block."""
    out = np.zeros((len(column), mac.MAC_BYTES), np.uint8)
    mac.macs(bytes_of(column.buffer), column.start, column.end, keyed, out)
    return out


def keyed_states(key: bytes) -> Words:
    """What `macs` starts from, of a key of at most 64 bytes."""
    padded = key.ljust(mac.BLOCK, b"\0")
    masked = [bytes(byte ^ mask for byte in padded) for mask in (0x36, 0x5C)]
    return np.array([mac.keyed_state(block) for block in masked], np.uint32)


def tokens(column: Column, digests: Bytes, size: int, prefix: bytes) -> Column:
    """`prefix` and the base32 of each digest's first `size` bytes; NULL where the column is."""
    valid = column.start != NULL
    width = len(prefix) + size // 5 * 8
    end = np.cumsum(np.where(valid, width, 0))
    out = np.empty(int(end[-1]) if len(end) else 0, np.uint8)
    mac.base32(digests, size, column.start, bytes_of(prefix), out)
    return Column(out.tobytes(), np.where(valid, end - width, NULL), end)
