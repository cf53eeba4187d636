"""Which form each of the four steps takes: kernels, or event by event.

Kernels are imported here only when they are asked for. The slow forms stay inside the fast ones,
for whatever the kernels decline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cdc.event import AvroShape, JsonShape
from cdc.privacy.plan import Plan, PlannedColumn
from cdc.stream.decode import Decode, avro_decoder, json_decoder
from cdc.stream.encode import Encode, Encoder, avro_encoder, json_encoder
from cdc.stream.instructions import DeclinedError
from cdc.stream.pipeline import Steps
from cdc.stream.rekey import MakeDelete, avro_deletes, json_deletes
from registry.avro import Schema, make_reader, make_writer
from registry.derive.from_debezium import RawColumn


class RawSchema(Protocol):
    """How the events of one raw schema are decoded."""

    def slow(self, wanted: Sequence[RawColumn]) -> Decode:
        """Event by event."""

    def fast(self, wanted: Sequence[RawColumn], keys: frozenset[str]) -> Decode:
        """By kernels, where they can."""

    def deletes(self, key: Sequence[str]) -> MakeDelete:
        """What an update leaves out that changes a key which only the policy names."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """JSON with inline schema."""

    shape: JsonShape

    def slow(self, wanted: Sequence[RawColumn]) -> Decode:
        """See `RawSchema`."""
        return json_decoder(self.shape, wanted).decode

    def fast(self, wanted: Sequence[RawColumn], keys: frozenset[str]) -> Decode:
        """See `RawSchema`."""
        from cdc.stream.columnar import ColumnarDecoder  # noqa: PLC0415 (numba)
        from cdc.stream.read_json import json_read  # noqa: PLC0415 (numba)

        return ColumnarDecoder(json_read(self.shape, wanted, keys), self.slow(wanted)).decode

    def deletes(self, key: Sequence[str]) -> MakeDelete:
        """See `RawSchema`."""
        return json_deletes(self.shape, key)


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """Avro whose schemas are in a registry; `key` None: messages without a key."""

    shape: AvroShape
    key: Schema | None
    value: Schema

    def slow(self, wanted: Sequence[RawColumn]) -> Decode:
        """See `RawSchema`."""
        read_key = make_reader(self.key) if self.key else None
        return avro_decoder(self.shape, wanted, read_key, make_reader(self.value)).decode

    def fast(self, wanted: Sequence[RawColumn], keys: frozenset[str]) -> Decode:
        """See `RawSchema`; the slow form where the kernels decline the whole schema."""
        from cdc.stream.columnar import ColumnarDecoder  # noqa: PLC0415 (numba)
        from cdc.stream.read_avro import avro_read  # noqa: PLC0415 (numba)
        from cdc.stream.scan import compile_scan  # noqa: PLC0415 (numba)

        try:
            scan = compile_scan(self.value.root, wanted)
        except DeclinedError:
            return self.slow(wanted)
        return ColumnarDecoder(avro_read(scan, wanted, keys), self.slow(wanted)).decode

    def deletes(self, key: Sequence[str]) -> MakeDelete:
        """See `RawSchema`."""
        return avro_deletes(make_reader(self.value), make_writer(self.value), key)


@dataclass(frozen=True, slots=True)
class Governed:
    """What the records of a governed topic are written by; without a key its schema's id is 0."""

    plan: Plan
    key_schema_id: int
    value_schema_id: int


def slow_steps(schema: RawSchema, wanted: Sequence[RawColumn], governed: Governed) -> Steps:
    """Event by event: the oracle, and what there is without numba."""
    plan = governed.plan
    return Steps(schema.slow(wanted), {}, plan.columns, _encoder(governed).encode)


def fast_steps(schema: RawSchema, wanted: Sequence[RawColumn], governed: Governed) -> Steps:
    """By kernels; JSON is written event by event."""
    from cdc.stream.repair_kernels import KERNELS  # noqa: PLC0415 (numba)
    from cdc.stream.write_avro import avro_write  # noqa: PLC0415 (numba)

    plan, encoder = governed.plan, _encoder(governed)
    keys = frozenset(column.source for column in plan.key)
    encode: Encode = encoder.encode
    if not plan.is_json:
        encode = avro_write(encoder, governed.key_schema_id, governed.value_schema_id)
    columns = tuple(map(_by_kernels, plan.columns))
    return Steps(schema.fast(wanted, keys), KERNELS, columns, encode)


def _encoder(governed: Governed) -> Encoder:
    plan = governed.plan
    if plan.is_json:
        return json_encoder(plan.governed, delete_records=plan.delete_records)
    return avro_encoder(
        plan.governed,
        governed.key_schema_id,
        governed.value_schema_id,
        delete_records=plan.delete_records,
    )


def _by_kernels(column: PlannedColumn) -> PlannedColumn:
    return replace(column, rule=column.rule.by_kernels())
