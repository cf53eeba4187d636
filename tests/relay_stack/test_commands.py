"""Commands to real relay processes: executed once, whatever dies."""

from __future__ import annotations

import json

import pytest

from cdc.config import RelaySettings
from cdc.control.commands import Kind
from cdc.deadletter import How, read_letters
from cdc.kafka.client import KafkaAccess
from cdc.operations import Letters, Orders, Selection
from tests.relay_stack.river import River
from tests.waiting import wait_until

pytestmark = pytest.mark.stack
LETTERS = 900
GOOD = "never"


@pytest.fixture
def orders(river: River) -> Orders:
    """Gives commands for the river's table."""
    relay = RelaySettings(group=river.name, prefixes=[river.name])
    return Orders(river.topics, river.reader, KafkaAccess(river.bootstrap).appender(), relay)


def test_kill_9_between_command_and_answer_executes_it_once(river: River, orders: Orders) -> None:
    """Killed before, while and after letters are replayed: each comes in exactly once."""
    river.send_bad(LETTERS)
    first = river.relay()
    river.await_position(LETTERS)
    rows = Letters(river.reader, "governed.dlq").find(Selection(table=river.raw))
    assert {row.state for row in rows} == {"open"}
    commands = orders.for_letters(Kind.REPLAY, rows, "ada")
    first.kill()
    first.wait()
    for records in (0, 1, LETTERS):
        process = river.relay(bad=GOOD)
        if records:
            river.await_relayed(records)
        process.kill()
        process.wait()
    river.relay(bad=GOOD)
    (answer,) = orders.wait(commands, 60, lambda _done, _all: None)

    assert answer.ack.outcome == "done"
    assert sum(answer.ack.counts.values()) == LETTERS
    assert len(river.out()) == LETTERS
    assert len({record.key for record in river.out()}) == LETTERS
    letters = read_letters(river.reader.read_to_end("governed.dlq"))
    mine = [it for it in letters.values() if it.origin.topic == river.raw]
    assert {it.closed and it.closed.how for it in mine} == {How.REPLAYED}


def test_pause_and_resume_from_the_command_line(river: River) -> None:
    """Said in one line each; status says who; it survives the relay's death; nothing is lost."""
    river.send(0, 100)
    process = river.relay()
    river.await_position(100)
    table = river.raw.partition(".")[2]

    paused = river.cdc("relay", "pause", table, "--by", "ada")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert paused.stdout == f"{river.raw}: pause done: stands at offset 100\n"
    again = river.cdc("relay", "pause", table)
    assert again.returncode == 1
    assert "pause refused: already paused by ada since " in again.stdout

    process.kill()
    process.wait()
    river.send(100, 200)
    river.relay()
    wait_until(lambda: any(it.state == "paused" and it.lag == 100 for it in river.tables()), 60)
    status = river.cdc("relay", "status")
    assert status.returncode == 0
    assert f"{river.raw}: paused by ada since " in status.stdout
    assert len(river.out()) == 100

    resumed = river.cdc("relay", "resume", table)
    assert resumed.stdout == f"{river.raw}: resume done: was paused; goes on at offset 100\n"
    river.await_position(200)
    river.assert_each_once_in_order(200)


def test_a_command_that_nobody_executes(river: River) -> None:
    """Exit 4 at the deadline: it stays, and where to look; a table without topic is exit 2."""
    river.send(0, 1)
    table = river.raw.partition(".")[2]
    waiting = river.cdc("relay", "pause", table, "--wait", "0.5")
    assert (waiting.returncode, waiting.stdout) == (4, "")
    error, hint = waiting.stderr.splitlines()
    assert error.startswith(f"error: {river.raw}: no relay has executed the command within 0.5 s")
    assert "cdc relay status" in hint

    unknown = river.cdc("relay", "pause", f"{table}s")
    assert unknown.returncode == 2
    assert table in unknown.stderr


def test_letters_on_the_command_line(river: River) -> None:
    """Listed, filtered, shown, purged; nothing of the events is printed."""
    river.send_bad(3)
    river.relay()
    river.await_position(3)

    listed = river.cdc("dlq", "list", "--table", river.raw, "--output", "json")
    assert listed.returncode == 1
    body = json.loads(listed.stdout)
    table = river.raw.partition(".")[2]
    assert body["summary"] == [
        {"table": table, "reason": "bad_value", "state": "open", "letters": 3}
    ]
    name = f"{river.raw}/0/1"
    one = river.cdc("dlq", "list", "--table", table, "--offsets", "1", "--since", "1h")
    assert f"{name}  open  20" in one.stdout
    assert "  normalize: bad_value name: no form" in one.stdout
    assert river.cdc("dlq", "list", "--table", table, "--until", "1h").stdout == "no dead letters\n"
    assert "reason    bad_value\n" in river.cdc("dlq", "show", name).stdout
    assert "bad1" not in listed.stdout + one.stdout

    refused = river.cdc("dlq", "purge", name)
    assert refused.returncode == 2
    assert "1 letters would be purged, 1 of them open" in refused.stderr
    assert river.cdc("dlq", "purge").returncode == 2
    purged = river.cdc("dlq", "purge", name, "--yes")
    assert (purged.returncode, purged.stdout) == (0, f"{river.raw}: purge: 1 purged\n")
    gone = river.cdc("dlq", "show", name)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert gone.stderr.startswith(f"error: {name}: no such dead letter\n")
    failed = river.cdc("dlq", "replay", f"{river.raw}/0/0")
    assert (failed.returncode, failed.stdout) == (1, f"{river.raw}: replay: 1 failed again\n")
