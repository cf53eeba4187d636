"""The parse kernel: a writer schema's opcode program over every message of a batch.

Nothing is decoded. What leaves is, per captured place, where its bytes begin and end in the buffer,
and per message whether the kernel is sure of it. A message it is not sure of (cut, overlong
varints, bytes behind the datum, text that is no UTF-8, a branch that the program declines) is left
to the slow path, which names what is wrong or knows better.
"""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel
from cdc.kernels.opcodes import MAX_DEPTH, Opcode
from cdc.kernels.varint import read_varint

_END = int(Opcode.END)
_VARINT = int(Opcode.VARINT)
_BYTES = int(Opcode.BYTES)
_FIXED = int(Opcode.FIXED)
_ENUM = int(Opcode.ENUM)
_UNION = int(Opcode.UNION)
_JUMP = int(Opcode.JUMP)
_OPEN_BLOCKS = int(Opcode.OPEN_BLOCKS)
_CLOSE_BLOCKS = int(Opcode.CLOSE_BLOCKS)
_TAKE_VARINT = int(Opcode.TAKE_VARINT)
_TAKE_BYTES = int(Opcode.TAKE_BYTES)
_TAKE_STRING = int(Opcode.TAKE_STRING)
_TAKE_FIXED = int(Opcode.TAKE_FIXED)
_TAKE_BOOLEAN = int(Opcode.TAKE_BOOLEAN)
_TAKE_FLOAT = int(Opcode.TAKE_FLOAT)
_TAKE_FLOATS = int(Opcode.TAKE_FLOATS)


@kernel
def is_utf8(buffer, at, stop):
    """Whether the bytes are UTF-8 as Python reads it: shortest forms, no surrogates."""
    while at < stop:
        byte = buffer[at]
        if byte < 0x80:
            at += 1
            continue
        if byte < 0xC2 or byte > 0xF4:
            return False
        more = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
        if at + more >= stop:
            return False
        second = buffer[at + 1]
        least = 0xA0 if byte == 0xE0 else 0x90 if byte == 0xF0 else 0x80
        most = 0x9F if byte == 0xED else 0x8F if byte == 0xF4 else 0xBF
        if second < least or second > most:
            return False
        for place in range(at + 2, at + more + 1):
            if buffer[place] & 0xC0 != 0x80:
                return False
        at += more + 1
    return True


@kernel
def _is_nan(buffer, at):
    """Of a float's four bytes: a NaN's bits do not survive every way through a double."""
    high = np.int64(buffer[at + 3]) & 0x7F
    exponent = high << 1 | np.int64(buffer[at + 2]) >> 7
    fraction = (buffer[at + 2] & 0x7F) | buffer[at + 1] | buffer[at]
    return exponent == 0xFF and fraction != 0


@kernel
def _floats(buffer, at, stop):
    """The place behind an array of floats in one block, the only form that is copied; else -1."""
    count, at = read_varint(buffer, at, stop)
    if at < 0 or count < 0 or count > (stop - at) // 4:
        return -1
    if count == 0:
        return at
    for _ in range(count):
        if _is_nan(buffer, at):
            return -1
        at += 4
    if at >= stop or buffer[at] != 0:
        return -1
    return at + 1


@kernel
def _block(buffer, at, stop):
    """How many items a block has and the place of the first; the place is -1 where it is no block.

    An item of no bytes would let a count of 2^62 stand in nine bytes: more items than bytes are
    declined.
    """
    count, at = read_varint(buffer, at, stop)
    if at >= 0 and count < 0:
        count = -count
        _, at = read_varint(buffer, at, stop)
    if at < 0 or count < 0 or count > stop - at:
        return np.int64(0), -1
    return count, at


@kernel
def _parse(code, jumps, buffer, at, stop, starts, ends, event, left):
    """One message; whether the kernel is sure of it."""
    step = 0
    depth = 0
    while True:
        op, first, second = code[step], code[step + 1], code[step + 2]
        step += 3
        begin = at
        if op == _VARINT:
            _, at = read_varint(buffer, at, stop)
        elif op == _UNION:
            branch, at = read_varint(buffer, at, stop)
            if at < 0 or branch < 0 or branch >= first:
                return False
            step = jumps[second + branch]
        elif op == _JUMP:
            step = first
        elif op in (_BYTES, _TAKE_BYTES, _TAKE_STRING):
            length, at = read_varint(buffer, at, stop)
            if at < 0 or length < 0 or length > stop - at:
                return False
            begin = at
            at += length
            if op != _BYTES:
                if op == _TAKE_STRING and not is_utf8(buffer, begin, at):
                    return False
                starts[first, event], ends[first, event] = begin, at
        elif op == _TAKE_VARINT:
            _, at = read_varint(buffer, at, stop)
            starts[first, event], ends[first, event] = begin, at
        elif op == _FIXED:
            at += first
        elif op == _TAKE_FIXED:
            at += second
            starts[first, event], ends[first, event] = begin, at
        elif op == _TAKE_BOOLEAN:
            if at >= stop or buffer[at] > 1:
                return False
            at += 1
            starts[first, event], ends[first, event] = begin, at
        elif op == _TAKE_FLOAT:
            at += 4
            if at > stop or _is_nan(buffer, begin):
                return False
            starts[first, event], ends[first, event] = begin, at
        elif op == _TAKE_FLOATS:
            at = _floats(buffer, at, stop)
            starts[first, event], ends[first, event] = begin, at
        elif op == _ENUM:
            symbol, at = read_varint(buffer, at, stop)
            if symbol < 0 or symbol >= first:
                return False
        elif op == _OPEN_BLOCKS:
            count, at = _block(buffer, at, stop)
            if count == 0:
                step = first
            else:
                left[depth] = count
                depth += 1
        elif op == _CLOSE_BLOCKS:
            left[depth - 1] -= 1
            if left[depth - 1] == 0:
                left[depth - 1], at = _block(buffer, at, stop)
            if left[depth - 1] > 0:
                step = first
            else:
                depth -= 1
        else:
            return op == _END and at == stop
        if at < 0 or at > stop:
            return False


@kernel
def parse(code, jumps, buffer, begins, stops, starts, ends, sure):
    """Every message of a batch.

    Args:
        code: instructions, int32.
        jumps: where each union's branches begin, int32.
        buffer: all messages, uint8.
        begins: place of each message's datum, int64; negative: there is no message.
        stops: place behind each message.
        starts: out, (captures, messages), filled with -1 before.
        ends: out, likewise.
        sure: out, per message whether the kernel answers for it.
    """
    left = np.zeros(MAX_DEPTH, np.int64)
    for event in range(begins.size):
        sure[event] = begins[event] >= 0 and _parse(
            code, jumps, buffer, begins[event], stops[event], starts, ends, event, left
        )
