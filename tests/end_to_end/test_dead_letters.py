"""Poison in the stream, the cause mended, and everything is there."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import USERS, USERS_RAW, Governance
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

KEPT = "  vip: {class: public, rule: keep}\n"
POISONED = (
    "INSERT INTO users (id, first_name, vip) VALUES"
    " (960001, 'Before', 1), (960002, 'Zeenat', 2), (960003, 'Changed', 2), (960004, 'After', 0)"
)


@pytest.fixture
def vip(governed: Governed, policy: Path):
    """A column that is read as boolean, in which MySQL keeps any small number; taken back."""
    before = policy.read_text()
    governed.execute("ALTER TABLE users ADD COLUMN vip TINYINT(1)")
    _edit(governed, policy, before + KEPT)
    yield policy
    _edit(governed, policy, before)
    governed.execute(
        "DELETE FROM users WHERE id BETWEEN 960000 AND 969999", "ALTER TABLE users DROP COLUMN vip"
    )
    wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "users equal MySQL")


def _edit(governed: Governed, policy: Path, text: str) -> None:
    """Change the policy, and wait until the relay has taken note."""
    log = governed.settings.stack_dir / "logs" / "relay.log"
    before = log.read_text().count("programs_renewed")
    policy.write_text(text)
    wait_until(lambda: log.read_text().count("programs_renewed") > before, 30, "the new policy")


def _open_letters(governed: Governed) -> list[dict[str, object]]:
    args = ("dlq", "list", "--reason", "no_canonical_form", "--state", "open", "--output", "json")
    letters: list[dict[str, object]] = json.loads(governed.run(*args, check=False).stdout)[
        "letters"
    ]
    return letters


def test_letters_come_back_once_their_cause_is_mended(governed, vip, tmp_path):
    """One letter an event, neighbours pass; a newer change is never overwritten; then all equal."""
    governance = Governance(governed)
    governance.read(USERS)
    governed.execute(POISONED, "UPDATE users SET vip = 1 WHERE id = 960003")
    found = []
    wait_until(lambda: found.extend(governance.read(USERS)) or len(found) >= 3, 60, "neighbours")
    assert sorted((it.value["__op"], it.value["vip"]) for it in found) == [
        ("c", False),
        ("c", True),
        ("u", True),
    ]
    (letter,) = _open_letters(governed)
    assert (letter["table"], letter["stage"], letter["column"]) == (
        "pizzashop.users",
        "normalize",
        "vip",
    )

    revealed = tmp_path / "letter.json"
    shown = governed.run("dlq", "show", letter["id"], "--reveal", "--out", str(revealed))
    assert "Zeenat" in revealed.read_text()
    assert "Zeenat" not in shown.stdout + shown.stderr
    assert stat.S_IMODE(revealed.stat().st_mode) == 0o600
    again = governed.run(
        "dlq", "show", letter["id"], "--reveal", "--out", str(revealed), check=False
    )
    assert again.returncode == 2

    failed = governed.run("dlq", "replay", letter["id"], check=False)
    assert failed.stdout == f"{USERS_RAW}: replay: 1 failed again\n"
    _edit(governed, vip, vip.read_text().replace(KEPT, KEPT.replace("keep", "drop")))
    which = ("--table", "pizzashop.users", "--reason", "no_canonical_form")
    replayed = governed.run("dlq", "replay", *which)
    assert replayed.stdout == f"{USERS_RAW}: replay: 1 replayed\n"
    (record,) = governance.read(USERS)
    assert record.value["__op"] == "c"
    assert record.key not in [it.key for it in found]
    wait_until(lambda: governed.is_equal("pizzashop.users"), 60, "users equal MySQL")
    assert _open_letters(governed) == []


def test_poison_that_nothing_mends_is_purged(governed):
    """It stays open however often it is tried; a purge takes it back with what it was."""
    producer = Producer({"bootstrap.servers": governed.settings.bootstrap})
    producer.produce(USERS_RAW, key=b"purge me", value=b"poison: Zeenat Quadros", partition=0)
    assert producer.flush(10) == 0
    select = ("--reason", "not_an_envelope", "--table", "pizzashop.users")
    wait_until(
        lambda: "open" in governed.run("dlq", "list", *select, check=False).stdout, 30, "a letter"
    )
    before = len(governed.records("governed.dlq"))
    assert governed.run("dlq", "replay", *select, check=False).returncode == 1
    governed.run("dlq", "purge", *select, "--yes")
    assert governed.run("dlq", "list", *select).stdout == "no dead letters\n"
    assert len(governed.records("governed.dlq")) > before
