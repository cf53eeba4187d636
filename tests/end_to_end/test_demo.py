"""`cdc demo`, as `make demo` runs it."""

import pytest

pytestmark = pytest.mark.stack


def test_demo_tells_its_story_and_leaves_things_as_they_were(governed, policy):
    """Every step runs, both comparisons are equal, the policy and the table are put back."""
    before = policy.read_text()
    done = governed.run("demo")
    out = done.stdout
    assert "\x1b[" not in out
    assert out.count("equal") >= 4
    assert "does not leave" in out
    assert "withheld: loyalty_tier" in out
    assert "governed loyalty_tier: gold" in out
    assert "value NULL" in out
    assert '"name":' in out
    assert policy.read_text() == before
    with governed.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW COLUMNS FROM users LIKE 'loyalty_tier'")
        assert cursor.fetchone() is None
