"""`cdc policies lint`: each row of its table is found, with its line, and nothing else is."""

import json
from dataclasses import replace

import pytest

from cdc.errors import ConfigError, ExitCode, Unreachable
from cdc.findings import FORMATS
from cdc.policies import LINTS
from tests.policies.conftest import PEOPLE

GOOD = {
    "id": "{class: identifier, rule: token, key: pii, type: person_id}",
    **{column.name: "{class: personal, rule: drop}" for column in PEOPLE.columns[1:]},
}


def _columns(changes: dict[str, str | None]) -> str:
    lines = {**GOOD, **changes}
    return "".join(f'  "{name}": {rule}\n' for name, rule in lines.items() if rule)


def _found(place, *args: str) -> list[tuple[str, str, int]]:
    shown = json.loads(place.run("lint", "--output", "json", *args).stdout)
    return [
        (finding["code"], finding["subject"], finding["line"])
        for check in shown["checks"]
        for finding in check["findings"]
    ]


CASES = {
    "unknown-column": ({"nme": "{class: public, rule: keep}"}, "shop.people.nme"),
    "missing-rule": ({"email": None}, "shop.people.email"),
    "unknown-key": (
        {"email": "{class: identifier, rule: token, key: nope, type: mail}"},
        "shop.people.email",
    ),
    "refused-rule": ({"zip": "{class: quasi, rule: truncate, chars: 3}"}, "shop.people.zip"),
    "hidden-key": ({"id": "{class: identifier, rule: drop}"}, "shop.people.id"),
    "clear-key": ({"id": "{class: identifier, rule: keep}"}, "shop.people.id"),
    "kept-personal": ({"lastName": "{class: personal, rule: keep}"}, "shop.people.lastName"),
    "kept-identifier": ({"email": "{class: identifier, rule: keep}"}, "shop.people.email"),
    "bare-quasi": (
        {"zip": "{class: quasi, rule: keep}", "lat": "{class: quasi, rule: keep}"},
        "shop.people.lat",
    ),
    "unfolded-email": (
        {"email": "{class: identifier, rule: token, key: pii, type: email}"},
        "shop.people.email",
    ),
    "visible-rank": ({"created_at": "{class: public, rule: keep}"}, "shop.people.created_at"),
}


@pytest.mark.parametrize(("code", "case"), CASES.items(), ids=CASES)
def test_each_flaw_is_found_alone_and_at_its_line(place, code, case):
    """A policy with one flaw gives one finding, at the column's own line."""
    changes, subject = case
    text = place.write(_columns(changes)).read_text().splitlines()
    name = subject.removeprefix("shop.people.")
    line = next((i for i, t in enumerate(text, 1) if t.startswith(f'  "{name}"')), None)
    assert _found(place) == [(code, subject, line)]


def test_k_needs_a_quasi_identifier_that_leaves(place):
    """`k` over nothing is an error; one quasi-identifier that leaves is enough."""
    place.write(_columns({"zip": "{class: quasi, rule: drop}"}), k=5)
    assert _found(place) == [("k-without-quasi", "shop.people", None)]
    place.write(_columns({"zip": "{class: quasi, rule: band, width: 10}"}), k=5)
    assert _found(place) == []


def test_a_column_that_a_rule_needs_must_be_there(place):
    """Before the relay finds out."""
    shift = "{class: quasi, rule: date_shift, subject: nme, key: pii, type: x, days: 9}"
    place.write(_columns({"born_on": shift}))
    assert [code for code, *_ in _found(place)] == ["refused-rule"]
    assert "needs column `nme`" in " ".join(place.run("lint").stdout.split())


KEYLESS = replace(PEOPLE, key=())
OPTION_CASES = {
    "no-key": (KEYLESS, {"key": "[id, nme]"}, "shop.people"),
    "refused-option": (PEOPLE, {"key": "[id]"}, "shop.people"),
    "hidden-lineage": (PEOPLE, {"lineage": "true"}, "shop.people.id"),
    "nullable-key": (KEYLESS, {"key": "[id, boss_id]"}, "shop.people.boss_id"),
}


@pytest.mark.parametrize(("code", "case"), OPTION_CASES.items(), ids=OPTION_CASES)
def test_each_flaw_of_the_options_is_found_alone(place, code, case):
    """At the file, or at the column that it is about."""
    place.tables["shop.people"], options, subject = case
    boss = "{class: identifier, rule: token, key: pii, type: person_id}"
    place.write(_columns({"boss_id": boss}), **options)
    assert [it[:2] for it in _found(place)] == [(code, subject)]


@pytest.mark.parametrize("options", [{"key": "[id]"}, {"append_only": "true", "lineage": "true"}])
def test_a_table_without_key_whose_policy_says_what_to_do_is_fine(place, options):
    """With columns that are a key, or without one."""
    place.tables["shop.people"] = KEYLESS
    place.write(_columns({}), **options)
    assert _found(place) == []


def test_named_columns_are_judged_as_a_key(place):
    """In clear, dropped, or with a rule that joins rows; without MySQL too, where it can be."""
    place.tables["shop.people"] = KEYLESS
    place.write(_columns({"id": "{class: identifier, rule: keep}"}), key="[id]")
    assert [code for code, *_ in _found(place)] == ["clear-key"]
    assert [code for code, *_ in _found(place, "--offline")] == ["clear-key"]
    place.write(_columns({}), key="[id, email]")
    assert [code for code, *_ in _found(place, "--offline")] == ["hidden-key"]
    place.write(_columns({}), key="[id]", lineage="true")
    assert [code for code, *_ in _found(place, "--offline")] == ["hidden-lineage"]


def test_every_lint_has_a_case():
    """A new row of the table cannot be forgotten above; one has a test of its own."""
    assert {*CASES, *OPTION_CASES, "k-without-quasi"} == {lint.code for lint in LINTS}


def test_a_good_policy_has_no_findings(place):
    """Exit code 0."""
    place.write(_columns({}))
    assert _found(place) == []
    assert place.run("lint").return_value == ExitCode.FINE


def test_tables_without_key_and_unknown_ones(place):
    """Both are errors at the policy's file."""
    place.write(_columns({}))
    place.write("  a: {class: public, rule: keep}\n", "shop.nothing")
    place.tables["shop.people"] = replace(PEOPLE, key=())
    assert _found(place) == [
        ("unknown-table", "shop.nothing", None),
        ("no-key", "shop.people", None),
    ]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("{class: quasi, rule: grid, cell: 1}", "could make two rows one"),
        ("{class: quasi, rule: lookup, values: {a: b}}", "could make two rows one"),
    ],
)
def test_rules_that_join_rows_are_refused_on_keys(place, rule, text):
    """The key column must stay one value a row."""
    place.write(_columns({"id": rule}))
    assert _found(place) == [("refused-rule", "shop.people.id", 3)]
    assert text in " ".join(place.run("lint").stdout.split())


def test_a_malformed_file_is_one_finding_and_the_others_are_read(place):
    """One broken file does not hide what is wrong with the next; two of a table are refused."""
    place.write(_columns({"lastName": "{class: personal, rule: keep}"}))
    (place.policies / "broken.yaml").write_text("table: a.b\nclumns: {}\n")
    (place.policies / "zwin.yaml").write_text("table: shop.people\ncolumns: {}\n")
    codes = [code for code, *_ in _found(place)]
    assert codes == ["kept-personal", "malformed-policy", "malformed-policy"]


def test_offline_needs_neither_mysql_nor_keys(place):
    """In CI the files alone are judged: what shows without a table's shape is found."""
    place.is_down = True
    place.keys.unlink()
    place.write(_columns({**CASES["kept-personal"][0], **CASES["unknown-column"][0]}))
    assert [code for code, *_ in _found(place, "--offline")] == ["kept-personal"]
    assert isinstance(place.run("lint", "--offline").return_value, int)


def test_unreachable_mysql_and_missing_folder_are_errors(place):
    """Nothing is called fine that was not looked at."""
    place.write(_columns({}))
    place.is_down = True
    assert isinstance(place.run("lint").exception, Unreachable)
    for file in place.policies.iterdir():
        file.unlink()
    place.policies.rmdir()
    assert isinstance(place.run("lint").exception, ConfigError)


@pytest.mark.parametrize("output", FORMATS)
def test_every_format_names_code_and_column(place, output):
    """Errors are exit code 1 in each format."""
    place.write(_columns({"lastName": "{class: personal, rule: keep}"}))
    result = place.run("lint", "--output", output)
    assert result.return_value == ExitCode.FINDINGS
    assert "kept-personal" in result.stdout
    assert "shop.people.lastName" in result.stdout


@pytest.mark.parametrize("code", ["kept-identifier", "visible-rank"])
def test_warnings_and_notes_do_not_fail(place, code):
    """Only errors end with 1."""
    place.write(_columns(CASES[code][0]))
    assert place.run("lint").return_value == ExitCode.FINE
