"""Kafka's partition hash over a batch of keys.

Source: murmur2 with seed 0x9747b28c as Kafka's clients compute it (`Utils.murmur2`), the sign bit
cleared; known-answer vectors are in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cdc.column import IntArray

_SEED = 0x9747B28C
_M = np.uint32(0x5BD1E995)
_Words = npt.NDArray[np.uint32]


def murmur2(keys: Sequence[bytes]) -> IntArray:
    """The positive hash of every key; keys of one length are hashed together."""
    out = np.empty(len(keys), np.int64)
    by_length: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        by_length.setdefault(len(key), []).append(place)
    for length, places in by_length.items():
        joined = b"".join([keys[place] for place in places])
        table = np.frombuffer(joined, np.uint8).reshape(len(places), length)
        out[places] = _hash_table(table) & 0x7FFFFFFF
    return out


def _hash_table(table: npt.NDArray[np.uint8]) -> IntArray:
    rows, length = table.shape
    whole = length // 4 * 4
    words = np.ascontiguousarray(table[:, :whole]).view("<u4").astype(np.uint32)
    state = np.full(rows, _SEED ^ length, np.uint32)
    for word in words.T:
        mixed = word * _M
        mixed ^= mixed >> np.uint32(24)
        state = state * _M ^ mixed * _M
    state = _mix_tail(state, table[:, whole:])
    state ^= state >> np.uint32(13)
    state *= _M
    state ^= state >> np.uint32(15)
    return state.astype(np.int64)


def _mix_tail(state: _Words, tail: npt.NDArray[np.uint8]) -> _Words:
    if tail.shape[1] == 0:
        return state
    for place in range(tail.shape[1]):
        state = state ^ (tail[:, place].astype(np.uint32) << np.uint32(8 * place))
    return state * _M
