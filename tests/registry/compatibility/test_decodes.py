"""What the rules call compatible is readable: schemas that evolved, and data written before.

Not generated, because Avro Java's rules call them compatible and fastavro fails on them: bytes
that are no UTF-8 read as string, two reader fields with one alias, unions of two enums of the same
short name.
"""

import json

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from registry.avro import make_reader, make_writer, parse_strict
from registry.compatibility import find_incompatibilities
from registry.compatibility.rules import PROMOTIONS

PRIMITIVES = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "string", "bytes"]
)
SYMBOLS = ["A", "B", "C", "D"]
DEFAULTS = {"int": 7, "long": 7, "float": 0.5, "double": 0.5, "string": "x", "bytes": "x"}
VALUES = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": st.text(max_size=4),
    "bytes": st.text(st.characters(max_codepoint=127), max_size=4).map(str.encode),
}


@st.composite
def enums(draw, names):
    """An enum, with or without a default."""
    extra = draw(st.sampled_from([{}, {"default": "A"}]))
    symbols = SYMBOLS[: draw(st.integers(1, 4))]
    return {"type": "enum", "name": names.pop(), "symbols": symbols, **extra}


@st.composite
def fixeds(draw, names):
    """Some bytes under a name."""
    return {"type": "fixed", "name": names.pop(), "size": draw(st.integers(1, 3))}


@st.composite
def types(draw, names, depth=0):
    """A type; `names` are still free for named types."""
    choices = [PRIMITIVES] * 4 + [st.lists(PRIMITIVES, min_size=1, max_size=3, unique=True)]
    if names:
        choices += [enums(names), fixeds(names)]
    if depth < 2:
        inner = types(names, depth + 1)
        choices += [
            st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
            st.fixed_dictionaries({"type": st.just("map"), "values": inner}),
            *([records(names, depth + 1)] if names else []),
        ]
    return draw(draw(st.sampled_from(choices)))


@st.composite
def records(draw, names, depth=0):
    """A record of up to four fields."""
    name = names.pop()
    fields = [
        {"name": f"f{i}", "type": draw(types(names, depth))} for i in range(draw(st.integers(0, 4)))
    ]
    return {"type": "record", "name": name, "fields": fields}


def evolve(node, draw):
    """Change a type as people do, one time in a few, here and below."""
    if isinstance(node, str):
        wider = sorted(PROMOTIONS.get(node, ()))
        choices = [node, node, ["null", node] if node != "null" else node, *wider]
        return draw(st.sampled_from(choices))
    if isinstance(node, list):
        added = draw(st.lists(PRIMITIVES, max_size=1))
        return list(dict.fromkeys([*node, *added]))
    changed = dict(node)
    for key in ("items", "values"):
        if key in node:
            changed[key] = evolve(node[key], draw)
    if "symbols" in node:
        changed["symbols"] = SYMBOLS[: draw(st.integers(1, 4))]
        changed["default"] = "A"
    if "fields" in node:
        changed["fields"] = evolve_fields(node["fields"], draw)
    return changed


def evolve_fields(fields, draw):
    """Keep, drop, rename and add fields, in another order."""
    kept = [field for field in fields if draw(st.integers(0, 5))]
    evolved = [{**field, "type": evolve(field["type"], draw)} for field in kept]
    for field in evolved:
        if not draw(st.integers(0, 4)):
            field.update(name=f"{field['name']}_new", aliases=[field["name"]])
    added = draw(st.sampled_from([*DEFAULTS, None]))
    if added is not None:
        evolved.append({"name": "added", "type": added, "default": DEFAULTS[added]})
    return draw(st.permutations(evolved))


def make_value(node, draw):
    """Draw a value that a writer of this type takes."""
    if isinstance(node, list):
        return make_value(draw(st.sampled_from(node)), draw)
    if isinstance(node, str):
        return draw(VALUES[node])
    return MAKERS[node["type"]](node, draw)


MAKERS = {
    "record": lambda node, draw: {f["name"]: make_value(f["type"], draw) for f in node["fields"]},
    "enum": lambda node, draw: draw(st.sampled_from(node["symbols"])),
    "fixed": lambda node, draw: draw(st.binary(min_size=node["size"], max_size=node["size"])),
    "array": lambda node, draw: [make_value(node["items"], draw)],
    "map": lambda node, draw: {"key": make_value(node["values"], draw)},
}


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(st.data())
def test_an_evolved_schema_that_is_compatible_reads_old_data(data):
    """Dropped, added, renamed, widened, made optional: if the rules allow it, fastavro reads it."""
    writer = data.draw(records([f"N{i}" for i in range(6)]))
    reader = evolve(writer, data.draw)
    old, new = parse_strict(json.dumps(writer)), parse_strict(json.dumps(reader))
    assume(not find_incompatibilities(new, old))
    value = make_value(writer, data.draw)
    read = make_reader(old, new)(make_writer(old)(value), 0)
    assert set(read) == {field["name"] for field in reader["fields"]}
