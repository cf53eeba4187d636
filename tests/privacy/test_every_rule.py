"""What holds for all rules: both forms agree, NULL is NULL, refusals are clear."""

from decimal import Decimal

import pytest

from cdc.canonical import from_slice, to_slice
from cdc.column import Column
from cdc.privacy.transforms import RULES_BY_NAME
from cdc.privacy.transforms.rule import RefusedRuleError
from registry.derive.types import (
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    FLOAT,
    GEOMETRY,
    LOCAL_TIMESTAMP,
    LONG,
    STRING,
    TIMESTAMP,
    Canonical,
)
from tests.privacy.binding import bind

DEGREES = Canonical("decimal", 10, 8)
PII = {"class": "identifier", "key": "pii", "type": "email"}
TOKEN = {**PII, "rule": "token"}
ENCRYPT = {**PII, "rule": "encrypt"}
BUCKET = {**PII, "rule": "bucket", "groups": 10}
CITIES = {
    "class": "personal",
    "rule": "lookup",
    "match": "word",
    "values": {"Bengaluru": "Bangalore", "Old Goa": "Goa"},
}
NOW = 1_709_210_096_789_012
SHIFT = {**PII, "class": "quasi", "rule": "date_shift", "subject": "id", "days": 9}
GEOHASH = {"class": "quasi", "rule": "geohash", "chars": 5}
PLACE = {**GEOHASH, "longitude": "lon"}

CASES = [
    (TOKEN, STRING, ["a", None, "", "é", "a"]),
    (TOKEN, BYTES, [b"", None, bytes(range(256))]),
    (TOKEN, LOCAL_TIMESTAMP, [NOW, None]),
    ({**TOKEN, "fold": True}, STRING, ["A", "a", None]),
    (ENCRYPT, STRING, ["a", None, "", "é", "a"]),
    (ENCRYPT, LONG, [1, None, -1]),
    (BUCKET, STRING, ["a", None, "", "b"]),
    ({"class": "quasi", "rule": "grid", "cell": 2}, DEGREES, [Decimal("1.5"), None]),
    ({"class": "quasi", "rule": "band", "width": 2}, DEGREES, [Decimal("1.5"), None]),
    ({"class": "quasi", "rule": "band", "width": 10}, LONG, [19, None, -1]),
    ({"class": "quasi", "rule": "band", "width": 0.1}, FLOAT, [0.25, None, -0.25]),
    ({"class": "quasi", "rule": "date_part", "part": "month"}, DATE, [19_782, None, -1]),
    ({"class": "quasi", "rule": "date_part", "part": "hour"}, TIMESTAMP, [NOW, None, -1]),
    ({"class": "quasi", "rule": "email_domain"}, STRING, ["a@b.c", None, "x"]),
    ({"class": "quasi", "rule": "truncate", "chars": 2}, STRING, ["abc", None, ""]),
    ({"class": "quasi", "rule": "mask", "last": 1}, STRING, ["abc", None, ""]),
    ({"class": "quasi", "rule": "constant", "value": "x"}, STRING, ["abc", None]),
    ({"class": "quasi", "rule": "null"}, LONG, [1, None]),
    (CITIES, STRING, ["x", None, "Old Goa"]),
    ({"class": "public", "rule": "keep"}, LONG, [1, None, -1]),
]

WIDE_CASES = [
    (SHIFT, (DATE, LONG), [(19_782, 7), (19_782, None), (None, 7), (None, None), (-1, 8)]),
    (SHIFT, (TIMESTAMP, STRING), [(NOW, "a"), (NOW, "b"), (None, "a")]),
    (PLACE, (DEGREES, DEGREES), [(Decimal("12.9"), Decimal("77.5")), (None, Decimal(1))]),
    (PLACE, (DOUBLE, FLOAT), [(12.9, 77.5), (12.9, None), (-90.0, 180.0)]),
]


@pytest.mark.parametrize(("rule", "canonical", "values"), CASES)
def test_columnar_form_equals_the_plain_definition(rule, canonical, values):
    """Over a column of slices each rule gives what its per-value definition gives; NULL is NULL."""
    bound = bind(rule, canonical)
    column = bound.columnar(Column.of([to_slice(v, canonical) for v in values]))
    expected = [None if v is None else bound.plain(v) for v in values]
    assert [from_slice(data, bound.type) for data in column.values()] == pytest.approx(expected)


@pytest.mark.parametrize(("rule", "types", "rows"), WIDE_CASES)
def test_columnar_form_of_several_columns_equals_the_plain_definition(rule, types, rows):
    """The same for rules that read further columns; NULL in any of them is NULL."""
    bound = bind(rule, types[0], needed=types[1:])
    columns = (
        Column.of([to_slice(value, canonical) for value in values])
        for values, canonical in zip(zip(*rows, strict=True), types, strict=True)
    )
    expected = [None if None in row else bound.plain(*row) for row in rows]
    assert [from_slice(data, bound.type) for data in bound.columnar(*columns).values()] == expected


def test_every_rule_is_compared():
    """A new rule cannot be forgotten above."""
    compared = {rule["rule"] for rule, _, _ in (*CASES, *WIDE_CASES)}
    assert compared == set(RULES_BY_NAME) - {"drop"}


@pytest.mark.parametrize(
    ("rule", "canonical", "text"),
    [
        (ENCRYPT, DOUBLE, "rule `encrypt` cannot act on double"),
        (BUCKET, FLOAT, "rule `bucket` cannot act on float"),
        ({**ENCRYPT, "key": "nope"}, STRING, "needs key `nope`; known keys: pii"),
        ({**BUCKET, "key": "nope"}, STRING, "needs key `nope`; known keys: pii"),
        ({"class": "quasi", "rule": "mask", "last": 1}, LONG, "acts on text, not on long"),
        ({"class": "quasi", "rule": "mask"}, STRING, "shows nothing"),
        ({"class": "quasi", "rule": "email_domain"}, BYTES, "acts on text, not on bytes"),
        ({"class": "quasi", "rule": "truncate", "chars": 2}, DATE, "acts on text, not on date"),
        ({"class": "quasi", "rule": "band", "width": 2}, BOOLEAN, "numbers, not on boolean"),
        ({"class": "quasi", "rule": "band", "width": 2}, STRING, "numbers, not on string"),
        ({"class": "quasi", "rule": "band", "width": 1}, LONG, "a whole number above 1"),
        ({"class": "quasi", "rule": "band", "width": 2.5}, LONG, "a whole number above 1"),
        ({"class": "quasi", "rule": "band", "width": "1e-9"}, DEGREES, "finer than"),
        ({"class": "quasi", "rule": "date_part", "part": "year"}, LONG, "not on long"),
        ({"class": "quasi", "rule": "date_part", "part": "day"}, DATE, "hides nothing"),
        ({"class": "quasi", "rule": "constant", "value": "x"}, LONG, "its value is no long"),
        ({"class": "quasi", "rule": "constant", "value": 1}, STRING, "its value is no string"),
        ({"class": "quasi", "rule": "constant", "value": 2**63}, LONG, "its value is no long"),
        ({"class": "quasi", "rule": "constant", "value": "x"}, DATE, "its value is no date"),
        ({"class": "quasi", "rule": "constant", "value": 1}, BOOLEAN, "its value is no boolean"),
        ({"class": "quasi", "rule": "constant", "value": "1e9"}, DEGREES, "no decimal(10,8)"),
        (SHIFT, LONG, "acts on dates and timestamps, not on long"),
        ({**SHIFT, "key": "nope"}, DATE, "needs key `nope`; known keys: pii"),
        (PLACE, STRING, "acts on decimals and floats, not on string"),
        (GEOHASH, DEGREES, "names its `longitude`, not on decimal(10,8)"),
        (PLACE, GEOMETRY, "acts on decimals and floats, not on geometry"),
    ],
)
def test_a_rule_that_cannot_act_is_refused(rule, canonical, text):
    """Before any event flows, with the reason."""
    with pytest.raises(RefusedRuleError) as caught:
        bind(rule, canonical, needed=[DEGREES] * ("subject" in rule or "longitude" in rule))
    assert text in str(caught.value)
