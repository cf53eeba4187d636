"""Both sides of `cdc verify` give one row one digest."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import to_json, to_slice
from cdc.privacy.plan import plan_table
from cdc.privacy.policy import parse_policy
from cdc.verify.records import RecordDecoder, name_key
from cdc.verify.sides import ExpectedSide, digest
from registry.avro import make_writer, parse_lenient
from registry.derive.record import derive_value
from registry.derive.table import Column, Table
from registry.derive.types import LONG
from tests.strategies import canonical_types, values_of

POLICY = """
table: shop.things
format: {format}
columns:
  id: {{class: public, rule: keep}}
  value: {{class: public, rule: keep}}
"""
LINEAGE = {"__op": "c", "__source_ts_us": 0, "__version": 0, "__deleted": False}


class _Rows:
    def __init__(self, *rows):
        self.rows = rows

    def read_rows(self, _table, _columns):
        return iter(self.rows)


def _plan(canonical, form):
    columns = (Column("id", LONG, nullable=False), Column("value", canonical, nullable=True))
    table = Table("shop", "things", columns, ("id",))
    policy = parse_policy(Path("things.yaml"), POLICY.format(format=form))
    return plan_table(table, {policy.table: policy}, {}, "governed")


def _as_json(number, value, canonical):
    return json.dumps({"id": number, "value": to_json(value, canonical), **LINEAGE}).encode()


def _as_avro(plan, number, value, canonical):
    if canonical.kind == "decimal" and value is not None:
        value = to_slice(value, canonical)
    if isinstance(value, tuple):
        value = list(value)
    write = make_writer(parse_lenient(derive_value(plan.topic, plan.governed)))
    return b"\0\0\0\0\x01" + write({"id": number, "value": value, **LINEAGE})


@pytest.mark.parametrize("form", ["avro", "json"])
@given(data=st.data())
def test_both_sides_give_one_digest(form, data):
    """A value read from SQL and the same value written, sent and read again have one digest."""
    canonical = data.draw(canonical_types())
    number = data.draw(values_of(LONG))
    value = data.draw(st.none() | values_of(canonical))
    plan = _plan(canonical, form)
    schema = derive_value(plan.topic, plan.governed)
    record = (
        _as_json(number, value, canonical)
        if form == "json"
        else _as_avro(plan, number, value, canonical)
    )
    row = RecordDecoder(plan, lambda _: schema).row(record)
    rows = ExpectedSide(plan, _Rows((number, value))).read(lambda _: None)
    assert rows.digests == {row[:1]: digest(row)}


@given(data=st.data())
def test_different_rows_have_different_digests(data):
    """Neither NULL and empty, nor the border between two columns, can be mistaken."""
    rows = st.tuples(*[st.none() | st.binary(max_size=3)] * 2)
    one, other = data.draw(rows), data.draw(rows)
    assert (digest(one) == digest(other)) == (one == other)


def test_key_is_named_in_json_form():
    """A governed key is shown as its JSON."""
    plan = _plan(LONG, "avro")
    assert name_key(plan, (to_slice(7, LONG),)) == '{"id":7}'
