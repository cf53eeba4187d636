"""Policy files: what is accepted, what is refused and with which line."""

from pathlib import Path

import pytest

from cdc.errors import ConfigError
from cdc.privacy.policy import load_policies, parse_policy

PATH = Path("p.yaml")


def _mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_policy(PATH, text)
    return caught.value.message.split("; ")


def test_all_mistakes_at_once_each_with_its_line():
    """A file with five mistakes gives five messages, each naming line and place."""
    found = _mistakes(
        "table: shop.users\n"
        "formt: avro\n"
        "columns:\n"
        "  id: {class: publi, rule: keep}\n"
        "  a: {class: public}\n"
        "  b: {class: public, rule: nope}\n"
        "  c: {class: quasi, rule: grid, cell: 0.05, cel: 2}\n"
    )
    places = {message.split(": ")[0] + " " + message.split(": ")[1] for message in found}
    assert places == {
        "p.yaml:2 formt",
        "p.yaml:4 columns.id.class",
        "p.yaml:5 columns.a",
        "p.yaml:6 columns.b",
        "p.yaml:7 columns.c.cel",
    }


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a: [", "p.yaml:1: "),
        ("- a", "p.yaml:1: a policy is a mapping"),
        ("table: a.b\ntable: c.d\n", "p.yaml:2: found duplicate key"),
        ("columns: {}\n", "p.yaml:1: table: is missing"),
        ("table: nodot\ncolumns: {}\n", "p.yaml:1: table: "),
    ],
)
def test_broken_files_are_one_clear_line(text, start):
    """Text that is no policy is refused with its line, not with a traceback."""
    (message,) = _mistakes(text)
    assert message.startswith(start)


def test_two_policies_of_one_table_are_refused(tmp_path):
    """Which of two files would hold is never left to chance."""
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("table: shop.users\ncolumns: {}\n")
    with pytest.raises(ConfigError, match=r"b\.yaml: .*a\.yaml speaks of this table too"):
        load_policies(tmp_path)


def test_missing_folder_is_refused(tmp_path):
    """A wrong folder is an error, not an empty set of policies."""
    with pytest.raises(ConfigError, match="no such folder"):
        load_policies(tmp_path / "nowhere")


def test_version_follows_the_text():
    """Any change of a policy gives it another version, the same text the same one."""
    text = "table: a.b\ncolumns:\n  id: {class: public, rule: keep}\n"
    one, same = parse_policy(PATH, text), parse_policy(PATH, text)
    other = parse_policy(PATH, text.replace("public", "quasi"))
    assert one.version == same.version
    assert one.version != other.version


def test_committed_policies_are_valid():
    """The policies that ship with the project load, and cover both tables."""
    assert set(load_policies(Path("schemas/policies"))) == {
        "pizzashop.users",
        "pizzashop.products",
    }


@pytest.mark.parametrize("written", ["null", '"null"', "~"])
def test_the_rule_null_may_be_written_bare(written):
    """YAML's `null` where a rule is named means the rule of that name."""
    policy = parse_policy(
        PATH, f"table: a.b\ncolumns:\n  p: {{class: personal, rule: {written}}}\n"
    )
    assert policy.file.columns["p"].rule == "null"


def test_mistakes_of_a_rule_of_two_words_are_located():
    """The rule's own name is no part of the place."""
    (message,) = _mistakes(
        "table: a.b\ncolumns:\n  e:\n    class: quasi\n    rule: email_domain\n    othrwise: x\n"
    )
    assert message == "p.yaml:6: columns.e.othrwise: unknown key"


def test_a_date_as_constant_needs_no_quotes():
    """YAML's own dates are taken as they are written."""
    policy = parse_policy(
        PATH, "table: a.b\ncolumns:\n  d: {class: quasi, rule: constant, value: 2024-02-29}\n"
    )
    assert policy.file.columns["d"].value == "2024-02-29"
