"""Rules that make a value coarser: no more comes through than they promise."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import from_json, to_json
from registry.derive.types import (
    DATE,
    DOUBLE,
    FLOAT,
    LOCAL_TIMESTAMP,
    LONG,
    STRING,
    TIMESTAMP,
    Canonical,
)
from tests.privacy.binding import bind


def _rule(name: str, **parameters):
    return {"class": "quasi", "rule": name, **parameters}


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("4111111111111111", "41***1111"),
        ("123456789012", "12***9012"),
        ("12345678901", "***"),
        ("", "***"),
    ],
)
def test_mask_shows_both_ends(text, out):
    """As many characters must be hidden as are shown, else none is."""
    assert bind(_rule("mask", first=2, last=4), STRING).plain(text) == out


@given(st.text(), st.integers(0, 16), st.integers(0, 16))
def test_mask_depends_on_what_it_shows_alone(text, first, last):
    """Whatever is hidden, its length included, does not change the output."""
    if not first + last:
        first = 1
    rule = bind(_rule("mask", first=first, last=last), STRING)
    out = rule.plain(text)
    if out != "***":
        head, tail = text[:first], text[len(text) - last :]
        assert out == f"{head}***{tail}"
        assert rule.plain(f"{head}{'x' * 100}{tail}") == out
        assert len(text) >= 2 * (first + last)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Ann@Example.COM", "example.com"),
        ('"a@home.org"@mail.example.org', "mail.example.org"),
        ("a@münchen.de", "münchen.de"),
        ("ann.example.com", "none"),
        ("ann@", "none"),
        ("@", "none"),
        ("ann@localhost", "none"),
        ("ann@example.com, bob", "none"),
        ("Ann <ann@example.com>", "none"),
        ("ann@example.com\n", "none"),
        ("ann@.com", "none"),
        ("", "none"),
    ],
)
def test_email_domain_gives_the_domain_or_otherwise(text, domain):
    """Only a whole domain behind the last @ comes out."""
    assert bind(_rule("email_domain", otherwise="none"), STRING).plain(text) == domain


@given(st.text(), st.text(st.characters(exclude_characters="@")))
def test_email_domain_does_not_depend_on_the_person(person, domain):
    """Two addresses of one domain give one output."""
    rule = bind(_rule("email_domain"), STRING)
    assert rule.plain(f"{person}@{domain}") == rule.plain(f"x@{domain}")
    assert "@" not in (rule.plain(f"{person}@{domain}") or "")


@given(st.text(), st.integers(1, 64))
def test_truncate_lets_the_first_characters_through(text, chars):
    """Never one more than was said."""
    out = bind(_rule("truncate", chars=chars), STRING).plain(text)
    assert len(out) <= chars
    assert text.startswith(out)


@given(st.integers(-(2**62), 2**62), st.integers(2, 10**6))
def test_band_of_whole_numbers(value, width):
    """The edge is a multiple of the width and the value lies in its band."""
    edge = bind(_rule("band", width=width), LONG).plain(value)
    assert edge % width == 0
    assert edge <= value < edge + width


@pytest.mark.parametrize(
    ("canonical", "width", "value", "edge"),
    [
        (DOUBLE, "0.1", 0.3, 0.3),
        (DOUBLE, "0.1", -0.01, -0.1),
        (DOUBLE, "1000", 1e300, 1e300),
        (FLOAT, "0.05", 12.949999809265137, 12.95),
        (Canonical("decimal", 8, 2), "5", Decimal("9.99"), Decimal(5)),
        (Canonical("decimal", 8, 2), "0.5", Decimal("-0.01"), Decimal("-0.5")),
    ],
)
def test_band_of_fractions(canonical, width, value, edge):
    """By the digits that the value shows, not by the bits of a float."""
    assert bind(_rule("band", width=width), canonical).plain(value) == edge


@pytest.mark.parametrize(
    ("part", "start"),
    [
        ("year", "2024-01-01T00:00:00.000000"),
        ("quarter", "2024-04-01T00:00:00.000000"),
        ("month", "2024-05-01T00:00:00.000000"),
        ("day", "2024-05-31T00:00:00.000000"),
        ("hour", "2024-05-31T23:00:00.000000"),
        ("minute", "2024-05-31T23:59:00.000000"),
    ],
)
def test_date_part_gives_the_start_of_the_period(part, start):
    """Of a timestamp in UTC, of a DATETIME on its own wall."""
    for canonical, suffix in ((TIMESTAMP, "Z"), (LOCAL_TIMESTAMP, "")):
        value = from_json(f"2024-05-31T23:59:59.999999{suffix}", canonical)
        out = bind(_rule("date_part", part=part), canonical).plain(value)
        assert to_json(out, canonical) == start + suffix


@given(st.dates())
def test_date_part_of_every_date(day):
    """From year 1 to year 9999, before 1970 as after it."""
    value = from_json(day.isoformat(), DATE)
    starts = {"year": day.replace(month=1, day=1), "month": day.replace(day=1)}
    for part, start in starts.items():
        assert bind(_rule("date_part", part=part), DATE).plain(value) == (
            start.toordinal() - date(1970, 1, 1).toordinal()
        )


@given(st.datetimes(timezones=st.just(UTC)))
def test_date_part_of_every_moment(moment):
    """Negative microseconds are rounded down like all others."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    value = (moment - epoch) // timedelta(microseconds=1)
    out = bind(_rule("date_part", part="month"), TIMESTAMP).plain(value)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    assert out == (start - epoch) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("canonical", "written", "value"),
    [
        (STRING, "x", "x"),
        (LONG, 7, 7),
        (DOUBLE, 1, 1.0),
        (Canonical("decimal", 8, 2), 1.5, Decimal("1.50")),
        (Canonical("decimal", 8, 2), "1.50", Decimal("1.50")),
        (DATE, "1970-01-02", 1),
    ],
)
def test_constant_is_written_as_json_has_it(canonical, written, value):
    """A constant of each type."""
    assert bind(_rule("constant", value=written), canonical).plain("anything") == value
