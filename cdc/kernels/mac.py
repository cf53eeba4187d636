"""HMAC-SHA-256 over a column of texts, sixteen lanes at a time, and base32 of what comes out.

Source: FIPS 180-4 (SHA-256), RFC 2104 (HMAC), RFC 4648 (base32, here in lower case).
"""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel

LANES = 16
BLOCK = 64
MAC_BYTES = 32


def _roots(power: float, count: int) -> list[int]:
    """The first 32 bits behind the point of roots of the first primes."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
    return [_fraction(prime, power) for prime in primes[:count]]


def _fraction(prime: int, power: int) -> int:
    """Exact: the integer root of prime * 2^(32 * power), without its whole part."""
    target = prime << (32 * power)
    low, high = 0, 1 << 40
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= target else (low, middle - 1)
    return low & 0xFFFFFFFF


ROUNDS = np.array(_roots(3, 64), np.uint32)
START = np.array(_roots(2, 8), np.uint32)


@kernel
def _rotate(value, bits):
    return np.uint32(np.uint32(value >> np.uint32(bits)) | np.uint32(value << np.uint32(32 - bits)))


@kernel
def compress(state, words, work):
    """One block of every lane: `state` (8, LANES) goes on; `words` (64, LANES), 16 rows filled."""
    for t in range(16, 64):
        for lane in range(LANES):
            old, late = words[t - 15, lane], words[t - 2, lane]
            low = _rotate(old, 7) ^ _rotate(old, 18) ^ np.uint32(old >> np.uint32(3))
            high = _rotate(late, 17) ^ _rotate(late, 19) ^ np.uint32(late >> np.uint32(10))
            words[t, lane] = np.uint32(words[t - 16, lane] + low + words[t - 7, lane] + high)
    work[:] = state
    for t in range(64):
        a, b, c, d = work[(0 - t) & 7], work[(1 - t) & 7], work[(2 - t) & 7], work[(3 - t) & 7]
        e, f, g, h = work[(4 - t) & 7], work[(5 - t) & 7], work[(6 - t) & 7], work[(7 - t) & 7]
        for lane in range(LANES):
            x, y = e[lane], a[lane]
            high = _rotate(x, 6) ^ _rotate(x, 11) ^ _rotate(x, 25)
            choice = (x & f[lane]) ^ (np.uint32(~x) & g[lane])
            first = np.uint32(h[lane] + high + choice + ROUNDS[t] + words[t, lane])
            low = _rotate(y, 2) ^ _rotate(y, 13) ^ _rotate(y, 22)
            most = (y & b[lane]) ^ (y & c[lane]) ^ (b[lane] & c[lane])
            d[lane] = np.uint32(d[lane] + first)
            h[lane] = np.uint32(first + low + most)
    for row in range(8):
        for lane in range(LANES):
            state[row, lane] = np.uint32(state[row, lane] + work[row, lane])


@kernel
def _fill(words, lane, buffer, start, end, block):
    """Block number `block` of a text that follows one block of key, padding and length included."""
    length = end - start
    for row in range(16):
        word = np.uint32(0)
        for byte in range(4):
            place = block * BLOCK + row * 4 + byte
            data = np.uint32(0)
            if place < length:
                data = np.uint32(buffer[start + place])
            elif place == length:
                data = np.uint32(0x80)
            word = np.uint32((word << np.uint32(8)) | data)
        words[row, lane] = word
    if block == (length + 8) // BLOCK:
        bits = (length + BLOCK) * 8
        words[14, lane] = np.uint32(bits >> 32)
        words[15, lane] = np.uint32(bits & 0xFFFFFFFF)


@kernel
def _digest(lanes, count, buffer, start, end, keyed, state, words, work):
    """Leave the MACs of `count` texts (places in `lanes`) in `state`."""
    kept = np.empty((8, LANES), np.uint32)
    for row in range(8):
        state[row, :] = keyed[0, row]
    blocks = 0
    for lane in range(count):
        blocks = max(blocks, (end[lanes[lane]] - start[lanes[lane]] + 8) // BLOCK + 1)
    for block in range(blocks):
        for lane in range(count):
            i = lanes[lane]
            _fill(words, lane, buffer, start[i], end[i], block)
        kept[:] = state
        compress(state, words, work)
        for lane in range(count):
            i = lanes[lane]
            if block > (end[i] - start[i] + 8) // BLOCK:
                state[:, lane] = kept[:, lane]
    words[:8] = state
    words[8:16] = 0
    words[8] = np.uint32(0x80000000)
    words[15] = np.uint32((BLOCK + MAC_BYTES) * 8)
    for row in range(8):
        state[row, :] = keyed[1, row]
    compress(state, words, work)


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
    state = np.empty((8, LANES), np.uint32)
    words = np.zeros((64, LANES), np.uint32)
    work = np.empty((8, LANES), np.uint32)
    count = 0
    for i in range(start.size + 1):
        if i < start.size and start[i] >= 0:
            lanes[count] = i
            count += 1
        if count == LANES or (i == start.size and count > 0):
            _digest(lanes, count, buffer, start, end, keyed, state, words, work)
            for lane in range(count):
                for byte in range(MAC_BYTES):
                    word = state[byte // 4, lane]
                    out[lanes[lane], byte] = np.uint8((word >> (8 * (3 - byte % 4))) & 0xFF)
            count = 0


@kernel
def base32(macs, size, start, prefix, out):
    """`prefix` and the base32 of the first `size` (of five a multiple) bytes, value after value.

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
