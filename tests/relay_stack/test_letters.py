"""Dead letters that come back, and those that must not, on the broker in memory."""

from __future__ import annotations

import pytest

from cdc.control.commands import Outcome
from cdc.control.state import PauseNote
from cdc.control.status import TableState
from cdc.deadletter import open_letter, seal_letter
from cdc.errors import EnvelopeError, TableStopped, TransientError
from cdc.kafka.errors import Refused
from cdc.kafka.port import TopicSpec
from cdc.keys import Key
from cdc.relay import replay
from cdc.telemetry.metrics import OPEN_LETTERS
from tests.relay_stack.fakes import CIPHER, governed, raw
from tests.relay_stack.plant import PRODUCTS, USERS, Crash, Fault, Plant

OUT = governed(USERS)


@pytest.fixture
def plant() -> Plant:
    """A broker with two raw topics."""
    return Plant()


def bury(plant: Plant, *keys: bytes, topic: str = USERS) -> list[str]:
    """An event for each key that cannot pass; their letters' positions."""
    offsets = [plant.broker.append(topic, key, raw("bad")) for key in keys]
    return [f"{topic}/0/{offset}" for offset in offsets]


def mend(plant: Plant) -> None:
    """From now on what was `bad` passes."""
    plant.programs.bad = "never"
    plant.programs.changed = True


def test_a_replayed_letter_comes_in_with_its_own_epoch(plant: Plant) -> None:
    """After the cause is gone: its record is there, the letter closed without its original."""
    plant.broker.append(USERS, b"1", raw("a"))
    letters = bury(plant, b"2")
    relay = plant.relay()
    plant.turn(relay)
    assert plant.fates() == {letters[0]: "open"}

    mend(plant)
    command = plant.ask("replay", USERS, letters)
    plant.turn(relay)

    assert plant.table(OUT) == {b"1": b"1:a", b"2": b"1:bad"}
    assert plant.fates() == {letters[0]: "replayed"}
    assert plant.letters()[-1].original is None
    ack = plant.state().acks[command]
    assert (ack.outcome, ack.counts) == (Outcome.DONE, {"replayed": 1})
    assert plant.offset(USERS) == 2
    assert relay.ports.metrics.value(OPEN_LETTERS, table="shop.users") == 0


def test_a_letter_that_fails_again_stays_with_its_new_reason(plant: Plant) -> None:
    """The same position, one more attempt; the first time it was refused is kept."""
    letters = bury(plant, b"2")
    relay = plant.relay()
    plant.turn(relay)
    plant.programs.reason = "other"
    plant.time.seconds += 100
    command = plant.ask("replay", USERS, letters)
    plant.turn(relay)

    assert plant.fates() == {letters[0]: "open"}
    first, second = plant.letters()
    assert (second.reason, second.attempt, second.at_ms) == ("other", 2, first.at_ms)
    assert second.original == first.original
    assert plant.state().acks[command].counts == {"failed_again": 1}
    assert plant.state().letters[letters[0]].reason == "other"


@pytest.mark.parametrize("later", [raw("good"), raw("", op="d"), raw("bad")])
@pytest.mark.parametrize("restart", [False, True])
def test_a_later_change_of_the_row_supersedes_a_letter(
    plant: Plant, later: bytes, *, restart: bool
) -> None:
    """Whether it passes, deletes or fails, in the same relay or the next: the letter is closed."""
    (letter,) = bury(plant, b"2")
    relay = plant.relay()
    plant.turn(relay)
    if restart:
        relay.close()
        relay = plant.relay()
    plant.broker.append(USERS, b"2", later)
    plant.turn(relay)
    assert plant.fates()[letter] == "superseded"

    mend(plant)
    before = plant.values(OUT)
    command = plant.ask("replay", USERS, [letter])
    plant.turn(relay)
    assert plant.values(OUT) == before
    assert plant.state().acks[command].counts == {"not_open": 1}


def test_changes_before_and_of_other_rows_supersede_nothing(plant: Plant) -> None:
    """Nor does Kafka's tombstone that follows a delete which failed."""
    plant.broker.append(USERS, b"2", raw("before"))
    (letter,) = bury(plant, b"2")
    plant.broker.append(USERS, b"2", None)
    plant.broker.append(USERS, b"3", raw("other row"))
    plant.broker.append(PRODUCTS, b"2", raw("other table"))
    plant.turn(plant.relay())

    assert plant.fates() == {letter: "open"}


def test_superseded_in_the_batch_that_buried_it(plant: Plant) -> None:
    """One transaction writes letter and closing; only the last letter of a row is open."""
    first, second = bury(plant, b"2", b"2")
    plant.turn(plant.relay())
    assert plant.fates() == {first: "superseded", second: "open"}


def test_truncate_supersedes_every_letter_of_its_table(plant: Plant) -> None:
    """No row may come back into an emptied table; other tables keep their letters."""
    (users,), (products,) = bury(plant, b"1"), bury(plant, b"1", topic=PRODUCTS)
    plant.broker.append(USERS, None, raw("", op="t"))
    plant.turn(plant.relay())
    assert plant.fates() == {users: "superseded", products: "open"}


def test_a_topic_created_anew_supersedes_the_letters_of_the_one_before(plant: Plant) -> None:
    """What was deleted between the two left no event: a replay could bring it back."""
    (old,) = bury(plant, b"2")
    relay = plant.relay()
    plant.turn(relay)
    plant.broker.delete(USERS)
    plant.topics.create([TopicSpec(USERS, 1)])
    plant.broker.append(USERS, b"3", raw("bad"))
    plant.turn(relay)
    assert plant.fates() == {old: "superseded", f"{USERS}/0/0@2": "open"}


def test_letters_from_before_a_loss_are_superseded(plant: Plant) -> None:
    """Raw data was lost: what became of their rows is not known."""
    (old,) = bury(plant, b"2")
    first = plant.relay()
    plant.turn(first)
    first.close()
    for number in range(3):
        plant.broker.append(USERS, b"%d" % number, raw("x"))
    plant.broker.expire(USERS, 3)
    second = plant.relay()
    plant.turn(second)
    second.close()
    assert plant.state().stops[USERS].code == "raw_lost"
    at = next(at for at in plant.broker.offsets["cdc-relay"] if at.topic == USERS)
    plant.broker.offsets["cdc-relay"][at] = 3
    plant.turn(plant.relay())
    assert plant.fates() == {old: "superseded"}


def test_letters_whose_row_is_unknown_are_not_replayed(plant: Plant) -> None:
    """Without a key nothing tells whether the row has changed since: only purging is left."""
    offset = plant.broker.append(USERS, None, b"no envelope")
    letter = f"{USERS}/0/{offset}"
    relay = plant.relay()
    plant.turn(relay)
    replayed, purged = plant.ask("replay", USERS, [letter]), plant.ask("purge", USERS, [letter])
    plant.turn(relay)
    assert plant.state().acks[replayed].counts == {"row_unknown": 1}
    assert plant.state().acks[purged].counts == {"purged": 1}
    assert plant.fates() == {}


def test_purge_takes_letters_of_its_table_only(plant: Plant) -> None:
    """A tombstone each; positions of another table in the command mean nothing."""
    mine, others = bury(plant, b"1", b"2"), bury(plant, b"1", topic=PRODUCTS)
    relay = plant.relay()
    plant.turn(relay)
    plant.ask("purge", USERS, [mine[0], *others])
    plant.turn(relay)
    assert plant.fates() == {mine[1]: "open", others[0]: "open"}
    assert plant.records("governed.dlq")[-1].value is None


def test_a_replay_that_the_policy_stops_is_refused_with_its_reason(plant: Plant) -> None:
    """The letter stays as it is."""
    plant.broker.append(USERS, b"1", raw("bad", shape=2))
    relay = plant.relay()
    plant.turn(relay)
    plant.programs.errors[2] = TableStopped("no_policy", "users: no policy")
    plant.programs.changed = True
    plant.turn(relay)
    command = plant.ask("replay", USERS, [f"{USERS}/0/0"])
    plant.turn(relay)
    ack = plant.state().acks[command]
    assert (ack.outcome, ack.detail) == (Outcome.REFUSED, "users: no policy")
    assert plant.fates() == {f"{USERS}/0/0": "open"}


def test_a_replay_that_has_to_wait_holds_up_no_events(plant: Plant) -> None:
    """The registry is away: events of other shapes go on, and then the letter comes in."""
    plant.broker.append(USERS, b"1", raw("bad", shape=2))
    relay = plant.relay()
    plant.turn(relay)
    mend(plant)
    plant.programs.errors[2] = TransientError("registry: no answer")
    plant.ask("replay", USERS, [f"{USERS}/0/0"])
    plant.turn(relay)
    for topic in (USERS, PRODUCTS):
        plant.broker.append(topic, b"2", raw("later"))
    plant.turn(relay)
    assert plant.table(OUT) == {b"2": b"1:later"}
    assert plant.table(governed(PRODUCTS)) == {b"2": b"1:later"}

    plant.programs.errors.clear()
    plant.turn(relay)
    assert plant.table(OUT) == {b"1": b"1:bad", b"2": b"1:later"}


def test_a_letter_whose_key_is_gone_is_refused_and_the_relay_goes_on(plant: Plant) -> None:
    """Sealed with a key version that the key file no longer has: said, nothing else happens."""
    letters = bury(plant, b"1")
    first = plant.relay()
    plant.turn(first)
    first.close()
    plant.cipher = Key("dlq", 2, {2: bytes(32)})
    relay = plant.relay()
    command = plant.ask("replay", USERS, letters)
    plant.turn(relay)
    plant.broker.append(USERS, b"2", raw("b"))
    plant.turn(relay)
    ack = plant.state().acks[command]
    assert (ack.outcome, ack.detail.partition(": ")[2]) == (
        Outcome.REFUSED,
        "sealed with version 1 of key dlq; known: 2",
    )
    assert plant.table(OUT) == {b"2": b"1:b"}
    assert plant.fates() == {letters[0]: "open"}


def test_an_envelope_that_is_understood_today_is_replayed(plant: Plant) -> None:
    """Its schema was unknown when it came."""
    plant.broker.append(USERS, b"1", raw("a", shape=7))
    plant.programs.errors[7] = EnvelopeError("not_an_envelope", "no envelope's schema")
    relay = plant.relay()
    plant.turn(relay)
    plant.ask("replay", USERS, [f"{USERS}/0/0"])
    plant.turn(relay)
    assert plant.letters()[-1].attempt == 2

    plant.programs.errors.clear()
    plant.ask("replay", USERS, [f"{USERS}/0/0"])
    plant.turn(relay)
    assert plant.table(OUT) == {b"1": b"1:a"}


@pytest.mark.parametrize("nth", range(1, 9))
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("error", [Crash(), TransientError("away")], ids=["crash", "transient"])
@pytest.mark.parametrize("step", ["commit", "produce"])
def test_a_command_is_executed_once_whatever_dies(
    plant: Plant,
    monkeypatch: pytest.MonkeyPatch,
    nth: int,
    error: BaseException,
    step: str,
    *,
    after: bool,
) -> None:
    """In several transactions: each letter is replayed, or tried again in vain, exactly once."""
    monkeypatch.setattr(replay, "CHUNK_LETTERS", 2)
    letters = bury(plant, *(b"%d" % number for number in range(5)))
    letters += [f"{USERS}/0/{plant.broker.append(USERS, b'x', b'no envelope')}"]
    first = plant.relay()
    plant.turn(first)
    first.close()
    mend(plant)
    command = plant.ask("replay", USERS, letters)
    try:
        plant.turn(plant.relay(Fault(step, nth, error, after)))
    except Crash:
        plant.turn(plant.relay())

    assert sorted(value or b"" for value in plant.values(OUT)) == [b"1:bad"] * 5
    assert plant.fates() == {**dict.fromkeys(letters[:5], "replayed"), letters[5]: "open"}
    assert [it.attempt for it in plant.letters() if it.origin.offset == 5] == [1, 2]
    assert plant.state().acks[command].outcome is Outcome.DONE
    assert plant.offset(USERS) == 6


def test_a_paused_table_stays_where_it_is(plant: Plant) -> None:
    """Status says who and since when; other tables go on; it survives a restart; resume ends it."""
    relay = plant.relay()
    plant.turn(relay)
    plant.ask("pause", USERS)
    plant.turn(relay)
    for topic in (USERS, PRODUCTS):
        plant.broker.append(topic, b"1", raw("a"))
    plant.turn(relay)
    assert (plant.values(OUT), plant.values(governed(PRODUCTS))) == ([], [b"1:a"])
    users = next(it for it in plant.status().tables if it.raw_topic == USERS)
    assert (users.state, users.lag) == (TableState.PAUSED, 1)
    assert users.message.startswith("paused by ada since 1970-01-01T00:1")
    assert isinstance(plant.state().pauses[USERS], PauseNote)

    relay.close()
    relay = plant.relay()
    plant.turn(relay)
    assert plant.values(OUT) == []
    plant.ask("resume", USERS)
    plant.turn(relay)
    assert plant.values(OUT) == [b"1:a"]
    assert plant.state().pauses == {}
    assert {it.state for it in plant.status().tables} == {TableState.RUNNING}


@pytest.mark.parametrize(
    ("kinds", "why"),
    [
        (["pause", "pause"], "already paused by ada"),
        (["resume"], "neither paused nor stopped"),
        (["retire"], "does not know `retire`"),
    ],
)
def test_what_makes_no_sense_is_refused(plant: Plant, kinds: list[str], why: str) -> None:
    """With the reason in the acknowledgement."""
    relay = plant.relay()
    commands = [plant.ask(kind, USERS) for kind in kinds]
    plant.turn(relay)
    ack = plant.state().acks[commands[-1]]
    assert ack.outcome is Outcome.REFUSED
    assert why in ack.detail


def test_a_command_for_a_table_that_nobody_owns_waits(plant: Plant) -> None:
    """It is executed when the table comes; not if it is older than a week."""
    relay = plant.relay()
    late = "raw.shop.late"
    old = plant.ask("pause", late)
    plant.time.seconds += 8 * 24 * 3600
    command = plant.ask("pause", late)
    plant.turn(relay)
    assert plant.state().acks == {}
    plant.topics.create([TopicSpec(late, 1)])
    plant.turn(relay)
    assert plant.state().acks[command].outcome is Outcome.DONE
    assert old not in plant.state().acks


def test_the_limit_stops_a_table_and_resume_goes_on(plant: Plant) -> None:
    """Exactly so many letters, even of one batch; others go on; the stop survives a restart."""
    plant.settings = plant.settings.model_copy(update={"dead_letter_limit": 3})
    for number in range(8):
        plant.broker.append(USERS, b"%d" % number, raw("bad" if number else "good"))
        plant.broker.append(PRODUCTS, b"%d" % number, raw("x"))
    relay = plant.relay()
    plant.turn(relay)
    relay.close()
    relay = plant.relay()
    plant.turn(relay)

    assert len(plant.letters()) == 3
    assert plant.offset(USERS) == 4
    assert len(plant.values(governed(PRODUCTS))) == 8
    stop = plant.state().stops[USERS]
    assert stop.code == "dead_letter_limit"
    assert stop.message == "shop.users: 3 dead letters within 3600 s, mostly `bad_value`"
    users = next(it for it in plant.status().tables if it.raw_topic == USERS)
    assert (users.state, users.lag, users.open_letters) == (TableState.STOPPED, 4, 3)

    mend(plant)
    plant.turn(relay)
    assert plant.offset(USERS) == 4
    plant.ask("resume", USERS)
    plant.turn(relay)
    assert plant.offset(USERS) == 8
    assert plant.state().stops == {}


def test_the_limit_counts_within_its_window(plant: Plant) -> None:
    """Few letters now and then never stop a table."""
    plant.settings = plant.settings.model_copy(
        update={"dead_letter_limit": 1, "dead_letter_window_s": 60}
    )
    relay = plant.relay()
    for number in range(4):
        bury(plant, b"%d" % number)
        plant.turn(relay)
        plant.time.seconds += 60
    assert len(plant.letters()) == 4


@pytest.mark.parametrize(("refusals", "kept"), [(1, True), (2, False)])
def test_a_letter_that_the_broker_refuses_is_written_without_its_original(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, refusals: int, *, kept: bool
) -> None:
    """The first refusal may be the record's, the second is the letter's own."""
    letters = bury(plant, b"1")
    plant.broker.append(USERS, b"2", raw("b"))
    relay = plant.relay()
    _refuse(plant, monkeypatch, "/0/0", refusals)
    plant.turn(relay)

    assert plant.fates() == {letters[0]: "open"}
    assert (plant.letters()[0].original is not None) is kept
    assert plant.table(OUT) == {b"2": b"1:b"}


def test_a_letter_that_is_refused_for_ever_stops_the_table(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind what came before; nothing is lost, and `resume` tries again."""
    plant.broker.append(USERS, b"0", raw("a"))
    bury(plant, b"1")
    relay = plant.relay()
    _refuse(plant, monkeypatch, "/0/1", 3)
    plant.turn(relay, 200)
    assert plant.state().stops[USERS].code == "dead_letter_refused"
    assert plant.offset(USERS) == 1

    plant.ask("resume", USERS)
    plant.turn(relay, 200)
    assert plant.fates() == {f"{USERS}/0/1": "open"}


def _refuse(plant: Plant, monkeypatch: pytest.MonkeyPatch, position: str, times: int) -> None:
    """The broker refuses so many transactions that hold the letter of this position."""
    commit, left = plant.sink.commit, [None] * times

    def refuse(*args: object) -> None:
        transaction = plant.sink._transaction
        assert transaction is not None
        keys = [entry.record.key or b"" for entry in transaction.entries]
        if any(key.endswith(position.encode()) for key in keys) and left:
            if len([key for key in keys if key.startswith(b"raw.")]) == 1 and _is_single(keys):
                left.pop()
            raise Refused("too large")
        commit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(plant.sink, "commit", refuse)


def _is_single(keys: list[bytes]) -> bool:
    """Whether the transaction has one event."""
    return not any(len(key) == 1 for key in keys)


def test_letters_of_before_can_be_purged_but_not_replayed(plant: Plant) -> None:
    """A letter that no state knows (of an earlier version) has not been watched."""
    relay = plant.relay()
    plant.turn(relay)
    (letter,) = bury(plant, b"1")
    plant.turn(relay)
    (sealed,) = plant.letters()
    unknown = open_letter(seal_letter(sealed, CIPHER)[1], CIPHER)
    plant.broker.append("governed.dlq", f"{USERS}/0/99".encode(), seal_letter(unknown, CIPHER)[1])
    command = plant.ask("replay", USERS, [f"{USERS}/0/99"])
    plant.turn(relay)
    assert plant.state().acks[command].counts == {"not_open": 1}
    plant.ask("purge", USERS, [f"{USERS}/0/99", letter])
    plant.turn(relay)
    assert plant.fates() == {}
