"""The pizza shop's rows: made up, and the same bytes on every machine and in every year.

Row `n` depends on `n` alone, so fewer rows are the first ones of more.
"""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias, TypeVar

from cdc.stack import menu

User: TypeAlias = tuple[
    int,
    str | None,
    str | None,
    str | None,
    str | None,
    Decimal | None,
    Decimal | None,
    datetime | None,
    datetime | None,
]
Product: TypeAlias = tuple[
    int, str, str | None, str | None, float | None, str | None, datetime, datetime | None
]
T = TypeVar("T")

USER_COLUMNS = (
    *("id", "first_name", "last_name", "email", "residence"),
    *("lat", "lon", "created_at", "updated_at"),
)
PRODUCT_COLUMNS = (
    *("id", "name", "description", "category", "price"),
    *("image", "created_at", "updated_at"),
)
PRODUCTS = 81
OPENING = datetime(2024, 1, 1, 9, 0, 0)  # noqa: DTZ001 (MySQL's columns have no time zone)
BETWEEN_USERS = timedelta(minutes=47)
NULL_SHARE = 0.02
SOUTH_WEST, NORTH_EAST = (12.8, 77.4), (13.2, 77.8)
Random = random.Random


def generate_users(count: int) -> Iterator[User]:
    """Users 1 to `count`: e-mail addresses repeat, every column but the id is NULL now and then."""
    return map(_make_user, range(1, count + 1))


def _make_user(number: int) -> User:
    # Seeded with text: Python hashes it with SHA-512, alike everywhere.
    pick = Random(f"headworks users {number}")
    first, last, address = _pick_name(pick)
    created = OPENING + number * BETWEEN_USERS
    updated = created + timedelta(seconds=pick.randrange(0, 90 * 86_400))
    return (
        number,
        _or_null(pick, first),
        _or_null(pick, last),
        _or_null(pick, f"{address}@{pick.choice(menu.MAIL_HOSTS)}"),
        _or_null(pick, _pick_residence(pick)),
        _or_null(pick, _pick_degrees(pick, SOUTH_WEST[0], NORTH_EAST[0])),
        _or_null(pick, _pick_degrees(pick, SOUTH_WEST[1], NORTH_EAST[1])),
        _or_null(pick, created),
        _or_null(pick, updated),
    )


def _or_null(pick: Random, value: T) -> T | None:
    return None if pick.random() < NULL_SHARE else value


def _pick_name(pick: Random) -> tuple[str, str, str]:
    """First name, last name, and what of them stands before the @."""
    if pick.random() < 0.06:
        return pick.choice(menu.FOREIGN_SCRIPT_NAMES)
    first, last = pick.choice(menu.FIRST_NAMES), pick.choice(menu.LAST_NAMES)
    plain = last.replace("'", "").lower()
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{first.lower()}.{plain}",
        lambda: f"{first.lower()}{pick.randrange(1, 100)}",
        lambda: f"{first[0].lower()}.{plain}",
    )
    return first, last, pick.choice(forms)()


def _pick_residence(pick: Random) -> str:
    draw = pick.random()
    if draw < 0.02:
        return pick.choice(menu.RESIDENCES_IN_OTHER_SCRIPTS)
    house, street = pick.randrange(1, 400), pick.choice(menu.STREETS)
    if draw < 0.06:
        place, postcode = pick.choice(menu.OTHER_CITIES)
    else:
        area, postcode = pick.choice(menu.AREAS)
        place = f"{area}, {pick.choice(menu.CITIES)}"
    return f"{house}, {street}, {place} {postcode}"


def _pick_degrees(pick: Random, low: float, high: float) -> Decimal:
    """A coordinate with all of DECIMAL(10,8)'s digits."""
    scale = 10**8
    return Decimal(pick.randint(round(low * scale), round(high * scale))).scaleb(-8)


def generate_products() -> Iterator[Product]:
    """The menu: pizzas in three sizes, sides and drinks; some columns are NULL now and then."""
    rows = [
        *(
            (f"{name} {size}", text, "pizza", price * share)
            for name, text, price in menu.PIZZAS
            for size, share in menu.SIZES
        ),
        *((name, text, "side", price) for name, text, price in menu.SIDES),
        *((name, text, "drink", price) for name, text, price in menu.DRINKS),
    ]
    for number, (name, text, category, price) in enumerate(rows, 1):
        pick = Random(f"headworks products {number}")
        image = f"/images/{category}/{name.lower().replace(' ', '-')}.jpg"
        yield (
            number,
            name,
            text,
            _or_null(pick, category),
            _or_null(pick, round(price, 1)),
            _or_null(pick, image),
            OPENING + timedelta(minutes=number),
            _or_null(pick, OPENING + timedelta(days=number)),
        )
