"""Kernels between slices and int64: varints, decimals, ISO instants, decimal digits.

Every reader fills `ok`: 1 where `out` holds the value, 0 where it is NULL or for the slow path.
"""

from __future__ import annotations

import numpy as np

from cdc.kernels.compiling import kernel
from cdc.kernels.varint import read_varint, write_varint

DECIMAL_BYTES = 8
"""Longer two's complements do not fit an int64."""
DIGITS = 20
"""Characters of the longest int64."""
_SECOND = 20  # `2024-02-29T12:34:56Z`
_FINEST = 27  # six digits more, behind a point


@kernel
def read_longs(buffer, start, end, out, ok):
    """Avro longs."""
    for i in range(start.size):
        if start[i] >= 0:
            value, at = read_varint(buffer, start[i], end[i])
            out[i], ok[i] = value, at == end[i]


@kernel
def write_longs(values, ok, out, start, end):
    """Avro longs; NULL where not `ok`. Returns how many bytes were written."""
    at = 0
    for i in range(values.size):
        start[i] = -1
        if ok[i]:
            start[i] = at
            at = write_varint(out, at, values[i])
        end[i] = at
    return at


@kernel
def read_decimals(buffer, start, end, out, ok):
    """Two's complements of at most eight bytes, big-endian."""
    for i in range(start.size):
        if start[i] >= 0 and end[i] > start[i] and end[i] - start[i] <= DECIMAL_BYTES:
            value = np.int64(-1) if buffer[start[i]] & 0x80 else np.int64(0)
            for place in range(start[i], end[i]):
                value = (value << 8) | np.int64(buffer[place])
            out[i], ok[i] = value, True


@kernel
def write_decimals(values, ok, out, start, end):
    """The shortest two's complements; NULL where not `ok`. Returns the bytes written."""
    at = 0
    for i in range(values.size):
        start[i] = -1
        if ok[i]:
            start[i] = at
            size = 1
            while size < DECIMAL_BYTES and values[i] >> (8 * size - 1) not in (0, -1):
                size += 1
            for place in range(size):
                out[at] = (values[i] >> (8 * (size - 1 - place))) & 0xFF
                at += 1
        end[i] = at
    return at


@kernel
def write_digits(values, ok, out, start, end):
    """Decimal digits as text; NULL where not `ok`. Returns the bytes written."""
    at = 0
    digits = np.empty(DIGITS, np.uint8)
    for i in range(values.size):
        start[i] = -1
        if ok[i]:
            start[i] = at
            rest = values[i]
            if rest < 0:
                out[at] = 45
                at += 1
            else:
                rest = -rest  # every int64 has a negative, one has no positive
            size = 0
            while rest < 0 or size == 0:
                digits[size] = 48 + (10 - rest % 10) % 10
                rest = (rest + digits[size] - 48) // 10
                size += 1
            for place in range(size):
                out[at] = digits[size - 1 - place]
                at += 1
        end[i] = at
    return at


@kernel
def _number(buffer, at, count):
    """`count` digits as a number; -1 where one is none."""
    value = np.int64(0)
    for place in range(at, at + count):
        digit = np.int64(buffer[place]) - 48
        if digit < 0 or digit > 9:
            return -1
        value = value * 10 + digit
    return value


@kernel
def _days(year, month, day):
    """Days since 1970-01-01 of a date in the proleptic Gregorian calendar."""
    shifted = year - (1 if month <= 2 else 0)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@kernel
def _month_length(year, month):
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@kernel
def _instant(buffer, at, size):
    """µs since 1970 of one text, and whether it is of the one form that is read here."""
    for place, mark in ((4, 45), (7, 45), (10, 84), (13, 58), (16, 58), (size - 1, 90)):
        if buffer[at + place] != mark:
            return np.int64(0), False
    year, month, day = (
        _number(buffer, at, 4),
        _number(buffer, at + 5, 2),
        _number(buffer, at + 8, 2),
    )
    hour, minute = _number(buffer, at + 11, 2), _number(buffer, at + 14, 2)
    second, fraction = _number(buffer, at + 17, 2), np.int64(0)
    if year < 1 or month < 1 or month > 12 or day < 1 or day > _month_length(year, month):
        return np.int64(0), False
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return np.int64(0), False
    if size > _SECOND:
        digits = size - _SECOND - 1
        fraction = _number(buffer, at + 20, digits)
        if buffer[at + 19] != 46 or fraction < 0:
            return np.int64(0), False
        for _ in range(6 - digits):
            fraction *= 10
    seconds = ((_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    return np.int64(seconds) * 1_000_000 + fraction, True


@kernel
def read_instants(buffer, start, end, out, ok):
    """`2024-02-29T12:34:56.123456Z`, with up to six digits of a fraction or none."""
    for i in range(start.size):
        size = end[i] - start[i]
        if start[i] >= 0 and (size == _SECOND or (_SECOND + 2 <= size <= _FINEST)):
            out[i], ok[i] = _instant(buffer, start[i], size)
