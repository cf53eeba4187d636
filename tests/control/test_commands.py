from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdc.control.commands import (
    Ack,
    Command,
    Kind,
    Outcome,
    ack_key,
    ack_value,
    command_record,
    new_command,
    read_commands,
)
from cdc.control.letters import OpenLetter, letter_key, letter_value
from cdc.control.state import PauseNote, pause_key, pause_value, read_state
from cdc.kafka.port import Record

TOPIC = "raw.shop.users"
LETTER = OpenLetter(
    f"{TOPIC}/0/42@2", 2, "no_row", "decode", "id", "why", 7, "ab", 3, "a2V5", "command"
)


def record(key: bytes | None, value: bytes | None) -> Record:
    """A record of a control topic."""
    return Record("_cdc.commands", 0, 0, 0, key, value)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.text(), st.lists(st.text())), max_size=5))
def test_commands_are_read_as_they_were_given(given_: list[tuple[Kind, str, list[str]]]) -> None:
    """In their order, each with an id of its own."""
    commands = [new_command(kind, TOPIC, by, 5, letters) for kind, by, letters in given_]
    read = read_commands(record(*command_record(command)) for command in commands)
    assert read == commands
    assert len({command.id for command in read}) == len(commands)


def test_a_command_of_a_later_version_is_read_and_other_records_are_not() -> None:
    """Its kind is text: the relay refuses it by name."""
    later = Command("1", "retire", TOPIC, "ada", 5)
    records = [command_record(later), (b"x", b"{}"), (None, b"{}"), (b"y", b"no json")]
    assert read_commands(record(*it) for it in records) == [later]


def test_pauses_letters_and_acks_are_kept_in_state() -> None:
    """By topic, position and command; a tombstone takes each back."""
    pause, ack = PauseNote("ada", 5), Ack(TOPIC, Outcome.REFUSED, "why", 9, {"replayed": 2})
    written = [
        (pause_key(TOPIC), pause_value(pause)),
        (letter_key(LETTER.id), letter_value(LETTER)),
        (ack_key("1"), ack_value(ack)),
    ]
    state = read_state(record(*it) for it in written)
    assert state.pauses == {TOPIC: pause}
    assert state.letters == {LETTER.id: LETTER}
    assert state.letters[LETTER.id].raw_topic == TOPIC
    assert state.acks == {"1": ack}

    gone = read_state(record(*it) for it in [*written, *((key, None) for key, _ in written)])
    assert (gone.pauses, gone.letters, gone.acks) == ({}, {}, {})
