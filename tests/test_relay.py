from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from cdc.config import RelaySettings, Settings, StackSettings
from cdc.control.status import TableState
from cdc.errors import ConfigError, EnvelopeError, FatalError, TableStopped, TransientError
from cdc.kafka.errors import Refused
from cdc.kafka.layout import STATUS
from cdc.kafka.memory import MemorySource
from cdc.kafka.port import MAX_VALUE_BYTES, TopicPartition, TopicSpec
from cdc.relay import truncation
from cdc.relay.process import hold_lock, stop_on_signals, without_values
from cdc.telemetry.logs import configure_logs
from cdc.telemetry.metrics import DEAD_LETTERS, EVENTS, STOPPED, TRANSACTIONS
from tests.relay_stack.fakes import governed, raw
from tests.relay_stack.plant import PRODUCTS, USERS, Crash, Fault, Plant

OUT = governed(USERS)


@pytest.fixture
def plant() -> Plant:
    """A broker with two raw topics."""
    return Plant()


def send(plant: Plant, count: int, topic: str = USERS, start: int = 0) -> None:
    """Events with keys and payloads `<n>`."""
    for number in range(start, start + count):
        plant.broker.append(topic, str(number).encode(), raw(str(number)))


def expected(count: int, start: int = 0) -> list[bytes]:
    """What becomes of them."""
    return [f"1:{number}".encode() for number in range(start, start + count)]


def test_every_event_becomes_one_record_in_order(plant: Plant) -> None:
    """Per key in offset order, offsets behind the last event, partition by hash of the key."""
    send(plant, 12)
    plant.turn(plant.relay())

    records = plant.records(OUT)
    assert sorted(record.value or b"" for record in records) == sorted(expected(12))
    assert all(record.partition == sum(record.key or b"") % 3 for record in records)
    assert plant.offset(USERS) == 12


def test_the_order_of_one_key_is_kept(plant: Plant) -> None:
    """All changes of a row are on one partition, in the order of the source."""
    for number in range(12):
        plant.broker.append(USERS, b"row", raw(str(number)))
    plant.turn(plant.relay())

    assert plant.values(OUT) == expected(12)


def test_a_delete_is_a_tombstone_and_kafkas_own_tombstone_is_skipped(plant: Plant) -> None:
    """The governed topic gets exactly one tombstone."""
    plant.broker.append(USERS, b"row", raw("a"))
    plant.broker.append(USERS, b"row", raw("", op="d"))
    plant.broker.append(USERS, b"row", None)
    relay = plant.relay()
    plant.turn(relay)

    assert plant.values(OUT) == [b"1:a", None]
    assert plant.offset(USERS) == 3
    metrics = relay.ports.metrics
    assert metrics.value(EVENTS, table="shop.users", outcome="skipped", path="fast") == 1
    assert metrics.value(EVENTS, table="shop.users", outcome="governed", path="fast") == 2


STEPS = [
    Fault(step, nth, error, after)
    for step, most in (("begin", 4), ("produce", 14), ("commit", 4))
    for nth in range(1, most + 1)
    for after in (False, True)
    for error in (Crash(), TransientError("the broker is away"))
]


@pytest.mark.parametrize(
    "fault", STEPS, ids=lambda f: f"{f.error.__class__.__name__}-{f.after}-{f.step}{f.nth}"
)
def test_each_event_appears_once_whatever_fails_when(plant: Plant, fault: Fault) -> None:
    """A crash, or an error of the broker, before or after any step: nothing lost, nothing twice.

    `after` a commit is the case in doubt: it has been carried out, and the relay was not told.
    """
    send(plant, 12)
    plant.broker.append(USERS, b"x", raw("bad"))
    try:
        plant.turn(plant.relay(fault))
    except Crash:
        plant.turn(plant.relay())

    assert sorted(value or b"" for value in plant.values(OUT)) == sorted(expected(12))
    assert [letter.origin.offset for letter in plant.letters()] == [12]
    assert plant.offset(USERS) == 13
    assert plant.state().epochs[USERS].epoch == 1


def test_what_the_broker_lost_for_a_while_is_counted(plant: Plant) -> None:
    """An aborted transaction shows in the metrics, and the back-off grows until a round passes."""
    send(plant, 1)
    relay = plant.relay(Fault("commit", 1, TransientError("away")))
    delays = [relay.step() for _ in range(3)]

    assert delays[0] > 0
    assert delays[1] == 0
    assert relay.ports.metrics.value(TRANSACTIONS, outcome="aborted") == 1


def test_a_fenced_relay_stops(plant: Plant) -> None:
    """A second relay of the same name takes over; the first one raises and commits nothing."""
    older = plant.relay()
    plant.turn(older)
    newer = plant.relay()
    send(plant, 3)

    with pytest.raises(FatalError):
        plant.turn(older)
    plant.turn(newer)
    assert sorted(value or b"" for value in plant.values(OUT)) == expected(3)


def test_a_producer_that_timed_out_is_replaced(plant: Plant) -> None:
    """Fenced by the broker's time-out, not by a successor: the relay goes on, each event once."""
    send(plant, 12)
    relay = plant.relay()
    plant.turn(relay, 1)
    plant.broker.sinks.clear()
    plant.turn(relay)

    assert sorted(value or b"" for value in plant.values(OUT)) == sorted(expected(12))


def test_a_producer_that_a_successor_fenced_is_not_replaced(plant: Plant) -> None:
    """The successor has joined the group: the older relay ends without touching its producer."""
    older = plant.relay()
    plant.turn(older)
    plant.relay()
    successor = plant.broker.sinks["cdc-relay-0"]
    send(plant, 1)

    with pytest.raises(FatalError):
        plant.turn(older)
    assert plant.broker.sinks["cdc-relay-0"] is successor


def test_a_reject_becomes_a_dead_letter_and_the_stream_goes_on(plant: Plant) -> None:
    """In the same transaction; the letter says where, why, and holds the original."""
    plant.broker.append(USERS, b"1", raw("a"))
    plant.broker.append(USERS, b"2", raw("bad"))
    plant.broker.append(USERS, b"3", raw("c"))
    relay = plant.relay()
    plant.turn(relay)

    assert plant.table(OUT) == {b"1": b"1:a", b"3": b"1:c"}
    (letter,) = plant.letters()
    assert (letter.reason, letter.stage, letter.column) == ("bad_value", "normalize", "name")
    assert (letter.origin.topic, letter.origin.offset, letter.schema_id) == (USERS, 1, 1)
    assert letter.original is not None
    assert letter.original.value == raw("bad")
    metrics = relay.ports.metrics
    assert metrics.value(DEAD_LETTERS, table="shop.users", reason="bad_value") == 1


def test_what_is_no_envelope_becomes_a_dead_letter(plant: Plant) -> None:
    """Also when only the schema shows it; tombstones among them mean nothing."""
    plant.broker.append(USERS, b"1", b"hello")
    plant.broker.append(USERS, b"1", None)
    plant.broker.append(USERS, b"2", raw("x", shape=7))
    plant.broker.append(USERS, b"3", raw("c"))
    plant.programs.errors[7] = EnvelopeError("not_an_envelope", "no envelope's schema")
    plant.turn(plant.relay())

    assert [letter.origin.offset for letter in plant.letters()] == [0, 2]
    assert {letter.reason for letter in plant.letters()} == {"not_an_envelope"}
    assert plant.values(OUT) == [b"1:c"]
    assert plant.offset(USERS) == 4


def test_a_stopped_table_waits_at_its_event_and_the_others_go_on(plant: Plant) -> None:
    """What came before it is committed; state and status say why; nothing behind it is touched."""
    send(plant, 3)
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    plant.broker.append(USERS, b"o", raw("old"))
    send(plant, 3, PRODUCTS)
    plant.programs.errors[2] = TableStopped("breaking_schema", "users: no", hint="raise `major`")
    relay = plant.relay()
    plant.turn(relay)
    send(plant, 3, PRODUCTS, start=3)
    plant.turn(relay)

    assert sorted(value or b"" for value in plant.values(OUT)) == expected(3)
    assert sorted(value or b"" for value in plant.values(governed(PRODUCTS))) == expected(6)
    assert (plant.offset(USERS), plant.offset(PRODUCTS)) == (3, 6)
    assert plant.state().stops[USERS].code == "breaking_schema"
    users = next(table for table in plant.status().tables if table.raw_topic == USERS)
    assert (users.state, users.code, users.hint) == (
        TableState.STOPPED,
        "breaking_schema",
        "raise `major`",
    )
    assert users.position == 3
    metrics = relay.ports.metrics
    assert metrics.value(STOPPED, table="shop.users", code="breaking_schema") == 1


def test_a_stopped_table_goes_on_when_policies_change(plant: Plant) -> None:
    """Programs are asked for anew, the stop is taken back, nothing is missing."""
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    send(plant, 2)
    plant.programs.errors[2] = TableStopped("no_policy", "users: no policy")
    relay = plant.relay()
    plant.turn(relay)
    assert USERS in plant.state().stops

    plant.programs.errors.clear()
    plant.programs.changed = True
    plant.turn(relay)

    assert plant.table(OUT) == {b"n": b"1:new", b"0": b"1:0", b"1": b"1:1"}
    assert plant.state().stops == {}
    assert {table.state for table in plant.status().tables} == {TableState.RUNNING}


def test_a_stop_is_decided_anew_by_the_next_relay(plant: Plant) -> None:
    """A restart with the cause gone goes on by itself, and takes the recorded stop back."""
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    plant.programs.errors[2] = TableStopped("no_policy", "users: no policy")
    first = plant.relay()
    plant.turn(first)
    first.close()
    plant.programs.errors.clear()

    plant.turn(plant.relay())

    assert plant.values(OUT) == [b"1:new"]
    assert plant.state().stops == {}


def test_a_changed_policy_takes_effect_on_running_tables(plant: Plant) -> None:
    """The cached program is dropped; the same shape is asked for again."""
    send(plant, 1)
    relay = plant.relay()
    plant.turn(relay)
    plant.programs.changed = True
    plant.turn(relay)
    send(plant, 1, start=1)
    plant.turn(relay)

    assert [topic for topic, _ in plant.programs.asked] == [USERS, USERS]


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """What the relay logs."""
    out = io.StringIO()
    configure_logs(out)
    yield out
    configure_logs(level=logging.WARNING)


def test_an_unreachable_registry_is_waited_for(plant: Plant, said: io.StringIO) -> None:
    """The table waits, says so once, and goes on by itself; the other is not held up."""
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    send(plant, 2, PRODUCTS)
    plant.programs.errors[2] = TransientError("registry: no answer")
    relay = plant.relay()
    plant.turn(relay, 100)
    users = next(table for table in plant.status().tables if table.raw_topic == USERS)
    assert (users.state, users.code) == (TableState.WAITING, "unavailable")
    assert plant.state().stops == {}
    assert len(plant.values(governed(PRODUCTS))) == 2
    assert 3 <= len([asked for asked in plant.programs.asked if asked[0] == USERS]) <= 6

    plant.programs.errors.clear()
    plant.turn(relay, 400)

    assert plant.values(OUT) == [b"1:new"]
    events = [json.loads(line)["event"] for line in said.getvalue().splitlines()]
    assert events.count("table_waiting") == 1
    assert events.count("table_goes_on") == 1


def test_status_never_flickers_while_a_table_is_tried_again(plant: Plant) -> None:
    """From the first word on it is `waiting`, in every word."""
    plant.broker.append(USERS, b"n", raw("new", shape=2))
    plant.programs.errors[2] = TransientError("registry: no answer")
    plant.turn(plant.relay(), 200)

    words = [[state for state in word if state != "running"] for word in plant.status_history()]
    assert words[2:]
    assert all(word == ["waiting"] for word in words[2:])


def test_a_raw_topic_of_several_partitions_is_refused(plant: Plant) -> None:
    """`raw_partitions`; nothing of it is read, other tables go on."""
    wide = "raw.shop.wide"
    plant.topics.create([TopicSpec(wide, 2)])
    plant.broker.append(wide, b"1", raw("x"))
    send(plant, 2)
    plant.turn(plant.relay())

    assert plant.state().stops[wide].code == "raw_partitions"
    assert plant.records(governed(wide)) == []
    assert len(plant.records(OUT)) == 2


def test_lost_raw_data_stops_the_table(plant: Plant) -> None:
    """`raw_lost` when retention was faster than the relay, found at its start or while it runs."""
    send(plant, 3)
    first = plant.relay()
    plant.turn(first)
    first.close()
    send(plant, 5, start=3)
    plant.broker.expire(USERS, 6)
    relay = plant.relay()
    plant.turn(relay)
    assert plant.state().stops[USERS].code == "raw_lost"
    assert len(plant.records(OUT)) == 3
    assert plant.offset(USERS) == 3

    relay.close()
    plant.broker.offsets[plant.settings.group][TopicPartition(USERS)] = 6
    plant.turn(plant.relay())
    assert plant.state().stops == {}
    assert len(plant.records(OUT)) == 5


def test_a_topic_created_anew_opens_the_next_epoch(plant: Plant) -> None:
    """Recorded once, in time for its first use; its offsets begin at 0 again."""
    send(plant, 3)
    relay = plant.relay()
    plant.turn(relay)
    plant.broker.delete(USERS)
    plant.topics.create([TopicSpec(USERS, 1)])
    plant.broker.append(USERS, b"0", raw("again"))
    plant.turn(relay)

    assert plant.table(OUT)[b"0"] == b"2:again"
    assert plant.state().epochs[USERS].epoch == 2

    relay.close()
    plant.broker.append(USERS, b"1", raw("more"))
    plant.turn(plant.relay())
    assert plant.table(OUT)[b"1"] == b"2:more"
    assert plant.state().epochs[USERS].epoch == 2


def test_truncate_takes_every_live_key_back(plant: Plant) -> None:
    """Rows before it are gone, rows behind it stay, dead keys get no second tombstone."""
    send(plant, 4)
    plant.broker.append(USERS, b"3", raw("", op="d"))
    plant.broker.append(USERS, None, raw("", op="t"))
    send(plant, 2, start=10)
    plant.turn(plant.relay())

    assert plant.table(OUT) == {b"10": b"1:10", b"11": b"1:11"}
    assert plant.values(OUT).count(None) == 4
    assert plant.offset(USERS) == 8
    partitions = {(record.key, record.partition) for record in plant.records(OUT)}
    assert len(partitions) == 6


def test_truncate_of_a_topic_that_does_not_exist_yet(plant: Plant) -> None:
    """Nothing to take back; the stream goes on behind it."""
    plant.broker.append(USERS, None, raw("", op="t"))
    send(plant, 1)
    plant.turn(plant.relay())

    assert plant.values(OUT) == [b"1:0"]


@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Crash(), TransientError("away")], ids=["crash", "transient"])
def test_truncate_is_repeat_safe(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, nth: int, error: BaseException, *, after: bool
) -> None:
    """A failure around any of its transactions: in the end each key has died exactly once."""
    monkeypatch.setattr(truncation, "CHUNK", 2)
    send(plant, 5)
    plant.broker.append(USERS, None, raw("", op="t"))
    send(plant, 1, start=9)
    try:
        plant.turn(plant.relay(Fault("commit", nth, error, after)))
    except Crash:
        plant.turn(plant.relay())

    assert plant.table(OUT) == {b"9": b"1:9"}
    assert plant.values(OUT).count(None) == 5
    assert plant.offset(USERS) == 7


def test_a_record_too_large_for_the_broker_becomes_a_dead_letter(plant: Plant) -> None:
    """Found before it is produced; its neighbours pass."""
    plant.broker.append(USERS, b"1", raw("a"))
    plant.broker.append(USERS, b"2", raw("x" * MAX_VALUE_BYTES))
    plant.broker.append(USERS, b"3", raw("c"))
    plant.turn(plant.relay())

    assert plant.table(OUT) == {b"1": b"1:a", b"3": b"1:c"}
    (letter,) = plant.letters()
    assert (letter.reason, letter.original) == ("oversize", None)


def test_a_batch_that_the_broker_refuses_is_bisected(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One refused record becomes a dead letter; all others of its batch pass, once."""
    send(plant, 5)
    relay = plant.relay()
    commit = plant.sink.commit

    def refuse_three(*args: object) -> None:
        transaction = plant.sink._transaction
        assert transaction is not None
        if any(entry.record.value == b"1:3" for entry in transaction.entries):
            raise Refused("too large")
        commit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(plant.sink, "commit", refuse_three)
    plant.turn(relay)

    assert sorted(value or b"" for value in plant.values(OUT)) == [b"1:0", b"1:1", b"1:2", b"1:4"]
    assert [(letter.reason, letter.origin.offset) for letter in plant.letters()] == [("refused", 3)]


def test_two_relays_share_the_tables(plant: Plant) -> None:
    """When a second instance joins and when it leaves, each event still appears once."""
    one = plant.relay()
    plant.turn(one)
    two = plant.relay(instance=1)
    for number in range(10):
        send(plant, 1, USERS, start=number)
        send(plant, 1, PRODUCTS, start=number)
        plant.turn(one, 2)
        plant.turn(two, 2)

    for topic in (USERS, PRODUCTS):
        values = plant.values(governed(topic))
        assert sorted(value or b"" for value in values) == sorted(expected(10))
    assert [len(relay._book.tables) for relay in (one, two)] == [1, 1]


def test_a_relay_that_lost_its_tables_in_a_failed_round_gets_on(plant: Plant) -> None:
    """As after a broker's crash: what it may no longer read must not keep it from the rest."""
    send(plant, 3)
    relay = plant.relay(Fault("commit", 1, TransientError("away")))
    assert relay.step() > 0
    cast("MemorySource", relay.ports.source).take(set())
    plant.turn(relay)

    assert sorted(value or b"" for value in plant.values(OUT)) == sorted(expected(3))


def test_a_namespace_that_is_a_prefix_is_refused() -> None:
    """The relay would read its own output."""
    plant = Plant(settings=RelaySettings(namespace="raw", prefixes=["raw"]))
    with pytest.raises(ConfigError, match="own output"):
        plant.relay()


def test_an_orderly_stop_takes_the_status_back(plant: Plant) -> None:
    """`run` ends when told to, and leaves no word behind."""
    relay = plant.relay()
    stop = threading.Event()
    runner = threading.Thread(target=relay.run, args=(stop,))
    runner.start()
    stop.set()
    runner.join(10)

    assert not runner.is_alive()
    assert not relay.ports.health.ready
    assert plant.records(STATUS) == [] or plant.records(STATUS)[-1].value is None


def test_one_process_per_instance(tmp_path: Path) -> None:
    """A second taker is told which process runs; a free lock is taken again."""
    settings = Settings(stack=StackSettings(dir=tmp_path))
    with hold_lock(settings, 0):
        with pytest.raises(ConfigError, match=f"process {os.getpid()}"), hold_lock(settings, 0):
            pass
        with hold_lock(settings, 1):
            pass
    with hold_lock(settings, 0):
        pass


def test_a_signal_sets_the_stop() -> None:
    """SIGTERM asks, it does not kill; the handlers before are put back."""
    before = signal.getsignal(signal.SIGTERM)
    with stop_on_signals() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before


HANGING = """
import ctypes, signal, threading
from cdc.relay.process import stop_on_signals

def send():
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

with stop_on_signals(within_s=0.2):
    threading.Timer(0.2, send).start()
    ctypes.CDLL(None).sleep(60)
"""


def test_a_signal_ends_a_process_that_hangs() -> None:
    """The main thread is in a call that no handler interrupts, as one of a client: exit code 0."""
    done = subprocess.run(
        [sys.executable, "-c", HANGING], timeout=20, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "relay_left" in done.stderr


def test_a_crash_is_told_by_class_and_place_and_not_in_its_words():
    """An exception's own words may quote a row: they reach neither the log nor the terminal."""
    with pytest.raises(FatalError) as caught, without_values():
        int("Asha.Rao@example.com")
    assert caught.value.message.startswith("unexpected ValueError in test_relay.py:")
    assert "Asha" not in caught.value.message + caught.value.hint
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises(TransientError), without_values():
        raise TransientError("ours pass")
