import hashlib
from decimal import Decimal
from itertools import islice

from cdc.stack.generate import (
    PRODUCT_COLUMNS,
    PRODUCTS,
    USER_COLUMNS,
    generate_products,
    generate_users,
)
from cdc.stack.seed import USERS

ALL_USERS = list(generate_users(USERS))
MENU = list(generate_products())


def digest(rows: object) -> str:
    """A short hash of rows' text form."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def test_the_same_bytes_every_time() -> None:
    """Users and menu never change: these are the hashes they always have."""
    assert (digest(ALL_USERS), digest(MENU)) == ("de9bf05cd3486bd7", "b9a36cba88b64c02")


def test_fewer_rows_are_the_first_of_more() -> None:
    """A small seed is the beginning of a large one."""
    assert list(generate_users(200)) == list(islice(ALL_USERS, 200))


def test_every_nullable_column_is_null_somewhere() -> None:
    """All but the id for users; category, price, image, description and update for products."""
    for index, column in enumerate(USER_COLUMNS[1:], 1):
        assert any(row[index] is None for row in ALL_USERS), column
    assert any(row[2] is None for row in MENU)
    assert all(row[0] == number for number, row in enumerate(ALL_USERS, 1))


def test_the_values_that_hurt_are_there() -> None:
    """E-mail addresses repeat; scripts, accents, an emoji and an apostrophe occur."""
    emails = [row[3] for row in ALL_USERS if row[3]]
    assert len(set(emails)) < len(emails)
    text = "".join(str(row[1:5]) for row in ALL_USERS)
    for mark in ("आ", "ಕ", "é", "🏠", "D'Souza", "Bangalore", "Bengaluru", "Mysuru"):
        assert mark in text


def test_values_fit_their_columns() -> None:
    """Coordinates lie in the city with eight digits; no text is longer than its column."""
    for row in ALL_USERS:
        for value, low in ((row[5], Decimal("12.8")), (row[6], Decimal("77.4"))):
            assert value is None or (low <= value <= low + Decimal("0.4"))
            assert value is None or value.as_tuple().exponent == -8
        assert all(len(value or "") <= 255 for value in row[1:4])
        assert len(row[4] or "") <= 500
    assert all(len(row[1]) <= 100 and len(row[2] or "") <= 500 for row in MENU)


def test_the_menu_has_81_products() -> None:
    """Pizzas in three sizes, sides and drinks, each once; prices have a tenth of a rupee."""
    assert len(MENU) == PRODUCTS == len({row[1] for row in MENU})
    assert len(MENU[0]) == len(PRODUCT_COLUMNS)
    assert 335.1 in {row[4] for row in MENU}
