"""The instructions of the parse kernel."""

from __future__ import annotations

from enum import IntEnum

MAX_DEPTH = 16
"""Arrays and maps within each other."""


class Opcode(IntEnum):
    """What an instruction does: three ints, the opcode and two operands.

    `c` is a capture, `n` a number of bytes, symbols or branches.
    """

    END = 0
    VARINT = 1
    BYTES = 2
    FIXED = 3  # n
    ENUM = 4  # n
    UNION = 5  # n, place of its first target in the jump table
    JUMP = 6  # target
    OPEN_BLOCKS = 7  # target behind the blocks
    CLOSE_BLOCKS = 8  # target of an item
    DECLINE = 9
    TAKE_VARINT = 10  # c
    TAKE_BYTES = 11  # c
    TAKE_STRING = 12  # c
    TAKE_FIXED = 13  # c, n
    TAKE_BOOLEAN = 14  # c
    TAKE_FLOAT = 15  # c
    TAKE_FLOATS = 16  # c
