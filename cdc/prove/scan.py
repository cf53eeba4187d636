"""Many needles in many bytes, in one pass.

Every window of five bytes is hashed with numpy and looked up in a bitmap of the needles' first five
bytes; only where that says "perhaps" is a dictionary asked. So the time grows with the bytes and
hardly with the needles, of which there may be a million.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cdc.prove.encodings import SHORTEST, Needle

BATCH_BYTES = 1 << 20
"""Small pieces are searched together up to this size: numpy wants long arrays."""
OVERLAP = 4096
"""How much of a file's part is read again with the next: longer than any needle."""
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FEWEST_BITS, _MOST_BITS = 16, 26

Bytes = npt.NDArray[np.uint64]


class Role(StrEnum):
    """What a piece is, as far as a marker may stand in it."""

    ROWS = "rows"  # governed keys and values: what the policies let through
    SHAPES = "shapes"  # governed schemas
    ELSE = "else"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes that leave, and where they stand."""

    place: str
    data: bytes
    role: Role = Role.ELSE


@dataclass(frozen=True, slots=True)
class Hit:
    """A marker's needle in a piece."""

    marker: str
    encoding: str
    piece: Piece


class Scanner:
    """Needles, each under the id of its marker, ready to be searched for."""

    def __init__(self, needles: Iterable[tuple[str, Needle]]) -> None:
        self._starts: dict[bytes, list[tuple[str, Needle]]] = {}
        for marker, needle in needles:
            self._starts.setdefault(needle.data[:SHORTEST], []).append((marker, needle))
        bits = min(max(_FEWEST_BITS, len(self._starts).bit_length() + 4), _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        self._bitmap = np.zeros(1 << bits, np.bool_)
        if self._starts:
            self._bitmap[self._hashes(b"".join(self._starts))[::SHORTEST]] = True

    def search(self, pieces: Iterable[Piece]) -> Iterator[Hit]:
        """Every needle in every piece; a needle never reaches over two pieces."""
        batch: list[Piece] = []
        size = 0
        for piece in pieces:
            batch.append(piece)
            size += len(piece.data)
            if size >= BATCH_BYTES:
                yield from self._search_batch(batch)
                batch, size = [], 0
        yield from self._search_batch(batch)

    def _search_batch(self, pieces: list[Piece]) -> Iterator[Hit]:
        data = b"".join(piece.data for piece in pieces)
        places = self._candidates(data)
        if not len(places):
            return
        ends = np.cumsum([len(piece.data) for piece in pieces])
        owners = np.searchsorted(ends, places, side="right")
        for at, owner in zip(places.tolist(), owners.tolist(), strict=True):
            piece, end = pieces[owner], int(ends[owner])
            start = at - (end - len(piece.data))
            for marker, needle in self._starts.get(data[at : at + SHORTEST], ()):
                if _stands(needle, piece.data, start):
                    yield Hit(marker, needle.encoding, piece)

    def _candidates(self, data: bytes) -> npt.NDArray[np.intp]:
        if len(data) < SHORTEST:
            return np.empty(0, np.intp)
        return np.flatnonzero(self._bitmap[self._hashes(data)])

    def _hashes(self, data: bytes) -> Bytes:
        """Of each window of five bytes, a number below the bitmap's length."""
        one = np.frombuffer(data, np.uint8).astype(np.uint64)
        count = len(one) - SHORTEST + 1
        window = np.zeros(count, np.uint64)
        for place in range(SHORTEST):
            window = (window << np.uint64(8)) | one[place : place + count]
        hashed: Bytes = (window * _MULTIPLIER) >> self._shift
        return hashed


def _stands(needle: Needle, data: bytes, start: int) -> bool:
    if not data.startswith(needle.data, start):
        return False
    end = start + len(needle.data)
    beside = data[start - 1 : start] + data[end : end + 1] if start else data[end : end + 1]
    return not any(byte in needle.edge.value for byte in beside)
