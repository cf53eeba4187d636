"""MySQL's notations in one form."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.arrays import decode_floats, decode_strings, encode_strings
from cdc.forms import canonical_json, canonical_number, format_span, parse_span, split_allowed


@pytest.mark.parametrize(
    ("token", "canonical"),
    [
        ("0", "0"),
        ("-0.0", "0"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1e2", "100"),
        ("18446744073709551615", "18446744073709551615"),
        ("9223372036854775808", "9223372036854775808"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("0.1000000000000000000000000001", "0.1000000000000000000000000001"),
        ("9" * 65, "9" * 65),
        ("-1E-7", "-0.0000001"),
        ("1.25e-8", "1.25e-8"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e308"),
    ],
)
def test_number_has_one_form(token, canonical):
    """Zeros go, digits stay, whatever the length."""
    assert canonical_number(token) == canonical


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_double_has_one_form_however_it_was_written(value):
    """Shortest digits, as MySQL prints them, and all binary digits, as Debezium streams them.

    Debezium writes all of them where Java would use an exponent: below 0.001 and from 10^7 on.
    """
    shortest = repr(value)
    plain = f"{Decimal(value):f}" if not 1e-3 <= abs(value) < 1e7 else shortest
    assert canonical_number(plain) == canonical_number(shortest)
    assert float(canonical_number(shortest)) == value


@given(st.integers(-(2**64), 2**64))
def test_integer_keeps_every_digit(value):
    """No integer is taken for a double."""
    assert canonical_number(str(value)) == str(value)


_SCALARS = st.none() | st.booleans() | st.integers() | st.text()
_DOCUMENTS = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(_DOCUMENTS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_has_one_form_whatever_its_layout(document, indent, ascii_only):
    """Spaces, escapes and order do not matter, the document does not change, twice is once."""
    text = canonical_json(json.dumps(document, indent=indent, ensure_ascii=ascii_only))
    assert text == canonical_json(json.dumps(document, sort_keys=True))
    assert text == canonical_json(text)
    assert json.loads(text) == document


def test_last_of_two_equal_keys_holds():
    """As MySQL itself decides; text stays as it is, not escaped."""
    assert canonical_json('{"b":1,"a":"\\u00e9","b":2}') == '{"a":"é","b":2}'
    assert canonical_json('["1.50"]') == '["1.50"]'


@given(st.integers(-3_020_399_999_999, 3_020_399_999_999))
def test_span_round_trips(micros):
    """Every TIME survives its text."""
    assert parse_span(format_span(micros)) == micros


def test_labels_with_commas_are_told_apart():
    """Only a bare comma divides labels."""
    assert split_allowed("a,b\\,c,") == {"a", "b,c", ""}


@pytest.mark.parametrize(
    "data", [b"", b"\x02", b"\x01\x00", b"\x02\x02a", b"\x02\x02a\x00\x00", b"\x00\x00"]
)
def test_array_is_one_whole_block(data):
    """Equal arrays have equal bytes: cut ones, sized ones and ones with more behind are refused."""
    for decode in (decode_strings, decode_floats):
        with pytest.raises(ValueError):  # noqa: PT011 - which one does not matter
            decode(data)


def test_empty_array_is_one_byte():
    """As Avro's writers give it."""
    assert encode_strings(()) == b"\0"
    assert decode_strings(b"\0") == ()
