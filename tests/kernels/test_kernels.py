"""Each kernel against the plain Python that it stands for."""

import base64
import hmac
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc.canonical import parse_instant
from cdc.column import Column, zigzag
from cdc.kernels import columns as kernels
from cdc.kernels import encode, mac, numbers, parse, text
from cdc.stream.murmur2 import murmur2
from cdc.stream.warm import warm_up

_longs = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=20)
_datas = st.lists(st.none() | st.binary(max_size=200), max_size=40)


def _column(values, encode_value):
    return Column.of([None if value is None else encode_value(value) for value in values])


def _told(found):
    return [
        v if ok else None for v, ok in zip(found.values.tolist(), found.ok.tolist(), strict=True)
    ]


@settings(deadline=None)
@given(_longs)
def test_longs_and_their_digits(values):
    """Every int64 is read, written and spelled out; NULL stays NULL."""
    column = _column(values, zigzag)
    found = kernels.read_longs(column)
    assert _told(found) == values
    assert kernels.write_longs(found).values() == column.values()
    assert (
        kernels.write_digits(found).values() == _column(values, lambda v: str(v).encode()).values()
    )


@settings(deadline=None)
@given(st.lists(st.none() | st.binary(max_size=12), max_size=20))
def test_what_is_no_shortest_varint_is_left(datas):
    """Bytes are read as a number exactly where they are that number's own encoding."""
    for data, value in zip(datas, _told(kernels.read_longs(Column.of(datas))), strict=True):
        if value is not None:
            assert zigzag(value) == data


@settings(deadline=None)
@given(_longs)
def test_decimals(values):
    """The shortest two's complement of every int64; longer bytes are left."""
    column = _column(
        values,
        lambda v: v.to_bytes((v if v >= 0 else ~v).bit_length() // 8 + 1, "big", signed=True),
    )
    found = kernels.read_decimals(column)
    assert _told(found) == values
    assert kernels.write_decimals(found).values() == column.values()
    assert _told(kernels.read_decimals(Column.of([b"", bytes(9)]))) == [None, None]


@settings(deadline=None)
@given(st.datetimes(), st.integers(0, 6), st.booleans())
def test_instants(moment, digits, has_fraction):
    """Every date of the calendar with any number of digits; a mistake in it is left."""
    fraction = f".{moment.microsecond:06}"[: digits + 1] if has_fraction and digits else ""
    texts = [f"{moment.replace(microsecond=0).isoformat()}{fraction}Z"]
    texts += [
        texts[0].replace("T", " "),
        texts[0][:-1],
        "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
    ]
    found = kernels.read_instants(Column.of([text.encode() for text in texts]))
    assert _told(found) == [parse_instant(texts[0]), None, None, None, None]


@settings(deadline=None)
@given(_datas, st.binary(min_size=1, max_size=64))
def test_macs_and_tokens(datas, key):
    """HMAC-SHA-256 and base32 as the standard library has them, over every number of blocks."""
    column = Column.of(datas)
    digests = kernels.macs(column, kernels.keyed_states(key))
    expected = [None if d is None else hmac.digest(key, d, "sha256") for d in datas]
    assert [
        None if d is None else m.tobytes() for d, m in zip(datas, digests, strict=True)
    ] == expected
    tokens = [None if e is None else b"v7." + base64.b32encode(e[:20]).lower() for e in expected]
    assert kernels.tokens(column, digests, 20, b"v7.").values() == tokens


@settings(deadline=None)
@given(
    st.lists(st.none() | st.binary(max_size=30), max_size=20), st.text("Ab1+/= \n-é", max_size=9)
)
def test_base64(datas, odd):
    """What was encoded comes back; what Python refuses is left."""
    texts = [None if d is None else base64.b64encode(d) for d in datas]
    made, ok = kernels.unbase64(Column.of([*texts, odd.encode()]))
    assert made.values()[:-1] == datas
    if ok[-1]:
        assert base64.b64decode(odd, validate=True) == made.values()[-1]


@settings(deadline=None)
@given(st.binary(max_size=50))
def test_utf8(data):
    """Python's own judgement, surrogates and overlong forms included."""
    try:
        data.decode()
        expected = True
    except UnicodeDecodeError:
        expected = False
    assert parse.is_utf8(kernels.bytes_of(data), 0, len(data)) == expected


@pytest.mark.parametrize("head", range(0xC0, 0x100))
def test_utf8_of_every_first_bytes(head):
    """Every pair of first bytes, followed by what could complete them."""
    for second in range(0x70, 0x100):
        data = bytes([head, second, 0x80, 0x80])
        for size in (2, 3, 4):
            try:
                expected = bool(data[:size].decode())
            except UnicodeDecodeError:
                expected = False
            assert parse.is_utf8(kernels.bytes_of(data[:size]), 0, size) == expected


@settings(deadline=None)
@given(st.binary(max_size=70))
def test_murmur2(data):
    """The hash of a key inside a buffer is the one that the slow path has."""
    buffer = np.frombuffer(b"xx" + data, np.uint8)
    assert encode.murmur2(buffer, 2, len(buffer)) == murmur2([data])[0]


def test_warming_up_compiles_all_there_is():
    """No event waits for the compiler: each kernel has the one signature it is called with."""
    warm_up()
    public = [
        *(parse.parse, encode.write_records, mac.macs, mac.base32),
        *(numbers.read_longs, numbers.write_longs, numbers.read_decimals, numbers.write_decimals),
        *(numbers.write_digits, numbers.read_instants, text.lower, text.last_words, text.unbase64),
    ]
    assert {len(kernel.signatures) for kernel in public} == {1}


def test_numba_stays_out_until_it_is_needed():
    """Neither the command line nor the policies pay for it."""
    code = "import sys, cdc.app, cdc.cli.relay, cdc.privacy.plan; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
