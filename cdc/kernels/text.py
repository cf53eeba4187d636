"""Kernels over ASCII text; a value with any other character is left to the slow path."""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel


@kernel
def _lower(byte):
    return byte + 32 if 65 <= byte <= 90 else byte


@kernel
def lower(buffer, start, end, out, new_start, new_end, ok):
    """Lower case; NULL where not `ok`. Returns the bytes written."""
    at = 0
    for i in range(start.size):
        new_start[i] = -1
        if start[i] >= 0:
            begin = at
            ok[i] = True
            for place in range(start[i], end[i]):
                byte = buffer[place]
                if byte >= 0x80:
                    ok[i] = False
                    at = begin
                    break
                out[at] = _lower(byte)
                at += 1
            if ok[i]:
                new_start[i] = begin
        new_end[i] = at
    return at


@kernel
def _is_word(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or byte == 95 or 97 <= byte <= 122


@kernel
def _matches(buffer, at, end, words, begin, stop):
    """Whether the word stands here and nothing of a word follows."""
    length = stop - begin
    if length > end - at:
        return False
    for place in range(length):
        if _lower(buffer[at + place]) != words[begin + place]:
            return False
    return at + length == end or not _is_word(buffer[at + length])


@kernel
def last_words(buffer, start, end, words, bounds, out, ok):
    """Which of `words` (lower case) stands last in each text as a whole word; -1: none.

    As `re.findall` does it: from left to right, without overlap, words tried in their order.
    `bounds` has one more entry than there are words.
    """
    first = np.zeros(256, np.bool_)
    for word in range(bounds.size - 1):
        first[words[bounds[word]]] = True
    for i in range(start.size):
        if start[i] < 0:
            continue
        out[i], ok[i] = -1, True
        at, before = start[i], False
        for place in range(start[i], end[i]):
            if buffer[place] >= 0x80:
                ok[i] = False
        while at < end[i] and ok[i]:
            step = 1
            if not before and first[_lower(buffer[at])]:
                for word in range(bounds.size - 1):
                    if _matches(buffer, at, end[i], words, bounds[word], bounds[word + 1]):
                        out[i] = word
                        step = bounds[word + 1] - bounds[word]
                        break
            at += step
            before = _is_word(buffer[at - 1])


@kernel
def _sextet(byte):
    """A letter of base64 as a number; -1: it is none."""
    if 65 <= byte <= 90:
        return np.int64(byte) - 65
    if 97 <= byte <= 122:
        return np.int64(byte) - 71
    if 48 <= byte <= 57:
        return np.int64(byte) + 4
    return np.int64(62) if byte == 43 else np.int64(63) if byte == 47 else np.int64(-1)


@kernel
def unbase64(buffer, start, end, out, new_start, new_end, ok):
    """What padded base64 stands for; NULL where not `ok`. Returns the bytes written."""
    at = 0
    for i in range(start.size):
        new_start[i] = -1
        size = end[i] - start[i]
        if start[i] >= 0 and size % 4 == 0:
            begin, ok[i] = at, True
            padding = 0
            while padding < 2 and padding < size and buffer[end[i] - 1 - padding] == 61:
                padding += 1
            bits, held = np.int64(0), 0
            for place in range(start[i], end[i] - padding):
                value = _sextet(buffer[place])
                if value < 0:
                    ok[i] = False
                    break
                bits, held = ((bits << 6) | value) & 0xFFFF, held + 6
                if held >= 8:
                    held -= 8
                    out[at] = (bits >> held) & 0xFF
                    at += 1
            if ok[i]:
                new_start[i] = begin
            else:
                at = begin
        new_end[i] = at
    return at
