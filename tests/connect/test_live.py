"""`cdc connectors` on the stack's own Connect, with real Debezium connectors."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import psutil
import pytest

from cdc.kafka.client import KafkaAccess
from tests.conftest import REPOSITORY
from tests.connect.conftest import Shop
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

CHANGED = "Tr0ub4dor-second"


def processes() -> str:
    """Command lines of every process that can be seen."""
    return "\n".join(
        " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])
    )


def everything_that_is_kept(shop: Shop) -> str:
    """Logs, generated configuration, databases, command lines, and all that Connect's REST says."""
    folder = shop.stack.settings.stack_dir
    files = [*(folder / "logs").iterdir(), *(folder / "etc").iterdir(), *folder.glob("*.db*")]
    said = [json.dumps(shop.client.read_all()), processes()]
    return "\n".join([*(file.read_bytes().decode(errors="replace") for file in files), *said])


def test_a_plan_after_apply_is_empty(shop: Shop) -> None:
    """With a secret, a profile and topics: exit 0 twice, and applying again changes nothing."""
    first = shop.run("plan", check=False)
    assert (first.returncode, "live" in first.stdout) == (3, True)
    assert "live: created, runs" in shop.run("apply").stderr
    for _ in range(2):
        code, plan = shop.plan()
        assert (code, plan["connectors"][0]["secrets"]) == (0, [])
        assert shop.run("plan").stdout == "plan: nothing to do, 1 in order\n"
    assert "live: unchanged, runs" in shop.run("apply").stderr


def test_one_key_edited_in_connect_is_exactly_that_drift(shop: Shop) -> None:
    """Its name, both values, and that it was Connect's side; exit 3; apply puts it back."""
    shop.run("apply")
    config = shop.client.get_config("live")
    shop.client.put_config("live", {**config, "poll.interval.ms": "77"})
    code, plan = shop.plan()
    assert code == 3
    assert plan["connectors"][0]["changes"] == [
        {"key": "poll.interval.ms", "live": "77", "wanted": "10", "cause": "live"}
    ]
    shop.run("apply")
    assert shop.plan()[0] == 0


def test_a_wrong_password_is_seen_and_mended_by_its_file(shop: Shop) -> None:
    """MySQL's password changes: the task fails, in one line. Its file follows: one apply mends it.

    The plan shows other fingerprints, and neither password is anywhere but in the secret's file.
    """
    said = [shop.run("apply")]
    shop.set_password(CHANGED, in_file=False)
    shop.stack.execute("FLUSH PRIVILEGES")
    shop.client.restart("live", only_failed=False)

    def has_failed() -> bool:
        said.append(shop.run("status", check=False))
        return said[-1].returncode == 4

    wait_until(has_failed, 60, "the task fails")
    assert "  SQLException: MySQL refuses the user or the password" in said[-1].stdout

    shop.set_password(CHANGED, in_mysql=False)
    code, plan = shop.plan()
    (secret,) = plan["connectors"][0]["secrets"]
    assert (code, secret["key"], secret["status"]) == (3, "database.password", "changed")
    assert secret["before"] != secret["now"]
    said += [shop.run("plan", check=False), shop.run("apply")]
    assert "live: restarted, runs" in said[-1].stderr
    assert shop.plan()[0] == 0

    told = "".join(one.stdout + one.stderr for one in said) + json.dumps(plan)
    for password in ("Tr0ub4dor-first", CHANGED):
        assert password not in told
        assert password not in everything_that_is_kept(shop)


def test_mistakes_stop_before_the_first_change(shop: Shop) -> None:
    """A missing plugin and a value that Debezium refuses are both told; nothing is created."""
    shop.write("gone", **{"connector.class": "io.example.Missing"})
    shop.write("odd", **{"decimal.handling.mode": "roughly"})
    result = shop.run("apply", check=False)
    assert result.returncode == 2
    assert "gone is refused: connector.class: this Kafka Connect has no io.example" in result.stderr
    assert "odd is refused: decimal.handling.mode" in result.stderr
    assert not {"live", "gone", "odd"} & set(shop.client.list_connectors())


def test_states_prune_and_export(shop: Shop) -> None:
    """Declared halted it never starts; pruned it goes; exported it is a file without drift."""
    shop.write("halted", state="stopped")
    assert "halted: created, is stopped" in shop.run("apply").stderr
    assert shop.client.get_status("halted")["tasks"] == []

    (shop.folder / "halted.yaml").unlink()
    assert "applied before, its file is gone" in shop.run("plan").stdout
    assert "halted: removed" in shop.run("apply", "--prune").stderr

    (shop.folder / "live.yaml").unlink()
    shop.run("export", "live", "--out", str(shop.folder))
    assert shop.plan()[0] == 0


def snapshot_of(shop: Shop, name: str) -> Any:
    """The newest snapshot of a connector, as status has it."""
    status = json.loads(shop.run("status", "--output", "json", check=False).stdout)
    (one,) = (each for each in status["connectors"] if each["name"] == name)
    return one["snapshot"]


def test_a_snapshot_on_demand_is_followed_and_cancelled(shop: Shop) -> None:
    """Only rows that fulfil the condition; one that would take long ends when it is asked to."""
    own = {"incremental.snapshot.chunk.size": "1", "table.include.list": "pizzashop.users"}
    shop.write("asked", **own)
    shop.run("apply", "asked")
    seven = shop.run("snapshot", "pizzashop.users", "--prefix", "asked", "--where", "id <= 7")
    assert "incremental snapshot completed, 7 rows" in seven.stderr

    shop.run("snapshot", "pizzashop.users", "--prefix", "asked", "--no-wait")
    wait_until(lambda: snapshot_of(shop, "asked")["state"] == "running", 60, "it runs")
    shop.run("snapshot", "pizzashop.users", "--prefix", "asked", "--cancel")
    wait_until(lambda: snapshot_of(shop, "asked")["state"] == "aborted", 60, "it is cancelled")
    assert snapshot_of(shop, "asked")["share"] < 1
    shop.run("delete", "asked")
    KafkaAccess.of(shop.stack.settings).topics().delete(["asked.pizzashop.users"])


def test_a_stopped_connector_is_moved_only_by_yes(shop: Shop) -> None:
    """Running: refused. Stopped: told, then done. Resumed, it goes on from there."""
    shop.run("apply")
    wait_until(lambda: "binlog" in shop.run("offsets", "show", "live").stdout, 60, "an offset")
    move = ("offsets", "set", "live", "--file", "binlog.000001", "--pos", "4")
    refused = shop.run(*move, "--yes", check=False)
    assert (refused.returncode, "is RUNNING" in refused.stderr) == (2, True)

    shop.run("stop", "live")
    before = shop.run("offsets", "show", "live").stdout
    assert "to binlog.000001 at 4, " in shop.run(*move).stdout
    assert shop.run("offsets", "show", "live").stdout == before
    shop.run(*move, "--yes")
    assert "live: binlog.000001 at 4, " in shop.run("offsets", "show", "live").stdout
    shop.run("resume", "live")
    assert "live: RUNNING, tasks: RUNNING, lag: " in shop.run("status").stdout


def test_a_worker_that_restarts_in_the_middle_is_waited_for(shop: Shop) -> None:
    """Gone while connectors are created, back again: the same apply ends well, nothing is lost.

    The new worker has the password in its environment, from which a connector may take it too.
    """
    shop.write("live2")
    env = {**shop.stack.env, **shop.env, "LIVE_PASSWORD": "Tr0ub4dor-first"}
    command = [sys.executable, "-m", "cdc", "connectors", "apply", "--jobs", "1"]
    with subprocess.Popen(
        command, env=env, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: "live" in shop.client.list_connectors(), 60, "the first connector")
        shop.stack.run("stack", "down", "connect")
        shop.stack.run("stack", "up", "connect", extra=env)
        _, said = process.communicate(timeout=120)
    assert (process.returncode, said.count(", runs")) == (0, 2), said

    shop.write(**{"database.password": "${env:LIVE_PASSWORD}"})
    shop.run("apply", LIVE_PASSWORD="Tr0ub4dor-first")
    assert "?" not in shop.run("plan", LIVE_PASSWORD="Tr0ub4dor-first").stdout
    unknown = shop.run("plan")
    assert "? database.password: unknown" in unknown.stdout
    assert "env:LIVE_PASSWORD: no such environment variable" in unknown.stdout
