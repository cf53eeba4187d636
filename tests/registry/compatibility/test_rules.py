import itertools
import json
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registry.avro import make_reader, make_writer, parse_lenient, parse_strict
from registry.compatibility import find_incompatibilities
from registry.compatibility.rules import PROMOTIONS
from registry.errors import AmbiguousFieldError
from tests.registry.cases import load_cases, make_record

CASES = load_cases("avro_compat")


def find(reader: str, writer: str) -> list[dict[str, str]]:
    """Return the findings as the fixture writes them."""
    found = find_incompatibilities(parse_lenient(reader), parse_lenient(writer))
    return [{"type": f.type, "location": f.location, "message": f.message} for f in found]


@pytest.mark.parametrize("part", range(8))
def test_verdict_types_locations_and_messages_are_avro_java_s(part):
    """Every captured pair gets the very findings of SchemaCompatibility, in its order."""
    for case in itertools.islice(CASES, part, None, 8):
        if "java_error" in case:
            with pytest.raises(AmbiguousFieldError) as thrown:
                find(case["reader"], case["writer"])
            assert case["java_error"] == f"AvroRuntimeException: {thrown.value}"
        else:
            assert find(case["reader"], case["writer"]) == case["incompatibilities"], case["id"]


def test_promotions_name_only_primitives():
    """The table of promotions speaks of types that Avro has, and never of a type itself."""
    for writer, readers in PROMOTIONS.items():
        assert writer not in readers
        assert parse_strict(f'"{writer}"')
        assert all(parse_strict(f'"{reader}"') for reader in readers)


def make_wide(type_: str) -> str:
    """Return a record of a thousand nullable fields."""
    return make_record(
        *(
            {"name": f"f{i}", "type": ["null", type_], "default": None, "doc": "some words"}
            for i in range(1000)
        )
    )


def test_a_thousand_fields_take_milliseconds():
    """Parsing twice and comparing a thousand fields stays far from what a request may take.

    The limit is ten times what was measured, for machines under load.
    """
    new, old = make_wide("long"), make_wide("int")
    started = time.process_time()
    assert not find_incompatibilities(parse_strict(new), parse_lenient(old))
    assert time.process_time() - started < 0.25


def test_deep_and_recursive_schemas_end():
    """The deepest schema that parses is compared, and mutual recursion comes to an end."""
    deep = '{"type":"array","items":' * 120 + '"%s"' + "}" * 120
    assert len(find(deep % "int", deep % "string")) == 1
    loop = make_record({"name": "next", "type": ["null", "A"]}, {"name": "v", "type": "%s"})
    assert not find(loop.replace("%s", "long"), loop.replace("%s", "int"))


PRIMITIVE = st.sampled_from(["null", "boolean", "int", "long", "float", "double", "string"])
TYPES = st.recursive(
    PRIMITIVE,
    lambda inner: (
        st.builds(lambda t: {"type": "array", "items": t}, inner)
        | st.builds(lambda t: {"type": "map", "values": t}, inner)
        | st.lists(PRIMITIVE, min_size=1, max_size=3, unique=True)
    ),
    max_leaves=3,
)
RECORDS = st.builds(
    lambda types: make_record(*({"name": n, "type": t} for n, t in types.items())),
    st.dictionaries(st.sampled_from("abc"), TYPES, max_size=3),
)


def make_value(node: object, draw: st.DataObject) -> object:
    """Draw a value of a type."""
    if isinstance(node, list):
        return make_value(draw.draw(st.sampled_from(node)), draw)
    if isinstance(node, dict) and node["type"] == "record":
        return {field["name"]: make_value(field["type"], draw) for field in node["fields"]}
    if isinstance(node, dict):
        inner = [make_value(node.get("items", node.get("values")), draw)]
        return inner if node["type"] == "array" else {"k": inner[0]}
    return draw.draw(
        {
            "null": st.none(),
            "boolean": st.booleans(),
            "int": st.integers(-(2**31), 2**31 - 1),
            "long": st.integers(-(2**63), 2**63 - 1),
            "float": st.floats(width=32, allow_nan=False),
            "double": st.floats(allow_nan=False),
            "string": st.text(max_size=4),
        }[node]
    )


@settings(max_examples=200, deadline=None)
@given(RECORDS, RECORDS, st.data())
def test_compatible_means_that_the_reader_decodes(reader, writer, data):
    """Whatever the rules call compatible, fastavro decodes with the reader's schema."""
    new, old = parse_strict(reader), parse_strict(writer)
    assume(not find_incompatibilities(new, old))
    value = make_value(json.loads(writer), data)
    make_reader(old, new)(make_writer(old)(value), 0)
