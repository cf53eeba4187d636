"""What a proof says, to a person and to a machine; when it fails."""

import json
from dataclasses import dataclass, replace

import pytest
from click.testing import CliRunner

from cdc.cli import COMMANDS, cdc
from cdc.prove.judging import Leak, Looked
from cdc.prove.markers import Ledger, Sort
from cdc.prove.report import MOST_LEAKS, Proof, count_planted, to_json, to_text
from cdc.prove.surfaces import READING_COMMANDS, Restricted

LEAK = Leak(
    "topic governed.shop.people.v1",
    "governed.shop.people.v1/0/7 header",
    "m0003",
    "shop.people.name",
    "VARCHAR",
    "base64",
)


@dataclass(frozen=True)
class Checked:
    """A further check's result, such as of k-anonymity."""

    ok: bool
    name: str = "k-anonymity"
    detail: str = "smallest group: 3, asked for: 5"


def proof_of(**changes: object) -> Proof:
    """A proof that holds, but for some changes."""
    ledger = Ledger()
    for sort in Sort:
        ledger.add(sort, "shop.people.name", "VARCHAR", ())
    proof = Proof(
        mode="proving ground",
        planted=count_planted(ledger),
        operations=("the snapshot", "TRUNCATE"),
        letters={"decode": 4, "encode": 1},
        looked=(Looked("topic governed.shop.people.v1", 12, 3456), Looked("log files", 5, 99)),
        leaks=(),
        unseen=(),
        unasked=(),
        restricted=(Restricted("topic mysql.shop.people", "raw topic"),),
        checks=(),
        took_s=71.25,
    )
    return replace(proof, **changes)


def test_a_proof_that_holds():
    """What was planted, done, looked at and left out, with sizes, at 80 columns."""
    text = to_text(proof_of())
    assert "PROVEN: no marker leaks (17 pieces, 3,555 bytes, 71 s)" in text
    assert "the snapshot" in text
    assert "topic mysql.shop.people" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert json.loads(to_json(proof_of()))["ok"] is True


def test_a_leak_is_named_by_place_and_marker():
    """Surface, place, marker id, what it was planted as, encoding; never the marker."""
    proof = proof_of(leaks=(LEAK,))
    text = to_text(proof)
    assert not proof.ok
    assert "LEAK m0003 (VARCHAR of shop.people.name), base64" in text
    assert "governed.shop.people.v1/0/7 header" in text
    assert "PROVEN" not in text
    body = json.loads(to_json(proof))
    assert (body["ok"], body["leaks"][0]["marker"]) == (False, "m0003")


def test_many_leaks_are_counted_and_some_named():
    """A whole topic in clear does not fill the screen; JSON has all."""
    proof = proof_of(leaks=(LEAK,) * (MOST_LEAKS + 7))
    assert "and 7 more" in to_text(proof)
    assert len(json.loads(to_json(proof))["leaks"]) == MOST_LEAKS + 7


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unseen": ("FLOAT",)}, "NOT SEEN: FLOAT"),
        ({"unasked": ("/api/v1/new/{thing}",)}, "NOT ASKED: GET /api/v1/new/{thing}"),
        ({"checks": (Checked(ok=False),)}, "FAILS: k-anonymity: smallest group: 3"),
    ],
)
def test_what_proves_nothing_fails(changes, said):
    """A blind search, a route that was not asked, a further check that does not hold."""
    proof = proof_of(**changes)
    assert not proof.ok
    assert said in to_text(proof)
    assert "NOT PROVEN" in to_text(proof)


def test_a_further_check_that_holds_is_told():
    """And does not fail the proof."""
    proof = proof_of(checks=(Checked(ok=True),))
    assert proof.ok
    assert "ok: k-anonymity" in to_text(proof)


@pytest.mark.parametrize(
    ("proof", "code", "verdict"), [(proof_of(), 0, "PROVEN"), (proof_of(leaks=(LEAK,)), 1, "LEAKS")]
)
@pytest.mark.parametrize("live", [(), ("--live",)])
def test_the_command_exits_by_what_was_found(*, monkeypatch, tmp_path, proof, code, verdict, live):
    """0 or 1; the report goes to stdout and, as JSON, into the file."""
    monkeypatch.setattr("cdc.prove.proof.prove_live", lambda *_: proof)
    monkeypatch.setattr("cdc.prove.proof.prove_on_ground", lambda *_: proof)
    file = tmp_path / "proof.json"
    done = CliRunner().invoke(cdc, ["prove", *live, "--report", str(file)], standalone_mode=False)
    assert done.return_value == code
    assert verdict in done.stdout
    assert json.loads(file.read_text())["ok"] is proof.ok


# Commands whose output is not searched after the play, and why.
NOT_ASKED = {
    "check": "reads SQL files",
    "connectors apply": "changes things; what it says of a failure is searched in the play",
    "connectors delete": "changes things",
    "connectors offsets reset": "changes things",
    "connectors offsets show": "prints binlog positions",
    "connectors offsets set": "changes things",
    "connectors pause": "changes things",
    "connectors restart": "changes things",
    "connectors resume": "changes things",
    "connectors snapshot": "changes things",
    "connectors stop": "changes things",
    "demo": "shows raw rows, as it says",
    "dlq purge": "changes things",
    "dlq replay": "changes things",
    "dlq show": "one letter's clear part, which the dead-letter surface searches",
    "policies diff": "reads two policy files and nothing else",
    "policies init": "prints names and types of MySQL's columns",
    "policies keys close": "changes things",
    "policies keys generate": "changes things",
    "policies keys rotate": "changes things",
    "prove": "is this",
    "registry check": "writes into a registry",
    "registry import": "writes into a registry",
    "registry serve": "runs until it is stopped",
    "relay pause": "changes things",
    "relay resume": "changes things",
    "relay run": "runs until it is stopped; its output is a log file",
    "schemas check": "reads schema files",
    "schemas forecast": "reads SQL files",
    "schemas explain": "reads schema files",
    "schemas register": "changes things",
    "serve": "runs until it is stopped; its output is a log file",
    "stack clean": "changes things",
    "stack down": "changes things",
    "stack seed": "changes things",
    "stack up": "changes things",
    "topics retire": "changes things",
}


def _commands(group, path=()):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        here = (*path, name)
        if hasattr(command, "list_commands"):
            yield from _commands(command, here)
        else:
            yield " ".join(here)


def test_every_command_is_searched_or_has_a_reason():
    """A new command goes into `READING_COMMANDS`, or here with the reason why not."""
    commands = set(_commands(cdc))
    asked = {name for name in commands if any(line.startswith(name) for line in READING_COMMANDS)}
    assert commands - asked == set(NOT_ASKED)
    assert "prove" in COMMANDS
