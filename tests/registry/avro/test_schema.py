import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.avro import (
    fingerprint,
    normalize,
    parse_lenient,
    parse_strict,
    to_parsing_form,
)
from registry.avro.json_text import write_double
from registry.errors import InvalidSchemaError
from tests.registry.cases import load_cases

CASES = load_cases("avro_normalization")


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_strict_parse_agrees_with_avro_java(case):
    """New schemas are refused where Confluent refuses them and else have its canonical string."""
    if "strict_error" in case:
        with pytest.raises(InvalidSchemaError):
            parse_strict(case["schema"])
    else:
        assert parse_strict(case["schema"]).canonical == case["strict_canonical"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
def test_lenient_parse_and_normal_forms_agree_with_avro_java(case):
    """Stored schemas parse where they do in Java; all three forms are the same text."""
    if "error" in case:
        with pytest.raises(InvalidSchemaError):
            parse_lenient(case["schema"])
        return
    schema = parse_lenient(case["schema"])
    expected = case["canonical"], case["normalized"], case["parsing_canonical_form"]
    assert (schema.canonical, normalize(schema), to_parsing_form(schema)) == expected


def test_canonical_string_is_a_fixed_point():
    """Parsing a canonical string gives the same canonical string."""
    for case in CASES:
        if "canonical" in case:
            assert parse_lenient(case["canonical"]).canonical == case["canonical"]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":' * 5000 + '"int"' + "}" * 5000,
        "[" * 100_000,
        '{"type":"array","items":' * 300 + '"int"' + "}" * 300,
        '{"type":"int","x":' + "[" * 900 + "]" * 900 + "}",
        '{"type":"record","name":"R","fields":[{"name":"f","type":"R","default":{}}]}',
        '"\\ud800"',
        '{"type":"int","x":"\\udc00"}',
        '{"type":"int","x":NaN}',
        '{"type":"int","x":1e999}',
        '{"type":"int","x":' + "1" * 5000 + "}",
    ],
)
def test_hostile_texts_are_invalid_schemas(text):
    """Depth, broken Unicode and monstrous numbers end as InvalidSchemaError, not as a crash."""
    with pytest.raises(InvalidSchemaError) as refused:
        parse_strict(text)
    assert str(refused.value).encode()


def test_the_deepest_schema_is_parsed_near_the_end_of_the_stack():
    """Whatever parses, renders and normalizes does so; running out of stack is an error of ours."""
    text = '{"type":"array","items":' * 120 + '"int"' + "}" * 120
    assert normalize(parse_strict(text)).count("array") == 120

    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
        else:
            parse_strict(text)

    with pytest.raises(InvalidSchemaError):
        descend(sys.getrecursionlimit() - 250)


def test_references_are_written_by_name_and_known_types():
    """A type from a reference is used by name; the canonical string does not contain it."""
    inner = '{"type":"record","name":"n.B","fields":[{"name":"x","type":"int"}]}'
    outer = '{"type":"record","name":"A","fields":[{"name":"b","type":"n.B"}]}'
    assert parse_strict(outer, {"b": inner}).canonical == outer
    with pytest.raises(InvalidSchemaError, match=r"n\.B"):
        parse_strict(outer)


def test_fingerprint_ignores_what_bytes_ignore():
    """Docs and properties do not change the fingerprint, types do."""
    assert fingerprint(parse_strict('{"type":"int","doc":"d"}')) == fingerprint(
        parse_strict('"int"')
    )
    assert fingerprint(parse_strict('"long"')) != fingerprint(parse_strict('"int"'))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (-0.0, "-0.0"),
        (1234567.0, "1234567.0"),
        (1e7, "1.0E7"),
        (123456789.5, "1.234567895E8"),
        (1e22, "1.0E22"),
        (-1.5e-5, "-1.5E-5"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (5e-324, "5.0E-324"),
    ],
)
def test_doubles_are_spelled_as_java_does(value, text):
    """Double.toString switches to scientific notation below 10^-3 and from 10^7."""
    assert write_double(value) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "name", "fields", "items", "symbols", "size", "default"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_a_schema_or_an_invalid_one(value):
    """No JSON makes the parser fail in another way than InvalidSchemaError."""
    try:
        schema = parse_lenient(json.dumps(value))
    except InvalidSchemaError:
        return
    assert parse_lenient(schema.canonical).canonical == schema.canonical
