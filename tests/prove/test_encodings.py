"""Whatever a value has become, one of its needles is in it."""

import base64
import hashlib
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.prove.encodings import SHORTEST, Edge, needles_of_bytes, needles_of_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=30)
LETTERS = st.text("abcdefghijkl", min_size=6, max_size=30)
AROUND = st.binary(max_size=9)

WRITTEN = {
    "plain": lambda text: text.encode(),
    "upper case": lambda text: text.upper().encode(),
    "lower case": lambda text: text.lower().encode(),
    "JSON": lambda text: json.dumps({"a": text}).encode(),
    "JSON with UTF-8": lambda text: json.dumps({"a": text}, ensure_ascii=False).encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)).encode(),
    "URL": lambda text: quote(text, safe="").encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "reversed": lambda text: text[::-1].encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "SHA-256": lambda text: hashlib.sha256(text.encode()).hexdigest().encode(),
}


@pytest.mark.parametrize("form", WRITTEN)
@given(text=TEXTS)
def test_every_form_of_a_text_holds_a_needle(form, text):
    """Any text, in any of the encodings that are promised."""
    written = WRITTEN[form](text)
    assert any(needle.data in written for needle in needles_of_text(text))


@given(text=LETTERS, before=AROUND, after=AROUND, url_safe=st.booleans())
def test_base64_is_found_wherever_the_value_begins(text, before, after, url_safe):
    """Whatever stands before and after, at each of the three alignments."""
    encode = base64.urlsafe_b64encode if url_safe else base64.b64encode
    written = encode(before + text.encode() + after)
    assert any(needle.data in written for needle in needles_of_text(text))


@given(data=st.binary(min_size=6, max_size=30), before=AROUND, after=AROUND)
def test_bytes_are_found_raw_in_hex_and_in_base64(data, before, after):
    """The forms of a value that is no text."""
    needles = [needle.data for needle in needles_of_bytes(data)]
    whole = before + data + after
    for written in (whole, whole.hex().encode(), base64.b64encode(whole), whole[::-1]):
        assert any(needle in written for needle in needles)


def test_no_needle_is_short_or_twice():
    """What would be met by chance is not sought, and each form once."""
    needles = needles_of_text("abc123", Edge.WORD)
    assert all(len(needle.data) >= SHORTEST for needle in needles)
    assert len({needle.data for needle in needles}) == len(needles)
    assert needles_of_text("abcd")
    assert all(len(needle.data) > 4 for needle in needles_of_text("abcd"))
