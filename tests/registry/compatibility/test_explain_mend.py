import json

import pytest

from registry.avro import parse_lenient, parse_strict
from registry.compatibility import check_level
from registry.compatibility.explain import explain
from registry.compatibility.explain_mend import mend
from registry.model import CompatibilityLevel
from tests.registry.cases import load_cases, make_record
from tests.registry.compatibility.envelopes import make_column, make_envelope
from tests.registry.compatibility.test_explain import ALTERS, LEVELS, number

BACKWARD = CompatibilityLevel.BACKWARD
FULL = CompatibilityLevel.FULL
FULL_TRANSITIVE = CompatibilityLevel.FULL_TRANSITIVE


def fields_of(text: str) -> dict[str, object]:
    """Return the fields of a record's text by name, with type and default."""
    fields = json.loads(text)["fields"]
    return {f["name"]: (f["type"], f["default"]) if "default" in f else f["type"] for f in fields}


def mend_texts(new: str, *old: str, level: CompatibilityLevel = FULL) -> str | None:
    """Mend a text so that it may follow earlier ones."""
    return mend(parse_strict(new), number(*old), level)


@pytest.mark.parametrize("case", ALTERS, ids=lambda case: case["name"])
def test_every_captured_alter_has_a_schema_that_passes(case):
    """What is offered for an envelope parses strictly and passes the level it is offered for."""
    new = parse_strict(json.dumps(case["new_value_schema"]))
    earlier = number(json.dumps(case["old_value_schema"]))
    for level in LEVELS:
        for each in explain(new, earlier, level):
            assert each.passing_schema is not None
            assert check_level(parse_strict(each.passing_schema), earlier, level) == []


@pytest.mark.parametrize("level", [BACKWARD, CompatibilityLevel.FORWARD, FULL])
def test_what_is_offered_passes(level):
    """Every captured pair can be mended, and what is offered passes."""
    for case in load_cases("avro_compat"):
        new, earlier = parse_lenient(case["reader"]), number(case["writer"])
        for each in explain(new, earlier, level)[:1]:
            assert each.passing_schema is not None, case["id"]
            assert check_level(parse_strict(each.passing_schema), earlier, level) == []


ID = make_column("id", "int")


@pytest.mark.parametrize(
    ("old", "new", "level", "mended"),
    [
        ([], [make_column("c", "int")], BACKWARD, {"c": (["null", "int"], None)}),
        ([make_column("c", "int")], [], FULL, {"c": "int"}),
        (
            [make_column("c", ["null", "int"])],
            [make_column("c", "long")],
            BACKWARD,
            {"c": (["null", "long"], None)},
        ),
        ([make_column("c", "int")], [make_column("c", "string")], BACKWARD, {"c": "int"}),
        ([make_column("b", "int")], [make_column("c", "int")], BACKWARD, {"c": "int"}),
        (
            [make_column("b", "int")],
            [make_column("c", "int")],
            FULL,
            {"c": (["null", "int"], None), "b": "int"},
        ),
    ],
)
def test_little_is_changed(old, new, level, mended):
    """A default, a kept field, a kept type, an alias: the rest of the schema stays."""
    text = mend_texts(make_record(ID, *new), make_record(ID, *old), level=level)
    assert text is not None
    assert fields_of(text) == {"id": "int", **mended}


def test_a_rename_for_new_readers_takes_an_alias():
    """At BACKWARD the old name as an alias is all that it needs."""
    text = mend_texts(
        make_record(make_column("c", "int")), make_record(make_column("b", "int")), level=BACKWARD
    )
    assert text == make_record({"name": "c", "type": "int", "aliases": ["b"]}).replace(" ", "")


def test_an_envelope_keeps_all_but_the_column():
    """The mended envelope is the new one with one column changed, in `before` and `after`."""
    new = make_envelope(ID, make_column("c", "string"))
    mended = make_envelope(ID, make_column("c", ["null", "string"]))
    assert mend_texts(new, make_envelope(ID), level=BACKWARD) == parse_strict(mended).canonical


def test_a_history_that_allows_no_null_gets_a_constant():
    """With an earlier version that has the field without null, a default of its type is given."""
    with_e = make_record(ID, make_column("e", "string"))
    text = mend_texts(with_e, with_e, make_record(ID), level=FULL_TRANSITIVE)
    assert text is not None
    assert fields_of(text) == {"id": "int", "e": ("string", "")}


def test_a_history_at_odds_with_itself_has_no_schema_that_passes():
    """Where earlier versions contradict each other, none is offered."""
    olds = [make_record(make_column("c", type_)) for type_ in ("int", "string")]
    assert mend_texts(make_record(make_column("c", "int")), *olds, level=FULL_TRANSITIVE) is None


def test_references_are_written_out():
    """A schema that uses a type of another subject is offered self-contained."""
    point = make_record(make_column("x", "int"), name="Point")
    new = parse_strict(
        make_record(make_column("p", "Point"), make_column("c", "int")), {"Point": point}
    )
    old = number(make_record(make_column("p", json.loads(point))))
    text = mend(new, old, BACKWARD)
    assert text is not None
    assert check_level(parse_strict(text), old, BACKWARD) == []
