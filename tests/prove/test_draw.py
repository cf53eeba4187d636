"""Marked values: every type has one, or says that it cannot."""

import random

import pytest

from cdc.prove.draw import DRAWERS, PLAIN, SourceColumn, draw
from registry.derive.types import MYSQL_TYPES

SEEDS = range(40)


def column(kind: str) -> SourceColumn:
    """A column as wide as the canary tables have it."""
    decimal = SourceColumn("c", kind, 60, 30, 10)
    wide = {"BIT": 64, "VECTOR": 3}
    return decimal if kind == "DECIMAL" else SourceColumn("c", kind, 60, wide.get(kind, 19), 6)


def test_every_mysql_type_is_marked_or_plain():
    """A type that is added must say how it is marked, or which value it gets instead."""
    assert set(MYSQL_TYPES) <= set(DRAWERS) | set(PLAIN)


@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_values_are_marked_and_differ(kind):
    """Two draws share neither value nor needle, or a hit would not say whose it is."""
    drawn = [draw(random.Random(seed), column(kind)) for seed in SEEDS]
    assert all(each is not None and each.needles for each in drawn)
    needles = [needle.data for each in drawn if each for needle in each.needles]
    of_one = [{needle.data for needle in each.needles} for each in drawn if each]
    assert sum(map(len, of_one)) == len(set(needles))


@pytest.mark.parametrize(
    ("kind", "narrow"),
    [
        ("VARCHAR", SourceColumn("c", "VARCHAR", 10)),
        ("BINARY", SourceColumn("c", "BINARY", 8)),
        ("BIT", SourceColumn("c", "BIT", 0, 16)),
        ("DECIMAL", SourceColumn("c", "DECIMAL", 0, 5, 2)),
        ("TIME", SourceColumn("c", "TIME", 0, 0, 0)),
    ],
)
def test_a_column_too_narrow_for_a_mark_gets_a_plain_value(kind, narrow):
    """Nothing is drawn that would occur by chance; a NOT NULL column still gets a value."""
    assert draw(random.Random(1), narrow) is None
    assert kind in PLAIN


@pytest.mark.parametrize("length", [16, 20, 31, 32, 255])
def test_a_text_fits_its_column(length):
    """Whatever the width, and with a domain where there is room for one."""
    for seed in SEEDS:
        drawn = draw(random.Random(seed), SourceColumn("c", "VARCHAR", length))
        assert drawn is not None
        assert len(drawn.value) <= length
        assert drawn.value.endswith("@example.com") == (length >= 32)
        assert any(needle.data in drawn.value.encode() for needle in drawn.needles)


@pytest.mark.parametrize(("precision", "scale"), [(10, 8), (30, 10), (18, 0), (9, 2), (65, 30)])
def test_a_decimal_fits_its_column(precision, scale):
    """No more digits than the column has, on either side of the point."""
    for seed in SEEDS:
        drawn = draw(random.Random(seed), SourceColumn("c", "DECIMAL", 0, precision, scale))
        assert drawn is not None
        whole, _, fraction = f"{drawn.value:f}".partition(".")
        assert len(whole.strip("-0")) <= precision - scale
        assert len(fraction) <= scale
