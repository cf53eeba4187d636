"""HMAC-SHA-256 over a column of texts, sixteen lanes at a time, and base32 of what comes out.

Source: FIPS 180-4 (SHA-256), RFC 2104 (HMAC), RFC 4648 (base32, here in lower case).
"""

from __future__ import annotations

import numpy as np
from numpy import uint32 as u32

from cdc.kernels.compiling import kernel

LANES = 16
BLOCK = 64
MAC_BYTES = 32


def _fraction(prime: int, power: int) -> int:
    """The first 32 bits behind the point of a prime's square or cube root."""
    target = prime << (32 * power)
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= target else (low, middle - 1)
    return low & _WORD


_WORD = 0xFFFFFFFF
_PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
_ROUNDS = [_fraction(prime, 3) for prime in _PRIMES[:64]]
_START = [_fraction(prime, 2) for prime in _PRIMES[:8]]
ROUNDS = np.array(_ROUNDS, u32)


def keyed_state(block: bytes) -> list[int]:
    """SHA-256's state after its first block: done once a key, so in plain Python."""

    def rotate(value: int, bits: int) -> int:
        return (value >> bits | value << (32 - bits)) & _WORD

    words = [int.from_bytes(block[at : at + 4], "big") for at in range(0, BLOCK, 4)]
    for t in range(16, 64):
        old, late = words[t - 15], words[t - 2]
        low = rotate(old, 7) ^ rotate(old, 18) ^ old >> 3
        high = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
        words.append((words[t - 16] + low + words[t - 7] + high) & _WORD)
    a, b, c, d, e, f, g, h = _START
    for number, word in zip(_ROUNDS, words, strict=True):
        high = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
        first = h + high + (e & f ^ ~e & g) + number + word
        low = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
        second = low + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & _WORD, a, b, c, (d + first) & _WORD, e, f, g
    return [(x + y) & _WORD for x, y in zip(_START, (a, b, c, d, e, f, g, h), strict=True)]


@kernel
def _rotate(value, bits):
    return u32((value >> bits) | (value << (u32(32) - bits)))


@kernel
def _compress(state, words, work):
    """One block of every lane: `state` (8, LANES) goes on; `words` (64, LANES), 16 rows filled."""
    for t in range(16, 64):
        for lane in range(LANES):
            old, late = words[t - 15, lane], words[t - 2, lane]
            low = _rotate(old, u32(7)) ^ _rotate(old, u32(18)) ^ (old >> u32(3))
            high = _rotate(late, u32(17)) ^ _rotate(late, u32(19)) ^ (late >> u32(10))
            words[t, lane] = u32(words[t - 16, lane] + low + words[t - 7, lane] + high)
    for row in range(8):
        for lane in range(LANES):
            work[row, lane] = state[row, lane]
    for t in range(64):
        a, b, c, d = (0 - t) & 7, (1 - t) & 7, (2 - t) & 7, (3 - t) & 7
        e, f, g, h = (4 - t) & 7, (5 - t) & 7, (6 - t) & 7, (7 - t) & 7
        for lane in range(LANES):
            x, y = work[e, lane], work[a, lane]
            high = _rotate(x, u32(6)) ^ _rotate(x, u32(11)) ^ _rotate(x, u32(25))
            choice = (x & work[f, lane]) ^ (~x & work[g, lane])
            first = u32(work[h, lane] + high + choice + ROUNDS[t] + words[t, lane])
            low = _rotate(y, u32(2)) ^ _rotate(y, u32(13)) ^ _rotate(y, u32(22))
            most = (y & work[b, lane]) ^ (y & work[c, lane]) ^ (work[b, lane] & work[c, lane])
            work[d, lane] = u32(work[d, lane] + first)
            work[h, lane] = u32(first + low + most)
    for row in range(8):
        for lane in range(LANES):
            state[row, lane] = u32(state[row, lane] + work[row, lane])


@kernel
def _fill(words, lane, buffer, start, end, block):
    """Block number `block` of a text that follows one block of key, padding and length included."""
    length = end - start
    for row in range(16):
        word = u32(0)
        for byte in range(4):
            place = block * BLOCK + row * 4 + byte
            data = u32(0)
            if place < length:
                data = u32(buffer[start + place])
            elif place == length:
                data = u32(0x80)
            word = u32((word << u32(8)) | data)
        words[row, lane] = word
    if block == (length + 8) // BLOCK:
        bits = (length + BLOCK) * 8
        words[14, lane] = u32(bits >> 32)
        words[15, lane] = u32(bits & 0xFFFFFFFF)


@kernel
def _set(state, values):
    for row in range(8):
        for lane in range(LANES):
            state[row, lane] = values[row]


@kernel
def _fill_outer(words, state):
    """The block that the outer hash takes: the inner one's digest, padding, length."""
    for lane in range(LANES):
        for row in range(8):
            words[row, lane] = state[row, lane]
            words[8 + row, lane] = 0
        words[8, lane] = u32(0x80000000)
        words[15, lane] = u32((BLOCK + MAC_BYTES) * 8)


@kernel
def _digest(lanes, count, buffer, start, end, keyed, rooms):
    """Leave the MACs of `count` texts (places in `lanes`) in `rooms[0]`."""
    state, work, inner, words = rooms[0, :8], rooms[1, :8], rooms[2, :8], rooms[3]
    blocks = 0
    for lane in range(count):
        blocks = max(blocks, (end[lanes[lane]] - start[lanes[lane]] + 8) // BLOCK + 1)
    _set(state, keyed[0])
    for block in range(blocks + 1):  # the last one is the outer hash's
        if block == blocks:
            _fill_outer(words, inner)
            _set(state, keyed[1])
        else:
            for lane in range(count):
                i = lanes[lane]
                _fill(words, lane, buffer, start[i], end[i], block)
        _compress(state, words, work)
        for lane in range(count):
            i = lanes[lane]
            if block == (end[i] - start[i] + 8) // BLOCK:
                for row in range(8):
                    inner[row, lane] = state[row, lane]


@kernel
def macs(buffer, start, end, keyed, out):
    """HMACs of a column's values.

    Args:
        buffer: what the slices are of.
        start: of each value; -1 is NULL, which has no MAC.
        end: of each value.
        keyed: (2, 8), the inner and the outer state after the key's block.
        out: (values, MAC_BYTES), uint8.
    """
    lanes = np.zeros(LANES, np.int64)
    rooms = np.zeros((4, 64, LANES), u32)
    count = 0
    for i in range(start.size + 1):
        if i < start.size and start[i] >= 0:
            lanes[count] = i
            count += 1
        if count == LANES or (i == start.size and count > 0):
            _digest(lanes, count, buffer, start, end, keyed, rooms)
            for lane in range(count):
                for byte in range(MAC_BYTES):
                    word = rooms[0, byte // 4, lane]
                    out[lanes[lane], byte] = np.uint8((word >> (8 * (3 - byte % 4))) & 0xFF)
            count = 0


@kernel
def base32(macs, size, start, prefix, out):
    """`prefix` and the base32 of the first `size` bytes (a multiple of five), value after value.

    Nothing is written for a NULL (`start` below 0).
    """
    at = 0
    for i in range(start.size):
        if start[i] < 0:
            continue
        for byte in prefix:
            out[at] = byte
            at += 1
        for five in range(0, size, 5):
            bits = np.int64(0)
            for byte in range(5):
                bits = bits << 8 | np.int64(macs[i, five + byte])
            for place in range(8):
                letter = (bits >> (35 - 5 * place)) & 31
                out[at] = 97 + letter if letter < 26 else 24 + letter
                at += 1
    return at
