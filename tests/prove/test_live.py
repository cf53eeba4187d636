"""What is sought on a running stack: the values that do not leave, and no others."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cdc.prove.live import collect_hidden
from cdc.prove.markers import Ledger
from cdc.source import NO_FORM
from tests.verify.world import World, make_user


class _Rows:
    """MySQL with some users."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = rows

    def read_rows(self, _table, columns) -> Iterator[tuple[Any, ...]]:
        return (tuple(row[name] for name in columns) for row in self._rows)


def ledger_of(*rows: dict[str, Any]) -> Ledger:
    """What is sought of these users."""
    return collect_hidden([World().plan], _Rows(*rows), lambda _: None)


def sought(ledger: Ledger, text: str) -> bool:
    """Whether a text is."""
    return any(needle.data == text.encode() for _, needle in ledger.needles())


def test_hidden_values_are_sought_and_kept_ones_are_not():
    """Dropped, tokenized and coarse columns; not what the policy lets through as it is."""
    user = make_user(1234567, first_name="Kalpana", created_at=1_700_000_000_123_456)
    ledger = ledger_of(user)
    assert sought(ledger, "Kalpana")
    assert sought(ledger, "u1234567@example.com")
    assert sought(ledger, "1234567")
    assert sought(ledger, "1234567, MG Road, Bangalore")
    assert sought(ledger, "12.97160000")
    assert not sought(ledger, "2023-11-14T22:13:20.123456Z")
    assert {marker.place for marker in ledger} == {
        f"pizzashop.users.{name}"
        for name in ("id", "first_name", "email", "residence", "lat", "lon")
    }


def test_short_values_nulls_and_values_without_form_are_passed_over():
    """Five characters stand in any text by chance."""
    user = make_user(7, first_name="Anita", last_name=None, lat=None, created_at=NO_FORM)
    ledger = ledger_of(user)
    assert not sought(ledger, "Anita")
    assert {marker.place.rsplit(".")[-1] for marker in ledger} == {"email", "residence", "lon"}


def test_what_a_rule_gives_is_no_secret():
    """A residence that is the city's name alone leaves as it is: it is not sought anywhere."""
    ledger = ledger_of(make_user(1234567, residence="Bangalore", last_name="Bangalore"))
    assert not sought(ledger, "Bangalore")


def test_a_value_is_a_marker_once():
    """However many rows have it."""
    rows = [make_user(n, first_name="Kalpana", lat=Decimal("12.97160001")) for n in range(9)]
    names = [marker for marker in ledger_of(*rows) if marker.place.endswith("first_name")]
    assert len(names) == 1
