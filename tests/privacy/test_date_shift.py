"""`date_shift`: one offset a subject, bounded, keyed, and nothing told by a day that all share."""

import hashlib
import hmac
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.derive.types import DATE, LOCAL_TIMESTAMP, LONG, STRING, TIMESTAMP
from tests.privacy.binding import bind

DAY_US = 86_400_000_000
DAYS = 30
RULE = {
    "class": "quasi",
    "rule": "date_shift",
    "subject": "id",
    "key": "pii",
    "type": "user_id",
    "days": DAYS,
}
EPOCH = date(1970, 1, 1).toordinal()
# Far enough from the years 1 and 9999 that no shift leaves them.
DATES = st.integers(date(2, 1, 1).toordinal() - EPOCH, date(9998, 1, 1).toordinal() - EPOCH)


def _shift(canonical=DATE, subject=LONG, **changes):
    return bind({**RULE, **changes}, canonical, needed=[subject]).plain


def _independent_offset(subject: bytes) -> int:
    """HKDF and HMAC written out with the tests' key."""
    extracted = hmac.digest(bytes(32), bytes(range(32)), "sha256")
    info = b"headworks|date_shift|v1|user_id|governed"
    key = hmac.digest(extracted, info + b"\x01", "sha256")
    number = int.from_bytes(hmac.new(key, subject, hashlib.sha256).digest()[:8], "big")
    choices = [*range(-DAYS, 0), *range(1, DAYS + 1)]
    return choices[number % len(choices)]


@given(DATES, st.integers(-(2**63), 2**63 - 1))
def test_the_offset_is_the_documented_mac(value, subject):
    """It can be computed by whoever has the key."""
    assert _shift()(value, subject) - value == _independent_offset(str(subject).encode())


@given(DATES, DATES, st.integers(0, 2**40))
def test_intervals_within_a_subject_stay_true(one, other, subject):
    """Dates, timestamps and times on the wall of one subject move by the same days."""
    shift = _shift()
    moved = shift(one, subject)
    assert moved - shift(other, subject) == one - other
    assert abs(moved - one) <= DAYS
    for canonical in (TIMESTAMP, LOCAL_TIMESTAMP):
        moment = one * DAY_US + 12_345
        assert _shift(canonical)(moment, subject) - moment == (moved - one) * DAY_US


def test_a_subject_is_one_whatever_its_columns_type():
    """42 as a number and as text is one subject; another type or purpose is another offset."""
    assert _shift()(0, 42) == _shift(DATE, STRING)(0, "42")
    others = [_shift(type="order")(0, subject) for subject in range(50)]
    assert others != [_shift()(0, subject) for subject in range(50)]
    elsewhere = bind(RULE, DATE, needed=[LONG], purpose="other").plain
    assert [elsewhere(0, s) for s in range(50)] != [_shift()(0, s) for s in range(50)]


def test_every_offset_is_about_as_likely():
    """60 offsets over 20,000 subjects: each but 0 is there, none twice as often as it should be."""
    shift = _shift()
    offsets = [shift(0, subject) for subject in range(20_000)]
    assert set(offsets) == set(range(-DAYS, DAYS + 1)) - {0}
    expected = len(offsets) / (2 * DAYS)
    assert all(expected / 2 < offsets.count(days) < expected * 2 for days in set(offsets))


def test_fixed_days_stay_as_they_are():
    """`9999-12-31` means never: moved, it would tell the offset of everything else."""
    never = date(9999, 12, 31).toordinal() - EPOCH
    assert {_shift()(never, subject) for subject in range(50)} == {never}
    end_of_it = never * DAY_US + DAY_US - 1
    assert {_shift(TIMESTAMP)(end_of_it, subject) for subject in range(50)} == {end_of_it}
    zero = _shift(fixed=[date(1970, 1, 1)])
    assert {zero(0, subject) for subject in range(50)} == {0}
    assert len({zero(1, subject) for subject in range(50)}) > 10


def test_a_date_that_would_leave_the_calendar_is_refused():
    """No such value could be read; the event becomes a dead letter."""
    first = date.min.toordinal() - EPOCH
    shift = _shift()
    early = next(s for s in range(100) if _independent_offset(str(s).encode()) < 0)
    late = next(s for s in range(100) if _independent_offset(str(s).encode()) > 0)
    with pytest.raises(ValueError, match="outside of the years"):
        shift(first, early)
    assert shift(first, late) > first
