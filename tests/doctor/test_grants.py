import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.doctor.grants import Grants, parse_grants


def grants_of(*lines: str) -> Grants:
    """Each line without its GRANT and TO."""
    return parse_grants(f"GRANT {line} TO `d`@`%`" for line in lines)


@pytest.mark.parametrize(
    ("line", "privilege", "place", "allowed"),
    [
        ("SELECT, RELOAD ON *.*", "RELOAD", ("*", "*"), True),
        ("SELECT ON *.*", "SELECT", ("shop", "users"), True),
        ("SELECT ON `shop`.*", "SELECT", ("shop", "users"), True),
        ("SELECT ON `shop`.*", "SELECT", ("shop2", "users"), False),
        ("SELECT ON `sh%`.*", "SELECT", ("shop", "users"), True),
        ("SELECT ON `my\\_shop`.*", "SELECT", ("my_shop", "users"), True),
        ("SELECT ON `my\\_shop`.*", "SELECT", ("myXshop", "users"), False),
        ("ALL PRIVILEGES ON `shop`.*", "INSERT", ("shop", "users"), True),
        ("INSERT ON `shop`.`users`", "INSERT", ("shop", "orders"), False),
        ("INSERT ON `shop`.`users`", "INSERT", ("shop", "users"), True),
        ("SELECT (`id`, `name`), INSERT ON `s`.`t`", "SELECT", ("s", "t"), False),
        ("SELECT (`id`, `name`), INSERT ON `s`.`t`", "INSERT", ("s", "t"), True),
        ("EXECUTE ON PROCEDURE `s`.`p`", "EXECUTE", ("s", "p"), False),
        ("`reader`@`%`", "SELECT", ("s", "t"), False),
        ("BINLOG_ADMIN, SELECT ON *.*", "SELECT", ("s", "t"), True),
    ],
)
def test_grants_say_what_is_allowed_where(
    line: str, privilege: str, place: tuple[str, str], *, allowed: bool
) -> None:
    """A grant covers its place and what is inside it; single columns, routines, roles do not."""
    assert grants_of(line).allows(privilege, *place) is allowed


def test_a_right_on_everything_needs_a_grant_on_everything() -> None:
    """A database's grant is none on `*.*`."""
    assert not grants_of("SELECT ON `shop`.*").allows("SELECT")


@given(st.text("ab_%\\`", min_size=1, max_size=6), st.text("ab_%\\`", min_size=1, max_size=6))
def test_an_escaped_name_covers_itself_alone(name: str, other: str) -> None:
    """Whatever is in a database's name, quoted as SHOW GRANTS does it covers no other database."""
    escaped = "".join("\\" + char if char in "_%\\" else char for char in name)
    grants = grants_of(f"SELECT ON `{escaped.replace('`', '``')}`.*")

    assert grants.allows("SELECT", name, "t")
    assert grants.allows("SELECT", other, "t") is (other == name)
