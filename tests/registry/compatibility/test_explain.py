import json
import re
import time

import pytest
from hypothesis import given, settings

from registry.avro import parse_lenient, parse_strict
from registry.compatibility import EarlierVersion, check_level, explain_walk
from registry.compatibility.explain import Change, Direction, Explanation, explain, show
from registry.compatibility.explain_words import REMEDIES, WHY
from registry.model import CompatibilityLevel, VersionNumber
from tests.registry.cases import load_cases, make_record
from tests.registry.compatibility.envelopes import (
    make_column,
    make_envelope,
    make_key,
    make_row,
)
from tests.registry.compatibility.test_rules import RECORDS, make_wide

ALTERS = [case for case in load_cases("alters") if "new_value_schema" in case]
LEVELS = tuple(CompatibilityLevel)
FULL = CompatibilityLevel.FULL
BACKWARD = CompatibilityLevel.BACKWARD
FORWARD = CompatibilityLevel.FORWARD
NAMES = {"_TRANSITIVE": "", "BACKWARD": "B", "FORWARD": "F", "FULL": "BF", "NONE": ""}

ID = make_column("id", "int")
MAYBE_INT, MAYBE_LONG = ["null", "int"], ["null", "long"]
DATE = {"type": "int", "connect.version": 1, "connect.name": "io.debezium.time.Date"}
DATETIME = {"type": "long", "connect.version": 1, "connect.name": "io.debezium.time.Timestamp"}
ZONED = {"type": "string", "connect.version": 1, "connect.name": "io.debezium.time.ZonedTimestamp"}
DECIMAL = {"type": "bytes", "scale": 2, "precision": 10, "logicalType": "decimal"}


def number(*texts: str) -> list[EarlierVersion]:
    """Return versions 1, 2, … of these schemas."""
    return [EarlierVersion(VersionNumber(i), parse_lenient(t)) for i, t in enumerate(texts, 1)]


def explain_texts(new: str, *old: str, level: CompatibilityLevel = FULL) -> tuple[Explanation, ...]:
    """Explain what a text breaks for earlier ones."""
    return explain(parse_strict(new), number(*old), level)


def columns_in(alter: str) -> set[str]:
    """Return the columns that an ALTER of the fixture speaks of."""
    return set(re.findall(r"\b[abn]\b", alter))


@pytest.mark.parametrize("case", ALTERS, ids=lambda case: case["name"])
def test_a_captured_alter_is_explained_by_its_column(case):
    """Each incompatible envelope is explained once, by the column that was altered."""
    new = parse_strict(json.dumps(case["new_value_schema"]))
    earlier = number(json.dumps(case["old_value_schema"]))
    table = case["new_value_schema"]["namespace"].removeprefix("mysql.")
    for level in LEVELS:
        explained = explain(new, earlier, level)
        assert len(explained) == bool(check_level(new, earlier, level))
        for each in explained:
            assert each.place.name in {f"{table}.{name}" for name in columns_in(case["alter"])}
            assert each.place.part == "column"
            assert each.place.path.startswith("before.")
            assert each.change is not Change.OTHER
            assert "MISSING_UNION_BRANCH" not in json.dumps(each.as_json())


@pytest.mark.parametrize(
    ("old", "new", "change", "fails"),
    [
        (None, make_column("c", "string"), Change.ADDED, "B"),
        (make_column("c", "string"), None, Change.REMOVED, "F"),
        (make_column("b", "string"), make_column("c", "string"), Change.RENAMED, "BF"),
        (make_column("c", MAYBE_INT), make_column("c", MAYBE_LONG), Change.WIDENED, "F"),
        (make_column("c", "long"), make_column("c", "int"), Change.NARROWED, "B"),
        (make_column("c", ["null", DATE]), make_column("c", ["null", DATETIME]), "WIDENED", "F"),
        (make_column("c", ["null", DATETIME]), make_column("c", ["null", ZONED]), "RETYPED", "BF"),
        (make_column("c", ["null", "float"]), make_column("c", ["null", DECIMAL]), "RETYPED", "BF"),
        (make_column("c", "int"), make_column("c", MAYBE_INT), Change.NULLABLE, "F"),
        (make_column("c", MAYBE_INT), make_column("c", "int"), Change.REQUIRED, "B"),
    ],
)
def test_what_an_alter_does_is_named_with_its_levels(old, new, change, fails):
    """For each kind of ALTER: the column, the change, who fails, and all seven levels."""
    (found,) = explain_texts(
        make_envelope(ID, *filter(None, [new])), make_envelope(ID, *filter(None, [old]))
    )
    assert found.place.name == "shop.users.c"
    assert found.change is (Change[change] if change in Change.__members__ else change)
    assert len(found.reasons) == len(fails)
    broken = {level for level in LEVELS if set(directions_of(level)) & set(fails)}
    assert set(found.breaks) == broken
    assert set(found.passes) == set(LEVELS) - broken
    assert found.remedy
    assert found.title.startswith(f"column shop.users.c: {found.change.replace('-', ' ')}")


def directions_of(level: CompatibilityLevel) -> str:
    """Return `B`, `F` or both."""
    return NAMES[level.removesuffix("_TRANSITIVE")]


def test_types_are_said_in_words():
    """Decimals, dates, nullability and names are told, not only Avro's type."""
    (found,) = explain_texts(
        make_envelope(make_column("c", ["null", ZONED])), make_envelope(make_column("c", DECIMAL))
    )[:1]
    assert found.old_type == "decimal(10,2) as bytes"
    assert found.new_type == "nullable ZonedTimestamp as string"


def test_a_key_is_told_to_stay():
    """A key column is called one, and its remedy is no repair: the key's bytes are the topic's."""
    found = explain_texts(make_key(make_column("id", "long")), make_key(make_column("id", "int")))
    assert [(each.place.part, each.place.name) for each in found] == [
        ("key column", "shop.users.id")
    ]
    assert "never change" in found[0].remedy


def test_a_governed_record_is_named_by_its_table():
    """The major version behind the table is no table; other records are named record.field."""
    rows = [
        json.dumps(make_row(make_column("c", type_), table="governed.shop.users.v1"))
        for type_ in ("string", "int")
    ]
    assert [each.place.name for each in explain_texts(*rows)] == ["shop.users.c"]
    plain = [make_record(make_column("c", type_), name="Order") for type_ in ("string", "int")]
    assert [each.place.name for each in explain_texts(*plain)] == ["Order.c"]


def test_every_failing_version_is_listed():
    """A transitive level names all versions that object, newest first, and only those."""
    olds = [make_envelope(make_column("c", type_)) for type_ in ("int", "long", "int")]
    (found,) = explain_texts(
        make_envelope(make_column("c", "long")),
        *olds,
        level=CompatibilityLevel.FORWARD_TRANSITIVE,
    )
    assert found.versions == (3, 1)


def test_a_level_that_is_not_transitive_looks_at_the_latest():
    """A break with an early version shows in the levels it breaks, once the level asks for it."""
    texts = [make_record(make_column("c", type_)) for type_ in ("string", "int")]
    assert explain_texts(texts[1], *texts, level=BACKWARD) == ()
    (found,) = explain_texts(texts[1], *texts, level=CompatibilityLevel.BACKWARD_TRANSITIVE)
    assert (found.versions, BACKWARD in found.passes) == ((1,), True)


def test_only_what_the_level_forbids_is_explained():
    """Of a change each way, BACKWARD tells one, FORWARD the other, NONE neither."""
    old = make_envelope(make_column("gone", "int"))
    new = make_envelope(make_column("come", "string"))

    def names(level: CompatibilityLevel) -> list[str]:
        return [each.place.field for each in explain_texts(new, old, level=level)]

    assert names(BACKWARD) == ["come"]
    assert names(FORWARD) == ["gone"]
    assert names(FULL) == ["come", "gone"]
    assert names(CompatibilityLevel.NONE) == []


ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
FIXED = {"type": "fixed", "name": "F", "size": 4}


@pytest.mark.parametrize(
    ("old", "new", "change", "path"),
    [
        (["int", "string"], ["int", "string", "boolean"], "BRANCH_ADDED", "c"),
        (["int", "string", "boolean"], ["int", "string"], "BRANCH_REMOVED", "c"),
        (["string", "int"], ["string", "boolean"], "RETYPED", "c"),
        (ENUM, {**ENUM, "symbols": ["A", "B", "C"]}, "SYMBOLS_ADDED", "c"),
        (["null", ENUM], ["null", {**ENUM, "symbols": ["A"]}], "SYMBOLS_REMOVED", "c"),
        (FIXED, {**FIXED, "size": 8}, "RESIZED", "c"),
        (FIXED, {**FIXED, "name": "G"}, "NAME_CHANGED", "c"),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}, "WIDENED", "c[]"),
        ({"type": "map", "values": "long"}, {"type": "map", "values": "int"}, "NARROWED", "c{}"),
    ],
)
def test_other_types_are_descended_into(old, new, change, path):
    """Unions, enums, fixed, arrays and maps: the field is named, whatever it holds."""
    texts = [make_record({"name": "c", "type": type_}) for type_ in (new, old)]
    (found,) = explain_texts(*texts)
    assert (found.place.name, found.change, found.place.path) == ("A.c", Change[change], path)


def test_ambiguous_aliases_are_explained():
    """Where Avro Java throws, the field whose aliases match twice is named."""
    new = make_record({"name": "y", "type": "int", "aliases": ["x"]})
    old = make_record({"name": "x", "type": "int"}, {"name": "y", "type": "int"})
    (found, *_) = explain_texts(new, old, level=BACKWARD)
    assert (found.place.name, found.change) == ("A.y", Change.AMBIGUOUS)


def test_two_fields_of_one_type_are_no_rename():
    """A drop and an add are called a rename only where nothing else could be meant."""
    old = make_record(*(make_column(name, "int") for name in ("a", "b")))
    new = make_record(*(make_column(name, "int") for name in ("c", "d")))
    assert {each.change for each in explain_texts(new, old)} == {Change.ADDED, Change.REMOVED}


def test_recursive_types_are_walked_once():
    """A record in itself ends, and what is wrong in it is told once."""
    text = make_record(make_column("next", ["null", "A"]), make_column("v", "%s"))
    found = explain_texts(text.replace("%s", "int"), text.replace("%s", "string"))
    assert [each.place.name for each in found] == ["A.v"]


@pytest.mark.parametrize("level", [BACKWARD, FORWARD, FULL])
def test_what_the_checker_objects_to_is_explained_and_nothing_else(level):
    """On every captured pair: explained where refused, without falling back on its words."""
    for case in load_cases("avro_compat"):
        new, earlier = parse_lenient(case["reader"]), number(case["writer"])
        found = explain(new, earlier, level)
        assert bool(found) == bool(check_level(new, earlier, level)), case["id"]
        assert all(each.change is not Change.OTHER for each in found), case["id"]


def test_histories_are_explained_at_their_level():
    """On every captured history: explained where refused, and the level is among those broken."""
    for case in load_cases("avro_levels"):
        level = CompatibilityLevel(case["level"])
        found = explain(parse_lenient(case["new"]), number(*case["previous"]), level)
        assert bool(found) == bool(case["messages"])
        assert all(level in each.breaks and each.versions for each in found)


@settings(max_examples=200, deadline=None)
@given(RECORDS, RECORDS)
def test_explained_is_refused(new, old):
    """Whatever two records are, an explanation means a refusal and a refusal is explained."""
    refused = check_level(parse_strict(new), number(old), FULL)
    assert bool(explain_texts(new, old)) == bool(refused)


def test_json_is_whole_and_holds_the_passing_schema_once():
    """The answer can be written as JSON; the schema that would pass stands beside the list."""
    old = make_envelope(ID)
    new = make_envelope(ID, make_column("c", "string"), make_column("d", "int"))
    explained = explain_texts(new, old, level=BACKWARD)
    shown = json.loads(json.dumps(show(explained)))
    assert [each["name"] for each in shown["explanations"]] == ["shop.users.c", "shop.users.d"]
    assert all("passing_schema" not in each for each in shown["explanations"])
    assert shown["passing_schema"] == explained[0].as_json()["passing_schema"]
    assert show(()) == {"explanations": [], "passing_schema": None}


def test_every_change_has_words():
    """Each change has a remedy and a reason for a direction, and every template can be filled."""
    words = {"field": "c", "old": "int", "new": "long", "detail": "A"}
    assert set(REMEDIES) == set(Change) == {change for change, _ in WHY}
    assert all(text.format_map(words) for text in (*WHY.values(), *REMEDIES.values()))
    assert {direction for _, direction in WHY} == set(Direction)


def test_nothing_to_explain_takes_milliseconds():
    """A compatible schema of a thousand fields costs little more than its check.

    Six milliseconds were measured; the limit is for machines under load, with much to collect.
    """
    new, earlier = parse_strict(make_wide("long")), number(make_wide("int"))
    started = time.thread_time()
    assert explain(new, earlier, BACKWARD) == ()
    assert time.thread_time() - started < 0.25


@pytest.mark.parametrize(
    ("aliases", "words"),
    [((), "TYPE_MISMATCH at /fields/0/type: "), (("x",), "matches multiple fields")],
)
def test_a_reason_that_nobody_foresaw_is_told_in_the_checker_s_words(monkeypatch, aliases, words):
    """Where the descent finds nothing, a refusal is still explained, if only by its location."""
    monkeypatch.setattr(explain_walk._Walk, "compare", lambda *_asked: iter(()))
    new = make_record(make_column("y", "int", aliases=list(aliases)), make_column("z", "int"))
    old = make_record(*(make_column(name, "string") for name in "xyz"))
    (found,) = explain_texts(new, old, level=BACKWARD)
    assert (found.change, words in found.detail) == (Change.OTHER, True)
    assert words in found.reasons[0]


@pytest.mark.parametrize("count", [100, 400])
def test_long_chains_of_types_end(count):
    """Hundreds of types that use each other are explained, if need be in the checker's words."""

    def chain(type_: str) -> str:
        first = {"type": "record", "name": "R0", "fields": [{"name": "f", "type": type_}]}
        types = [first] + [
            {"type": "record", "name": f"R{i}", "fields": [make_column("f", ["null", f"R{i - 1}"])]}
            for i in range(1, count)
        ]
        return make_record(*({"name": f"a{i}", "type": each} for i, each in enumerate(types)))

    found = explain_texts(chain("int"), chain("string"))
    assert found
    assert found[0].place.name == "R0.f"


def test_deep_types_are_told_shortly():
    """A type of a hundred levels has words for the first few."""
    deep = '{"type":"array","items":' * 100 + '"%s"' + "}" * 100
    (found,) = explain_texts(deep % "int", deep % "string")
    assert found.old_type == "array of array of array of array of array of …"
    assert found.place.path == "[]" * 100
