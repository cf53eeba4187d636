"""Calls every kernel once, so that no event waits for a compiler while a transaction is open."""

from __future__ import annotations

import numpy as np

from cdc.column import Column, zigzag
from cdc.event import Op, SafeBatch
from cdc.kernels import columns as kernels
from cdc.kernels.opcodes import Opcode
from cdc.kernels.parse import parse
from cdc.stream.encode import avro_encoder
from cdc.stream.write_avro import avro_write
from registry.derive.record import GovernedColumn
from registry.derive.types import STRING


def warm_up() -> None:
    """A value through each; seconds where nothing has been compiled yet, else a fraction of one."""
    _parse()
    _columns()
    _encode()


def _parse() -> None:
    code, none = np.array([Opcode.END, 0, 0], np.int32), np.zeros(0, np.int32)
    one, captures = np.zeros(1, np.int64), np.zeros((1, 1), np.int64)
    parse(code, none, kernels.bytes_of(b"\0"), one, one, captures, captures, np.zeros(1, np.bool_))


def _columns() -> None:
    number = Column.of([zigzag(1)])
    text = Column.of([b"warm"])
    for write in (kernels.write_longs, kernels.write_decimals, kernels.write_digits):
        write(kernels.read_longs(number))
    kernels.read_decimals(number)
    kernels.read_instants(Column.of([b"2024-02-29T12:34:56Z"]))
    kernels.lower(text)
    kernels.unbase64(text)
    kernels.last_words(text, [b"warm"])
    kernels.tokens(text, kernels.macs(text, kernels.keyed_states(b"")), 20, b"v1.")


def _encode() -> None:
    columns = (GovernedColumn("k", STRING, is_key=True, source_nullable=False),)
    one = np.zeros(1, np.int64)
    op = np.array([ord(Op.CREATE)], np.uint8)
    batch = SafeBatch(one, one, op, one, {"k": Column.of([b"k"])}, one, {})
    avro_write(avro_encoder(columns, 0, 0), 0, 0)(batch, "", 0)
