"""A column of a batch: slices of one buffer.

Enters: bytes of values, in Avro's binary encoding without length prefix (a long is its zigzag
varint, a string its UTF-8, a decimal its two's complement, NULL is no slice). Leaves: the same, by
reference: a kept value is copied once, into the output, and never decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
NULL = -1


@dataclass(frozen=True, slots=True)
class Column:
    """Value i is `buffer[start[i]:end[i]]`; `start[i] == NULL` marks NULL."""

    buffer: bytes
    start: IntArray
    end: IntArray

    @classmethod
    def of(cls, values: Sequence[bytes | None]) -> Column:
        """Join values into one buffer."""
        if None in values:
            return cls._with_nulls(values)
        filled = cast("Sequence[bytes]", values)
        lengths = np.fromiter(map(len, filled), np.int64, len(filled))
        end = np.cumsum(lengths)
        return cls(b"".join(filled), end - lengths, end)

    @classmethod
    def _with_nulls(cls, values: Sequence[bytes | None]) -> Column:
        filled = cls.of([b"" if value is None else value for value in values])
        nulls = np.fromiter((value is None for value in values), np.bool_, len(values))
        filled.start[nulls] = NULL
        return filled

    def __len__(self) -> int:
        return len(self.start)

    def values(self) -> list[bytes | None]:
        """Every value as bytes of its own; None for NULL."""
        buffer = self.buffer
        return [
            buffer[start:end] if start != NULL else None
            for start, end in zip(self.start.tolist(), self.end.tolist(), strict=True)
        ]

    def take(self, indices: Sequence[int] | IntArray) -> Column:
        """The same buffer, other rows."""
        return Column(self.buffer, self.start[indices], self.end[indices])

    def put(self, places: IntArray, other: Column) -> Column:
        """The same with the values of `other` at `places`."""
        start, end = self.start.copy(), self.end.copy()
        shift = len(self.buffer)
        start[places] = np.where(other.start == NULL, NULL, other.start + shift)
        end[places] = other.end + shift
        return Column(self.buffer + other.buffer, start, end)

    def then(self, other: Column) -> Column:
        """These rows and behind them those of `other`."""
        size = len(self)
        room = np.full(len(other), NULL, np.int64)
        longer = Column(
            self.buffer, np.concatenate((self.start, room)), np.concatenate((self.end, room))
        )
        return longer.put(np.arange(size, size + len(other)), other)


def zigzag(value: int) -> bytes:
    """Avro's variable-length zigzag encoding of an int of 64 bits.

    Raises:
        OverflowError: the value needs more than 64 bits.
    """
    if not -(1 << 63) <= value < 1 << 63:
        raise OverflowError("more than 64 bits")
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def unzigzag(data: bytes) -> int:
    """The int that `zigzag` encoded.

    Raises:
        ValueError: not one whole canonical varint of 64 bits.
    """
    rest = 0
    for shift, byte in zip(range(0, 70, 7), data, strict=False):
        rest |= (byte & 0x7F) << shift
    value = (rest >> 1) ^ -(rest & 1)
    if zigzag(value) != data:
        raise ValueError("not a canonical varint")
    return value
