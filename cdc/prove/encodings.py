"""What a value may look like where it should not be: value → needles.

A needle is the bytes of one form of a value. What surrounds it is not searched, so a form is made
to hold wherever the value stands: base64 has three forms, one for each place within three bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

SHORTEST = 5
"""A shorter needle would be met by chance in some megabytes of ciphertext."""
LONGEST_TEXT = 256
"""Of a longer text its beginning is sought."""

_DIGITS = b"0123456789"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Edge(Enum):
    """Bytes that must not stand beside a needle: `12345` in `9123456` is another number."""

    ANY = b""
    DIGITS = _DIGITS
    WORD = _DIGITS + _LETTERS


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to be looked for, the name of their encoding, and what must not stand beside them."""

    data: bytes
    encoding: str
    edge: Edge = Edge.ANY


def needles_of_text(text: str, edge: Edge = Edge.ANY) -> tuple[Needle, ...]:
    """All forms of a text; `edge` holds for those that are text themselves."""
    cut = text[:LONGEST_TEXT]
    written = (Needle(data, name, edge) for name, write in _WRITTEN.items() for data in write(cut))
    return _distinct([*written, *_needles_of_bytes(cut.encode()), *digests_of(text)])


def needles_of_bytes(data: bytes) -> tuple[Needle, ...]:
    """All forms of bytes that are no text."""
    return _distinct(
        [
            Needle(data, "plain"),
            Needle(data[::-1], "reversed"),
            *_needles_of_bytes(data),
            *digests_of(data),
        ]
    )


def digests_of(value: str | bytes) -> Iterator[Needle]:
    """Plain hashes: of a value that can be guessed one is as good as the value."""
    data = value.encode() if isinstance(value, str) else value
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, data, usedforsecurity=False)
        yield Needle(digest.hexdigest().encode(), name)
        yield Needle(digest.digest(), name)


def _needles_of_bytes(data: bytes) -> Iterator[Needle]:
    yield Needle(data.hex().encode(), "hex")
    yield Needle(data.hex().upper().encode(), "hex")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from (Needle(form, "base64") for form in _aligned(data, encode))


def _aligned(data: bytes, encode: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The characters that depend on `data` alone, for each place where it may begin."""
    for before in range(3):
        first = -(-before * 8 // 6)
        last = (before + len(data)) * 8 // 6
        yield encode(bytes(before) + data)[first:last]


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _latin(text: str) -> Iterable[bytes]:
    try:
        return (text.encode("latin-1"),)
    except UnicodeEncodeError:
        return ()


_WRITTEN: Mapping[str, Callable[[str], Iterable[bytes]]] = {
    "plain": lambda text: (text.encode(), *_latin(text)),
    "lower case": lambda text: (text.lower().encode(),),
    "upper case": lambda text: (text.upper().encode(),),
    "JSON": lambda text: (
        _escaped(text).encode(),
        json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        _escaped(_escaped(text)).encode(),
    ),
    "URL": lambda text: (quote(text, safe="").encode(), quote(text).encode()),
    "reversed": lambda text: (text[::-1].encode(),),
    "UTF-16": lambda text: (text.encode("utf-16-le"), text.encode("utf-16-be")),
}
"""Per encoding the forms that keep a text's own beginning and end."""


def _distinct(needles: Iterable[Needle]) -> tuple[Needle, ...]:
    """Each form once, under the first name that it has."""
    found: dict[bytes, Needle] = {}
    for needle in needles:
        if len(needle.data) >= SHORTEST:
            found.setdefault(needle.data, needle)
    return tuple(found.values())
