from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.deadletter import (
    LARGEST_ORIGINAL,
    Closed,
    How,
    Letter,
    Origin,
    Original,
    closing_record,
    open_letter,
    parse_origin,
    read_letter,
    read_letters,
    seal_letter,
)
from cdc.errors import ConfigError
from cdc.kafka.port import Record
from cdc.keys import Key

CIPHER = Key("dead_letters", 2, {1: b"1" * 32, 2: b"2" * 32})
ORIGIN = Origin("raw.shop.users", 0, 42)
SECRET = b"jane.doe@example.org"


def letter(original: Original, **facts: object) -> Letter:
    """A letter of the event at `ORIGIN`."""
    what = ("out_of_range", "normalize", "id", "shop.users.id: beyond 63 bits", ORIGIN)
    return Letter(*what, original=original, **facts)  # type: ignore[arg-type]


def sealed(original: Original, cipher: Key = CIPHER) -> bytes:
    """Its record's value."""
    return seal_letter(letter(original), cipher)[1]


def test_a_letter_says_where_and_why() -> None:
    """Reason, stage, column, position, schema id, governed key; its own key is the position."""
    sent = letter(Original(b"k", SECRET), schema_id=7, key=b"governed", at_ms=12, attempt=3)
    key, value = seal_letter(sent, CIPHER)

    assert key == b"raw.shop.users/0/42"
    assert open_letter(value, CIPHER) == sent
    assert read_letter(value) == letter(None, schema_id=7, key=b"governed", at_ms=12, attempt=3)  # type: ignore[arg-type]
    assert orjson.loads(value)["table"] == "shop.users"


def test_a_closed_letter_has_nothing_of_its_original() -> None:
    """What was wrong stays readable, and how it ended; the original is gone."""
    closed = Closed(How.REPLAYED, 99)
    key, value = closing_record(letter(Original(b"k", SECRET)), closed)

    assert key == b"raw.shop.users/0/42"
    assert read_letter(value).closed == closed
    assert open_letter(value, CIPHER).original is None
    assert "original" not in orjson.loads(value)


def test_the_last_record_of_a_position_counts() -> None:
    """A closing replaces the letter, a tombstone takes it back; other records mean nothing."""
    open_one = letter(Original(b"k", SECRET))
    records = [
        seal_letter(open_one, CIPHER),
        (b"x", b"text"),
        (b"y", b'{"reason": 1}'),
        closing_record(open_one, Closed(How.SUPERSEDED, 5)),
    ]
    read = read_letters(Record("dlq", 0, 0, 0, *it) for it in records)
    assert [(name, it.closed) for name, it in read.items()] == [
        ("raw.shop.users/0/42", Closed(How.SUPERSEDED, 5))
    ]
    purged = [*records, (b"raw.shop.users/0/42", None)]
    assert read_letters(Record("dlq", 0, 0, 0, *it) for it in purged) == {}


@given(st.integers(0, 1 << 40), st.integers(1, 1 << 20))
def test_a_position_is_read_as_it_is_written(offset: int, epoch: int) -> None:
    """The topic's first incarnation needs no mark, a later one has it; other text is refused."""
    origin = Origin("raw.shop.users", 0, offset, epoch)
    assert parse_origin(origin.text) == origin
    assert ("@" in origin.text) is (epoch > 1)
    with pytest.raises(ConfigError, match="no position"):
        parse_origin(origin.text + "/")


@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=200))
def test_the_original_comes_back_byte_for_byte(key: bytes | None, value: bytes | None) -> None:
    """Absent and empty are not the same."""
    original = Original(key, value)
    assert open_letter(sealed(original), CIPHER).original == original


def test_nothing_of_the_original_is_in_clear() -> None:
    """Neither as it is nor as base64, and never twice the same."""
    letters = [sealed(Original(SECRET, SECRET)) for _ in range(2)]
    assert SECRET not in letters[0]
    assert letters[0] != letters[1]


def test_an_older_key_version_opens_its_letters() -> None:
    """After a rotation both versions are readable; a version that is gone is named."""
    before = Key(CIPHER.name, 1, {1: CIPHER.versions[1]})
    value = sealed(Original(None, SECRET), before)
    assert open_letter(value, CIPHER).original == Original(None, SECRET)

    after = Key(CIPHER.name, 2, {2: CIPHER.versions[2]})
    with pytest.raises(ConfigError, match="version 1 of key dead_letters; known: 2"):
        open_letter(value, after)


def test_a_letter_cannot_be_moved_to_another_position() -> None:
    """The box is bound to where the event came from, and to its key."""
    value = sealed(Original(None, SECRET))
    moved = value.replace(b'"offset":42', b'"offset":43')
    with pytest.raises(ConfigError, match="does not open"):
        open_letter(moved, CIPHER)
    with pytest.raises(ConfigError, match="does not open"):
        open_letter(value, Key("other", 2, {2: b"3" * 32}))


def test_an_original_that_is_too_large_leaves_a_keyed_fingerprint() -> None:
    """Equal originals have equal fingerprints under one key, and others under another."""
    large = Original(None, bytes(LARGEST_ORIGINAL + 1))
    box, same = (orjson.loads(sealed(large))["original"] for _ in range(2))
    other = Key(CIPHER.name, 2, {2: b"3" * 32})
    different = orjson.loads(sealed(large, other))["original"]

    assert set(box) == {"key_version", "bytes", "hmac"}
    assert box == same
    assert box["hmac"] != different["hmac"]
    assert open_letter(sealed(large), CIPHER).original is None


def test_an_original_can_be_left_out() -> None:
    """What the broker refuses as a whole is kept as position and fingerprint."""
    _, value = seal_letter(letter(Original(None, SECRET)), CIPHER, keep=False)
    assert set(orjson.loads(value)["original"]) == {"key_version", "bytes", "hmac"}
