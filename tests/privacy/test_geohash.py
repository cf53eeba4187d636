"""`geohash` against the bisection that defines it, and known cells."""

import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.derive.types import DOUBLE, GEOMETRY, Canonical
from tests.privacy.binding import bind

DIGITS = "0123456789bcdefghjkmnpqrstuvwxyz"
LATITUDE, LONGITUDE = Canonical("decimal", 10, 8), Canonical("decimal", 11, 8)


def _cell(chars, types=(LATITUDE, LONGITUDE)):
    rule = {"class": "quasi", "rule": "geohash", "longitude": "lon", "chars": chars}
    return bind(rule, types[0], needed=types[1:]).plain


def _of_point(point: bytes, chars=5):
    return bind({"class": "quasi", "rule": "geohash", "chars": chars}, GEOMETRY).plain(point)


def _bisect(latitude: Fraction, longitude: Fraction, chars: int) -> str:
    """The definition: halve the longitude, then the latitude, and note which half."""
    spans = [[Fraction(-180), Fraction(180)], [Fraction(-90), Fraction(90)]]
    bits = ""
    for turn in range(chars * 5):
        span, value = spans[turn % 2], (longitude, latitude)[turn % 2]
        middle = sum(span) / 2
        bits += "1" if value >= middle else "0"
        span[value < middle] = middle
    return "".join(DIGITS[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


@pytest.mark.parametrize(
    ("latitude", "longitude", "cell"),
    [
        ("57.64911", "10.40744", "u4pruydqqvj"),
        ("42.6", "-5.6", "ezs42"),
        ("12.9716", "77.5946", "tdr1v9q"),
        ("0", "0", "s00000"),
        ("-90", "-180", "000000"),
        ("90", "180", "zzzzzz"),
    ],
)
def test_known_cells(latitude, longitude, cell):
    """Cells that every implementation gives."""
    assert _cell(len(cell))(Decimal(latitude), Decimal(longitude)) == cell


@given(
    st.integers(-90 * 10**8, 90 * 10**8), st.integers(-180 * 10**8, 180 * 10**8), st.integers(1, 12)
)
def test_decimals_are_in_the_cell_of_the_bisection(latitude, longitude, chars):
    """Exactly, edges included."""
    place = Decimal(latitude).scaleb(-8), Decimal(longitude).scaleb(-8)
    assert _cell(chars)(*place) == _bisect(*map(Fraction, place), chars)


@given(st.floats(-90, 90), st.floats(-180, 180), st.integers(1, 12))
def test_floats_are_too_and_a_shorter_name_is_the_cell_around(latitude, longitude, chars):
    """Every bit of the float counts."""
    cell = _cell(chars, (DOUBLE, DOUBLE))(latitude, longitude)
    assert cell == _bisect(Fraction(latitude), Fraction(longitude), chars)
    assert _cell(12, (DOUBLE, DOUBLE))(latitude, longitude).startswith(cell)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.1, 0.0), (-91.0, 0.0), (0.0, 180.1), (float("nan"), 0.0), (0.0, float("inf"))],
)
def test_what_is_no_place_on_earth_is_refused(latitude, longitude):
    """Nothing is made up: the event becomes a dead letter."""
    with pytest.raises((ValueError, OverflowError)):
        _cell(5, (DOUBLE, DOUBLE))(latitude, longitude)


@pytest.mark.parametrize(
    "point",
    [
        struct.pack("<BI2d", 1, 1, 77.5946, 12.9716),
        struct.pack(">BI2d", 0, 1, 77.5946, 12.9716),
        struct.pack("<BII2d", 1, 0x20000001, 4326, 77.5946, 12.9716),
    ],
)
def test_of_a_point_x_is_the_longitude(point):
    """In either order of bytes, with SRID 4326 or none."""
    assert _of_point(point, 7) == "tdr1v9q"


@pytest.mark.parametrize(
    "geometry",
    [
        struct.pack("<BII2d", 1, 0x20000001, 3857, 1.0, 1.0),
        struct.pack("<BI2d", 1, 2, 1.0, 1.0),
        struct.pack("<BI", 1, 2),
        b"\x01",
        b"",
    ],
)
def test_other_geometries_are_refused(geometry):
    """Another reference system, another shape, or no geometry at all."""
    with pytest.raises(ValueError, match="no point"):
        _of_point(geometry)
