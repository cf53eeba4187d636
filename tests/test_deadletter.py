from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.deadletter import LARGEST_ORIGINAL, Origin, Original, open_letter, seal_letter
from cdc.errors import ConfigError, NormalizeError
from cdc.keys import Key

CIPHER = Key("dead_letters", 2, {1: b"1" * 32, 2: b"2" * 32})
ORIGIN = Origin("raw.shop.users", 0, 42)
ERROR = NormalizeError("out_of_range", "shop.users.id: beyond 63 bits", column="id")
SECRET = b"jane.doe@example.org"


def test_a_letter_says_where_and_why() -> None:
    """Reason, stage, column, position, schema id, governed key; its own key is the position."""
    key, value = seal_letter(
        ERROR, ORIGIN, Original(b"k", SECRET), CIPHER, schema_id=7, key=b"governed"
    )
    letter = open_letter(value, CIPHER)

    assert key == b"raw.shop.users/0/42"
    assert (letter.reason, letter.stage, letter.column) == ("out_of_range", "normalize", "id")
    assert (letter.message, letter.origin, letter.schema_id) == (ERROR.message, ORIGIN, 7)
    assert letter.key == b"governed"
    assert orjson.loads(value)["table"] == "shop.users"


@given(st.none() | st.binary(max_size=50), st.none() | st.binary(max_size=200))
def test_the_original_comes_back_byte_for_byte(key: bytes | None, value: bytes | None) -> None:
    """Absent and empty are not the same."""
    original = Original(key, value)
    _, sealed = seal_letter(ERROR, ORIGIN, original, CIPHER)
    assert open_letter(sealed, CIPHER).original == original


def test_nothing_of_the_original_is_in_clear() -> None:
    """Neither as it is nor as base64, and never twice the same."""
    letters = [seal_letter(ERROR, ORIGIN, Original(SECRET, SECRET), CIPHER)[1] for _ in range(2)]
    assert SECRET not in letters[0]
    assert letters[0] != letters[1]


def test_an_older_key_version_opens_its_letters() -> None:
    """After a rotation both versions are readable; a version that is gone is named."""
    before = Key(CIPHER.name, 1, {1: CIPHER.versions[1]})
    _, value = seal_letter(ERROR, ORIGIN, Original(None, SECRET), before)
    assert open_letter(value, CIPHER).original == Original(None, SECRET)

    after = Key(CIPHER.name, 2, {2: CIPHER.versions[2]})
    with pytest.raises(ConfigError, match="version 1 of key dead_letters; known: 2"):
        open_letter(value, after)


def test_a_letter_cannot_be_moved_to_another_position() -> None:
    """The box is bound to where the event came from, and to its key."""
    _, value = seal_letter(ERROR, ORIGIN, Original(None, SECRET), CIPHER)
    moved = value.replace(b'"offset":42', b'"offset":43')
    with pytest.raises(ConfigError, match="does not open"):
        open_letter(moved, CIPHER)
    with pytest.raises(ConfigError, match="does not open"):
        open_letter(value, Key("other", 2, {2: b"3" * 32}))


def test_an_original_that_is_too_large_leaves_a_keyed_fingerprint() -> None:
    """Equal originals have equal fingerprints under one key, and others under another."""
    large = Original(None, bytes(LARGEST_ORIGINAL + 1))
    box, same = (
        orjson.loads(seal_letter(ERROR, ORIGIN, large, CIPHER)[1])["original"] for _ in range(2)
    )
    other = Key(CIPHER.name, 2, {2: b"3" * 32})
    different = orjson.loads(seal_letter(ERROR, ORIGIN, large, other)[1])["original"]

    assert set(box) == {"key_version", "bytes", "hmac"}
    assert box == same
    assert box["hmac"] != different["hmac"]
    assert open_letter(seal_letter(ERROR, ORIGIN, large, CIPHER)[1], CIPHER).original is None
