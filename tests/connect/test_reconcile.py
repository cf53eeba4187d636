from pathlib import Path
from typing import Any

import pytest

from cdc.connect.desired import DesiredConnector, read_connectors
from cdc.connect.plan import Plan
from cdc.connect.reconcile import NOT_BEGUN, Pace, Reconciler
from cdc.connect.steps import Outcome
from cdc.errors import ConfigError, Unreachable
from tests.connect.fakes import FakeConnect, client_of, reconciler_of, write_connector

PACE = Pace(deadline_s=5, jobs=1)
TRACE = "a.b.Outer: x\nCaused by: java.sql.SQLException: Access denied for user 'ann'@'h'"


def wanted_of(*files: Path, **values: str) -> list[DesiredConnector]:
    """The connectors of files."""
    return read_connectors(files, values)


def apply(reconciler: Reconciler, wanted: list[DesiredConnector], **more: Any) -> list[Outcome]:
    """Plan and do it, one connector after the other."""
    return reconciler.apply(reconciler.plan(wanted, **more), PACE, lambda _done, _total: None)


def actions(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What there is to do, by connector."""
    return {one.name: one.actions for one in plan.connectors if one.actions}


def test_applying_twice_changes_once(tmp_path: Path) -> None:
    """The second time nothing is put and the plan is empty; a changed value is put again."""
    fake, file = FakeConnect(), write_connector(tmp_path)
    made = reconciler_of(fake, tmp_path)
    did = [apply(made, wanted_of(file, HOST=host))[0].did for host in ("a", "a", "b")]
    assert did == ["created", "unchanged", "changed"]
    assert fake.configs["shop"]["where"] == "b"
    assert fake.changes() == ["PUT /connectors/shop/config"] * 2
    assert not made.plan(wanted_of(file, HOST="b")).is_drift


def test_what_a_worker_adds_or_masks_is_no_drift(tmp_path: Path) -> None:
    """Keys that the worker has added or rewritten by itself are no change, to another run too."""
    fake, file = FakeConnect(), write_connector(tmp_path, masked="${file:/x:y}")
    fake.worker_keys = {"added.by.worker": "1", "masked": "****"}
    apply(reconciler_of(fake, tmp_path), wanted_of(file))
    assert not reconciler_of(fake, tmp_path).plan(wanted_of(file)).is_drift


@pytest.mark.parametrize(
    ("host", "live", "cause"), [("a", "z", "live"), ("b", "a", "file"), ("b", "z", "both")]
)
def test_the_plan_says_which_side_has_moved(
    tmp_path: Path, host: str, live: str, cause: str
) -> None:
    """File, Connect, or both: exactly the key that differs, with both values."""
    fake, file = FakeConnect(), write_connector(tmp_path)
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted_of(file, HOST="a"))
    fake.configs["shop"]["where"] = live
    (one,) = made.plan(wanted_of(file, HOST=host)).connectors
    assert [(c.key, c.live, c.wanted, c.cause) for c in one.changes] == [
        ("where", live, host, cause)
    ]


def test_a_key_taken_out_of_the_file_is_taken_out_of_connect(tmp_path: Path) -> None:
    """Removal is a change of the file, an unknown key in Connect one of Connect."""
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted_of(write_connector(tmp_path, old="1")))
    fake.configs["shop"]["foreign"] = "2"
    (one,) = made.plan(wanted_of(write_connector(tmp_path))).connectors
    assert {change.key: change.cause for change in one.changes} == {
        "old": "file",
        "foreign": "live",
    }
    apply(made, wanted_of(write_connector(tmp_path)))
    assert {"old", "foreign"}.isdisjoint(fake.configs["shop"])


@pytest.mark.parametrize(("state", "live"), [("paused", "PAUSED"), ("stopped", "STOPPED")])
def test_a_connector_may_be_declared_halted(tmp_path: Path, state: str, live: str) -> None:
    """It is made without ever starting, stays so, and starts once its file says so."""
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    halted = wanted_of(write_connector(tmp_path, state=state))
    assert apply(made, halted)[0].state == state
    assert (fake.changes(), fake.states) == (["POST /connectors"], {"shop": live})
    assert not made.plan(halted).is_drift
    running = wanted_of(write_connector(tmp_path))
    assert actions(made.plan(running)) == {"shop": ("resume",)}
    assert apply(made, running)[0].did == "resumed"


def test_one_to_be_halted_never_starts_with_its_new_configuration(tmp_path: Path) -> None:
    """Stop comes before the change, resume after it."""
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted_of(write_connector(tmp_path)))
    plan = made.plan(wanted_of(write_connector(tmp_path, state="stopped", x="1")))
    assert plan.connectors[0].actions == ("stop", "update")
    apply(made, wanted_of(write_connector(tmp_path, state="stopped", x="1")))
    plan = made.plan(wanted_of(write_connector(tmp_path, x="2")))
    assert plan.connectors[0].actions == ("update", "resume")


def test_a_failed_task_is_restarted_and_told_in_one_line(tmp_path: Path) -> None:
    """Applied as declared but failed: restarted; if it fails on, the cause without values."""
    fake, wanted = FakeConnect(), wanted_of(write_connector(tmp_path))
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted)
    fake.tasks["shop"], fake.trace = "FAILED", TRACE
    assert actions(made.plan(wanted)) == {"shop": ("restart",)}
    (outcome,) = apply(made, wanted)
    assert isinstance(outcome.error, Unreachable)
    assert outcome.error.message == (
        "connector shop has failed: SQLException: MySQL refuses the user or the password"
    )
    restart = "POST /connectors/shop/restart?includeTasks=true&onlyFailed=true"
    assert fake.changes().count(restart) == 1


def test_a_task_that_fails_at_its_first_start_is_started_once_more(tmp_path: Path) -> None:
    """So a worker that ends meanwhile does no harm; what fails again has failed."""
    fake = FakeConnect()
    fake.tasks = {"shop": "FAILED", "depot": "FAILED"}
    fake.heals = {"shop"}
    files = [write_connector(tmp_path), write_connector(tmp_path, "depot")]
    shop, depot = apply(reconciler_of(fake, tmp_path), wanted_of(*files))
    assert (shop.did, shop.state, shop.error) == ("created", "running", None)
    assert "depot has failed" in str(depot.error)
    assert sum("restart" in call for call in fake.changes()) == 2


def test_a_changed_secret_is_drift_until_it_is_applied(tmp_path: Path) -> None:
    """By fingerprint; applying restarts all of the connector, and no value is kept anywhere."""
    secret = tmp_path / "s.properties"
    secret.touch(mode=0o600)
    secret.write_text("pw=hunter2\n")
    wanted = wanted_of(write_connector(tmp_path, **{"db.password": f"${{file:{secret}:pw}}"}))
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted)
    assert not made.plan(wanted).is_drift

    secret.write_text("pw=swordfish\n")
    (one,) = made.plan(wanted).connectors
    assert (one.actions, one.changes) == (("restart",), ())
    (state,) = one.secrets
    assert (state.key, state.status) == ("db.password", "changed")
    assert state.before != state.now
    apply(made, wanted)
    assert "POST /connectors/shop/restart?includeTasks=true&onlyFailed=false" in fake.changes()
    assert not made.plan(wanted).is_drift
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("cdc.db*"))
    assert b"hunter2" not in kept
    assert b"swordfish" not in kept


def test_a_secret_that_cannot_be_read_is_unknown_not_unchanged(tmp_path: Path) -> None:
    """It is no drift, but shown with the reason; what was known before is not forgotten."""
    secret = tmp_path / "s.properties"
    secret.touch(mode=0o600)
    secret.write_text("pw=hunter2\n")
    wanted = wanted_of(write_connector(tmp_path, **{"db.password": f"${{file:{secret}:pw}}"}))
    made = reconciler_of(FakeConnect(), tmp_path)
    apply(made, wanted)

    secret.chmod(0o644)
    apply(made, wanted)
    (state,) = made.plan(wanted).connectors[0].secrets
    assert (state.status, "others may read" in state.reason) == ("unknown", True)
    secret.chmod(0o600)
    secret.write_text("pw=swordfish\n")
    assert made.plan(wanted).connectors[0].secret_changed


def test_another_machine_s_fingerprints_are_unknown(tmp_path: Path) -> None:
    """Without the key that made them they can be compared with nothing, and the plan says so."""
    wanted = wanted_of(write_connector(tmp_path, **{"db.password": "${env:HOME}"}))
    made = reconciler_of(FakeConnect(), tmp_path)
    apply(made, wanted)
    made.key_file.unlink()
    (before,) = made.plan(wanted).connectors[0].secrets
    apply(made, wanted)
    assert before.status == "unknown"
    assert not made.plan(wanted).connectors[0].secrets


def test_what_ran_before_the_first_apply_is_adopted(tmp_path: Path) -> None:
    """A connector registered by other means and equal to its file is not touched."""
    fake, wanted = FakeConnect(), wanted_of(write_connector(tmp_path))
    fake.put("shop", wanted[0].config)
    made = reconciler_of(fake, tmp_path)
    assert apply(made, wanted)[0].did == "unchanged"
    assert fake.changes() == []
    fake.configs["shop"]["where"] = "moved"
    assert made.plan(wanted).connectors[0].changes[0].cause == "live"


def test_prune_deletes_what_was_applied_and_nothing_else(tmp_path: Path) -> None:
    """Without --prune a connector whose file is gone is only told of; others' are never touched."""
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    shop, depot = write_connector(tmp_path), write_connector(tmp_path, "depot")
    apply(made, wanted_of(shop, depot))
    fake.put("foreign", {"connector.class": "y.Sink"})

    plan = made.plan(wanted_of(shop))
    assert (plan.is_drift, plan.orphans) == (False, ("depot",))
    assert made.plan(wanted_of(shop), prune=True).is_drift
    assert apply(made, wanted_of(shop), prune=True)[-1].did == "removed"
    assert sorted(fake.configs) == ["foreign", "shop"]
    assert made.plan(wanted_of(shop)).orphans == ()


def test_it_stops_at_the_first_failure_and_says_what_was_not_done(tmp_path: Path) -> None:
    """Done, failed, not begun, in the order of the files; the next run goes on from there."""
    fake = FakeConnect()
    files = [
        write_connector(tmp_path, name, **({"x": "refuse"} if name == "b" else {}))
        for name in ("a", "b", "c")
    ]
    made = reconciler_of(fake, tmp_path)
    outcomes = apply(made, wanted_of(*files))
    assert [(one.name, one.did, bool(one.error)) for one in outcomes] == [
        ("a", "created", False),
        ("b", "created", True),
        ("c", NOT_BEGUN, False),
    ]
    assert "400 Invalid request" in str(outcomes[1].error)
    assert [*fake.configs] == ["a"]
    files[1] = write_connector(tmp_path, "b")
    again = apply(made, wanted_of(*files))
    assert [one.did for one in again] == ["unchanged", "created", "created"]


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        ({"bad": "must be\n positive"}, ConfigError),
        ({"host": "Unable to connect: Access denied"}, Unreachable),
    ],
)
def test_what_the_class_refuses_is_never_put(
    tmp_path: Path, mistake: dict[str, str], kind: type[Exception]
) -> None:
    """File, connector, key and reason in one line; a refused login is exit 4, the rest exit 2."""
    fake, file = FakeConnect(), write_connector(tmp_path, **mistake)
    said = " ".join(next(iter(mistake.values())).split())
    with pytest.raises(kind) as caught:
        reconciler_of(fake, tmp_path).plan(wanted_of(file))
    assert str(caught.value) == f"{file}: connector shop is refused: some.key: {said}"
    assert fake.configs == {}


def test_a_password_by_declaration_is_refused_and_hidden(tmp_path: Path) -> None:
    """A key that only the class calls a password may not be written out; a live one is hidden."""
    fake = FakeConnect()
    made = reconciler_of(fake, tmp_path)
    with pytest.raises(ConfigError, match="pin: is a password written out") as caught:
        made.plan(wanted_of(write_connector(tmp_path, pin="1234")))
    assert "1234" not in str(caught.value)
    fake.put("shop", {"connector.class": "x.Source", "where": "here", "pin": "1234"})
    plan = made.plan(wanted_of(write_connector(tmp_path, pin="${env:PIN}")))
    assert [(c.key, c.live) for c in plan.connectors[0].changes] == [("pin", "(hidden)")]


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    """The class that is not there, and those that are."""
    file = write_connector(tmp_path, **{"connector.class": "no.Such"})
    with pytest.raises(ConfigError, match=r"has no no\.Such \(it has: x\.Source\)"):
        reconciler_of(FakeConnect(), tmp_path).plan(wanted_of(file))


def test_subjects_are_opened_before_the_start(tmp_path: Path) -> None:
    """Of what is made or changed, once each."""
    opened: list[str] = []
    made = reconciler_of(FakeConnect(), tmp_path, opened)
    for host in ("a", "a", "b"):
        apply(made, wanted_of(write_connector(tmp_path), HOST=host))
    assert opened == ["shop", "shop"]


def test_deleting_forgets(tmp_path: Path) -> None:
    """A deleted connector is created anew, not taken for an orphan."""
    fake, wanted = FakeConnect(), wanted_of(write_connector(tmp_path))
    made = reconciler_of(fake, tmp_path)
    apply(made, wanted)
    made.delete("shop")
    assert client_of(fake).list_connectors() == []
    assert actions(made.plan(wanted)) == {"shop": ("create",)}
