"""Each rule: what comes out, on which types, and that its columnar form says the same."""

import base64
import hashlib
import hmac
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import from_slice, to_slice
from cdc.column import Column
from cdc.privacy.transforms.rule import RefusedRuleError
from registry.derive.types import (
    BOOLEAN,
    BYTES,
    DATE,
    DOUBLE,
    FLOAT,
    GEOMETRY,
    JSON,
    LOCAL_TIMESTAMP,
    LONG,
    SET,
    STRING,
    TIME,
    VECTOR,
    Canonical,
)
from tests.privacy.binding import bind

DEGREES = Canonical("decimal", 10, 8)
TOKEN = {"class": "identifier", "rule": "token", "key": "pii", "type": "email"}
GRID = {"class": "quasi", "rule": "grid"}
LOOKUP = {"class": "personal", "rule": "lookup"}


def _independent_token(text: bytes, semantic: str, purpose: str) -> str:
    """HKDF (RFC 5869) and HMAC written out with the standard library alone."""
    extracted = hmac.digest(b"\0" * 32, bytes(range(32)), "sha256")
    info = f"headworks|v1|{semantic}|{purpose}".encode()
    key = hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()
    mac = hmac.new(key, text, hashlib.sha256).digest()
    return "v1." + base64.b32encode(mac[:20]).decode().lower()


@given(st.text())
def test_token_is_the_documented_computation(text):
    """A token can be recomputed from the key file by anybody who has read the docs."""
    assert bind(TOKEN, STRING).plain(text) == _independent_token(text.encode(), "email", "governed")


def test_token_of_a_number_is_that_of_its_digits():
    """An id has the same token whatever the width or type of the column that holds it."""
    as_number = bind({**TOKEN, "type": "user_id"}, LONG).plain(42)
    as_text = bind({**TOKEN, "type": "user_id"}, STRING).plain("42")
    assert as_number == as_text == _independent_token(b"42", "user_id", "governed")


@pytest.mark.parametrize("change", [{"type": "phone"}, {"purpose": "other"}])
def test_tokens_differ_by_type_and_purpose(change):
    """The same value cannot be joined across semantic types or namespaces."""
    purpose = change.pop("purpose", "governed")
    other = bind({**TOKEN, **change}, STRING, purpose=purpose)
    assert other.plain("a@b.c") != bind(TOKEN, STRING).plain("a@b.c")


@pytest.mark.parametrize("text", ["JOSE\u0301@Example.com", "jos\u00e9@example.COM"])
def test_fold_ignores_case_and_unicode_form(text):
    """With `fold`, an e-mail has one token however it is written."""
    folded = bind({**TOKEN, "fold": True}, STRING)
    assert folded.plain(text) == folded.plain("jos\u00e9@example.com")


def test_fold_is_refused_on_keys_and_numbers():
    """Folding a key could make two rows one; folding a number means nothing."""
    with pytest.raises(RefusedRuleError, match="two rows one key"):
        bind({**TOKEN, "fold": True}, STRING, is_key=True)
    with pytest.raises(RefusedRuleError, match="acts on text, not on long"):
        bind({**TOKEN, "fold": True}, LONG)


@pytest.mark.parametrize(
    ("canonical", "value", "text"),
    [
        (TIME, -1, b"-00:00:00.000001"),
        (JSON, '{"a":[1,"\u00e9"]}', '{"a":[1,"\u00e9"]}'.encode()),
        (SET, ("b", '\u00e9"'), '["b","\u00e9\\""]'.encode()),
        (SET, (), b"[]"),
        (GEOMETRY, b"\x01\x02\xff", b"\x01\x02\xff"),
        (BYTES, b"\x01\x00", b"\x01\x00"),  # what BIT(9) becomes
        (BOOLEAN, False, b"false"),
        (DATE, 19782, b"2024-02-29"),
        (LOCAL_TIMESTAMP, 0, b"1970-01-01T00:00:00.000000"),
        (DEGREES, Decimal("1.50000000"), b"1.50000000"),
    ],
)
def test_token_of_any_exact_value_is_that_of_its_json_form(canonical, value, text):
    """Every kind but floats; bytes and geometries as they are."""
    bound = bind(TOKEN, canonical)
    expected = _independent_token(text, "email", "governed")
    assert bound.plain(value) == expected
    column = bound.columnar(Column.of([to_slice(value, canonical), None]))
    assert list(column.values()) == [expected.encode(), None]


@pytest.mark.parametrize("canonical", [FLOAT, DOUBLE, VECTOR])
def test_token_is_refused_on_floats(canonical):
    """A float has no exact text, so no token."""
    with pytest.raises(RefusedRuleError, match="cannot act on"):
        bind(TOKEN, canonical)


def test_unknown_key_names_the_known_ones():
    """The message says which keys there are."""
    with pytest.raises(RefusedRuleError, match="needs key `nope`; known keys: pii"):
        bind({**TOKEN, "key": "nope"}, STRING)


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=20))
def test_blind_is_below_2_to_40_and_equal_for_equal_keys(ids):
    """The rank-hiding constant depends on the key alone and leaves room for the offset."""
    rule = bind({**TOKEN, "type": "user_id"}, LONG, is_key=True)
    column = Column.of([to_slice(i, LONG) for i in ids])
    blinds = rule.blind(column).tolist()
    again = rule.blind(column).tolist()
    assert blinds == again
    assert all(0 <= blind < 2**40 for blind in blinds)


@pytest.mark.parametrize(
    ("value", "edge"),
    [
        ("12.97160000", "12.95"),
        ("-0.00000001", "-0.05"),
        ("0.00000000", "0.00"),
        ("12.95000000", "12.95"),
        ("-99.99999999", "-100.00"),
    ],
)
def test_grid_gives_the_lower_edge(value, edge):
    """The cell is closed below and open above, on both sides of zero."""
    out = bind({**GRID, "cell": 0.05}, DEGREES).plain(Decimal(value))
    assert str(out) == edge


@given(st.decimals(-99, 99, places=8, allow_nan=False))
def test_grid_output_fits_its_type_and_holds_the_value(value):
    """Every output is a cell edge that the governed type can hold."""
    rule = bind({**GRID, "cell": "0.05"}, DEGREES)
    edge = rule.plain(value)
    assert edge <= value < edge + Decimal("0.05")
    assert from_slice(to_slice(edge, rule.type), rule.type) == edge


def test_grid_is_exact_on_65_digits():
    """Python's 28-digit default does not round a MySQL DECIMAL(65,30)."""
    wide = Canonical("decimal", 65, 30)
    digits = "12345678901234567890123456789012345.678901234567890123456789012345"
    out = bind({**GRID, "cell": 1}, wide).plain(Decimal(digits))
    assert str(out) == "12345678901234567890123456789012345"


def test_grid_refuses_what_hides_nothing():
    """A cell finer than the column, a text, a cell of 0: refused when loaded."""
    with pytest.raises(RefusedRuleError, match="finer"):
        bind({**GRID, "cell": "0.000000001"}, DEGREES)
    with pytest.raises(RefusedRuleError, match="acts on decimals, not on string"):
        bind({**GRID, "cell": 1}, STRING)
    with pytest.raises(ValueError, match="greater than 0"):
        bind({**GRID, "cell": 0}, DEGREES)


CITIES = {**LOOKUP, "match": "word", "values": {"Bengaluru": "Bangalore", "Old Goa": "Goa"}}


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("12, MG Road, BENGALURU 560001", "Bangalore"),
        ("7 Bengaluru Street, Old Goa", "Goa"),
        ("Bengalurus", "other"),
        ("", "other"),
    ],
)
def test_lookup_by_word_takes_the_last_listed_one(text, city):
    """An address gives its city, whole words only, the last one that is listed."""
    assert bind({**CITIES, "otherwise": "other"}, STRING).plain(text) == city


@given(st.text())
def test_lookup_lets_nothing_else_through(text):
    """Whatever goes in, only listed values come out."""
    assert bind({**CITIES, "otherwise": "other"}, STRING).plain(text) in {
        "Bangalore",
        "Goa",
        "other",
    }


def test_lookup_of_the_whole_text():
    """`match: whole` wants the whole text, in any case; else NULL without `otherwise`."""
    rule = bind({**LOOKUP, "values": {"in": "Asia"}}, STRING)
    assert (rule.plain("IN"), rule.plain("in ")) == ("Asia", None)
