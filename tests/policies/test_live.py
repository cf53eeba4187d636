"""`cdc policies` on a real MySQL."""

import json

import pytest

from cdc.errors import ExitCode
from tests.conftest import LiveStack

pytestmark = pytest.mark.stack

CREATE = (
    "CREATE TABLE IF NOT EXISTS pizzashop.policy_people (id INT PRIMARY KEY,"
    " mail_to VARCHAR(99) COMMENT 'pii: email', born DATE, note TEXT)"
)


def test_init_guesses_from_a_live_table(stack: LiveStack) -> None:
    """Names, types and comments come from MySQL; only the key is in force."""
    stack.execute(CREATE)
    try:
        lines = stack.run("policies", "init", "pizzashop.policy_people").stdout.splitlines()
    finally:
        stack.execute("DROP TABLE pizzashop.policy_people")
    in_force = [line for line in lines if line.startswith("  ") and not line.startswith("  #")]
    assert in_force == ["  id: {class: identifier, rule: token, key: pii, type: policy_people_id}"]
    assert "  # guessed: email, from its comment; VARCHAR" in lines
    assert "  # born: {class: quasi, rule: date_part, part: year}" in lines


def test_the_committed_policies_have_no_errors(stack: LiveStack) -> None:
    """Every column of both tables has a rule that can act; what leaves is as they say."""
    assert stack.run("policies", "lint").returncode == ExitCode.FINE
    shown = json.loads(stack.run("policies", "show", "--output", "json").stdout)["topics"]
    assert [(topic["table"], topic["withheld"]) for topic in shown] == [
        ("pizzashop.products", []),
        ("pizzashop.users", []),
    ]
