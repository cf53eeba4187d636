"""The file that an original is revealed into."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from cdc.deadletter import LARGEST_ORIGINAL, Letter, Origin, Original, seal_letter
from cdc.errors import ConfigError
from cdc.kafka.layout import CONTROL_SPECS, dead_letter_spec
from cdc.kafka.memory import MemoryBroker, MemoryReader, MemoryTopics
from cdc.operations import Letters, Selection, reveal, summarize
from tests.relay_stack.fakes import CIPHER

ORIGIN = Origin("mysql.pizzashop.users", 0, 42)


def sealed(original: Original) -> bytes:
    """A letter's record."""
    letter = Letter("no_row", "decode", "", "why", ORIGIN, original=original)
    return seal_letter(letter, CIPHER)[1]


def test_an_original_goes_to_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    """Text as text, other bytes in base64, absent as null; an existing file is never touched."""
    path = tmp_path / "letter.json"
    reveal(sealed(Original("schlüssel".encode(), b"\xff\x00")), CIPHER, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {
        "id": ORIGIN.text,
        "key": "schlüssel",
        "value_base64": "/wA=",
    }
    with pytest.raises(ConfigError, match="cannot be written"):
        reveal(sealed(Original(None, None)), CIPHER, path)
    assert "schlüssel" in path.read_text()


def test_an_original_that_was_not_kept(tmp_path: Path) -> None:
    """Said, with where it may still be; no file is made."""
    path = tmp_path / "letter.json"
    with pytest.raises(ConfigError, match="too large to be kept"):
        reveal(sealed(Original(None, bytes(LARGEST_ORIGINAL + 1))), CIPHER, path)
    assert not path.exists()


def test_letters_that_no_relay_watches_are_told_apart() -> None:
    """A letter without state was written by an earlier version; an unknown position is refused."""
    broker = MemoryBroker()
    MemoryTopics(broker).create([dead_letter_spec("governed"), *CONTROL_SPECS])
    letters = Letters(MemoryReader(broker), "governed.dlq")
    broker.append("governed.dlq", ORIGIN.text.encode(), sealed(Original(None, b"x")))
    rows = letters.find(Selection())
    assert summarize(rows) == {("pizzashop.users", "no_row", "unwatched"): 1}
    with pytest.raises(ConfigError, match="0/43: no such dead letter"):
        letters.find(Selection(frozenset({"mysql.pizzashop.users/0/43"})))
