"""`cdc policies init`: guesses that leave nothing, and that work once they are confirmed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cdc.errors import ConfigError
from cdc.policies import write_first_policy
from cdc.privacy.plan import plan_table
from cdc.privacy.policy import parse_policy
from tests.builders import KEYS
from tests.policies.conftest import PEOPLE


def _plan(text: str):
    policy = parse_policy(Path("p.yaml"), text)
    return plan_table(PEOPLE, {"shop.people": policy}, KEYS, "governed")


def _confirmed(text: str) -> str:
    """Every guess taken: the `# ` away from each line that has a rule."""
    return re.sub(r"^  # (\S.*\{class: \w.*)$", r"  \1", text, flags=re.MULTILINE)


def test_nothing_guessed_leaves():
    """As it is written, only the key leaves, as a token; all else is withheld."""
    plan = _plan(write_first_policy(PEOPLE))
    assert [(c.source, c.governed.is_key) for c in plan.columns] == [("id", True)]
    assert plan.columns[0].rule.plain(1).startswith("v1.")
    assert len(plan.withheld) == len(PEOPLE.columns) - 1


def test_confirmed_guesses_are_a_policy():
    """Each guessed line, uncommented, names its column and a rule that can act on it."""
    text = _confirmed(write_first_policy(PEOPLE))
    rules = parse_policy(Path("p.yaml"), text).file.columns
    assert {name: (rule.class_, rule.rule) for name, rule in rules.items()} == {
        "id": ("identifier", "token"),
        "email": ("identifier", "token"),
        "lastName": ("personal", "drop"),
        "born_on": ("quasi", "date_part"),
        "lat": ("quasi", "grid"),
        "zip": ("quasi", "drop"),
        "boss_id": ("identifier", "token"),
        "x1": ("identifier", "token"),
        "x2": ("personal", "drop"),
        "x3": ("public", "keep"),
        "home address": ("personal", "drop"),
        "created_at": ("public", "keep"),
    }
    assert _plan(text).withheld == ("x4", "yes")


def test_each_guess_says_what_it_was_guessed_from():
    """A person sees name or comment behind a guess, and which column nothing is known of."""
    text = write_first_policy(PEOPLE)
    assert "  # guessed: email, from its name; VARCHAR\n  # email: {" in text
    assert "  # guessed: phone, from its comment; TEXT\n  # x1: {" in text
    assert '  # not guessed: TEXT\n  # "yes": {class: , rule: }' in text


def test_ids_of_one_thing_have_one_semantic_type():
    """`people.id` by its table, `boss_id` by its own name."""
    text = write_first_policy(replace(PEOPLE, name="users"))
    assert "id: {class: identifier, rule: token, key: pii, type: user_id}" in text
    assert "boss_id: {class: identifier, rule: token, key: pii, type: boss_id}" in text


def test_a_table_without_key_is_refused():
    """It would not be relayed, so there is nothing to write."""
    with pytest.raises(ConfigError, match=r"shop\.people: the table has no primary key"):
        write_first_policy(replace(PEOPLE, key=()))
    with pytest.raises(ConfigError, match="no token can be made of key type POINT"):
        write_first_policy(replace(PEOPLE, key=("home address",)))


def test_init_prints_or_writes_a_new_file(place):
    """Stdout by default; a file that is there is never overwritten."""
    printed = place.run("init", "shop.people")
    assert printed.stdout == write_first_policy(PEOPLE)
    out = place.policies / "new.yaml"
    assert place.run("init", "shop.people", "--out", out).exit_code == 0
    assert out.read_text() == printed.stdout
    again = place.run("init", "shop.people", "--out", out)
    assert isinstance(again.exception, ConfigError)
    assert out.read_text() == printed.stdout


@pytest.mark.parametrize("name", ["people", "a.b.c", "shop.nothing"])
def test_init_refuses_what_is_no_table(place, name):
    """A name without database, or one that MySQL does not know."""
    result = place.run("init", name)
    assert isinstance(result.exception, ConfigError)
    assert name in result.exception.message
