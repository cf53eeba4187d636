from __future__ import annotations

from typing import Any

import pytest

from cdc.control.commands import Ack, Outcome, ack_key, ack_value, read_commands
from cdc.kafka.layout import COMMANDS, STATE
from cdc.kafka.memory import MemoryAppender, MemoryBroker, MemoryReader
from cdc.operations import LetterRow, Selection
from tests.admin.fakes import FakeParts, client_of, make_orders

RAW = "mysql.pizzashop.users"
ROW = LetterRow(
    f"{RAW}/0/42", "pizzashop.users", "open", "no_row", "decode", "", "why", 5, 1, None, ""
)


@pytest.fixture
def broker() -> MemoryBroker:
    """What commands are appended to."""
    return MemoryBroker()


@pytest.fixture
def parts(broker: MemoryBroker) -> FakeParts:
    """One open letter of a table that has a raw topic."""
    return FakeParts(
        letters=lambda selection: [ROW] if selection.takes(ROW) else [],
        orders=make_orders(broker),
    )


def given(broker: MemoryBroker) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Commands in the topic."""
    commands = read_commands(MemoryReader(broker).read_to_end(COMMANDS))
    return [(it.kind, it.raw_topic, it.by, it.letters) for it in commands]


@pytest.mark.parametrize("kind", ["pause", "resume"])
def test_tables_are_paused_and_resumed(parts: FakeParts, broker: MemoryBroker, kind: str) -> None:
    """202 with the command's id; what became of it is asked for afterwards."""
    client = client_of(parts)
    body = {"tables": ["pizzashop.users"], "by": "ada"}
    answer = client.post(f"/api/v1/relay/{kind}", json=body)
    assert answer.status_code == 202
    (command,) = answer.json()["commands"]
    assert given(broker) == [(kind, RAW, "ada", ())]

    (waiting,) = client.get("/api/v1/commands").json()["commands"]
    assert (waiting["id"], waiting["outcome"]) == (command["id"], "")
    ack = Ack(RAW, Outcome.DONE, "stands", 9, {})
    MemoryAppender(broker).append(STATE, ack_key(command["id"]), ack_value(ack))
    (done,) = client.get("/api/v1/commands").json()["commands"]
    assert (done["outcome"], done["detail"], done["by"]) == ("done", "stands", "ada")


def test_letters_are_listed_replayed_and_purged(parts: FakeParts, broker: MemoryBroker) -> None:
    """The same selection as on the command line; the command names the letters it found."""
    client = client_of(parts)
    (letter,) = client.get("/api/v1/letters").json()["letters"]
    assert (letter["id"], letter["reason"], letter["state"]) == (ROW.id, "no_row", "open")

    assert client.post("/api/v1/letters/replay", json={"ids": [ROW.id]}).status_code == 202
    none = client.post("/api/v1/letters/replay", json={"table": "pizzashop.products"})
    assert none.json() == {"commands": []}
    purge = {"reason": "no_row", "confirm": True}
    assert client.post("/api/v1/letters/purge", json=purge).status_code == 202
    assert given(broker) == [
        ("replay", RAW, "admin API", (ROW.id,)),
        ("purge", RAW, "admin API", (ROW.id,)),
    ]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("relay/pause", {}, "tables: none given"),
        ("relay/pause", {"tables": ["pizzashop.user"]}, "no raw topic of this table"),
        ("relay/pause", {"tables": "pizzashop.users"}, "tables: a list of texts"),
        ("relay/pause", {"table": ["pizzashop.users"]}, "table: unknown"),
        ("relay/pause", [], "no JSON object"),
        ("letters/replay", {}, "which letters?"),
        ("letters/replay", {"since_ms": "2h"}, "since_ms: a whole number"),
        ("letters/purge", {"all": True}, "confirm: must be true"),
        ("letters/purge", {"confirm": True}, "which letters?"),
    ],
)
def test_what_makes_no_sense_is_400(
    parts: FakeParts, broker: MemoryBroker, path: str, body: Any, says: str
) -> None:
    """A problem body that says what is wrong; nothing is appended."""
    answer = client_of(parts).post(f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:headworks:problem:invalid")
    assert says in answer.json()["detail"]
    assert given(broker) == []


def test_only_json_of_a_sensible_size_is_read(parts: FakeParts, broker: MemoryBroker) -> None:
    """415 for what a form could send, 413 for too much, 400 for no JSON, 405 for a GET."""
    client = client_of(parts)
    path = "/api/v1/relay/pause"
    text = {"content-type": "text/plain"}
    json_type = {"content-type": "application/json"}
    assert client.post(path, content=b"{}", headers=text).status_code == 415
    assert client.post(path, content=b" " * 2_000_000, headers=json_type).status_code == 413
    assert client.post(path, content=b"{", headers=json_type).status_code == 400
    assert client.get(path).status_code == 405
    cross = {**json_type, "sec-fetch-site": "cross-site"}
    assert client.post(path, content=b"{}", headers=cross).status_code == 403
    assert given(broker) == []


def test_a_selection_narrows() -> None:
    """Each field by itself; together they all must fit."""
    assert Selection().takes(ROW)
    assert Selection(table=RAW, reason="no_row", offsets=(42, 42), since_ms=5).takes(ROW)
    for other in (
        Selection(table="pizzashop.products"),
        Selection(reason="oversize"),
        Selection(states=frozenset({"replayed"})),
        Selection(since_ms=6),
        Selection(until_ms=5),
        Selection(offsets=(43, 99)),
        Selection(key="v1.abc"),
        Selection(ids=frozenset({"x"})),
    ):
        assert not other.takes(ROW)
