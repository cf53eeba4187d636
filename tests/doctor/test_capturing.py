import pytest

from cdc.doctor.capturing import captures, names
from cdc.source import TableFacts

USERS = TableFacts("shop", "users")


@pytest.mark.parametrize(
    ("config", "captured"),
    [
        ({}, True),
        ({"table.include.list": "shop.users"}, True),
        ({"table.include.list": "shop.orders, shop.users"}, True),
        ({"table.include.list": "SHOP\\.U.*"}, True),
        ({"table.include.list": "shop.user"}, False),
        ({"table.include.list": "users"}, False),
        ({"table.exclude.list": "shop.users"}, False),
        ({"table.exclude.list": "shop.orders"}, True),
        ({"database.include.list": "shop"}, True),
        ({"database.include.list": "sho"}, False),
        ({"database.exclude.list": "shop"}, False),
        ({"database.include.list": "shop", "table.exclude.list": ".*users"}, False),
    ],
)
def test_lists_are_read_as_debezium_reads_them(config: dict[str, str], *, captured: bool) -> None:
    """Whole names, case ignored, commas between; every list must let the table through."""
    assert captures(config, USERS) is captured


def test_an_expression_that_only_java_knows_is_taken_as_a_name() -> None:
    """It is no error, and names nothing else."""
    assert not names("shop.\\p{Alpha}+", "shop.users")
    assert names("(shop", "(shop")
