from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.relay_stack.identity import STOPPING_SHAPE
from tests.relay_stack.river import River
from tests.waiting import wait_until


@pytest.mark.stack
def test_status_shows_what_a_relay_does(river: River) -> None:
    """Tables with state, lag and governed topic; exit 0 while all is well; nothing on stderr."""
    river.send(0, 100)
    river.relay()
    river.await_position(100)

    done = river.cdc("relay", "status", "--output", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (relay,) = json.loads(done.stdout)["relays"]
    assert (relay["name"], relay["state"]) == (f"{river.name}-0", "running")
    (table,) = relay["tables"]
    assert (table["raw_topic"], table["state"], table["position"]) == (river.raw, "running", 100)
    assert (table["governed_topic"], table["withheld"]) == (river.governed, ["secret"])
    assert river.raw.partition(".")[2] in river.cdc("relay", "status").stdout


@pytest.mark.stack
def test_status_says_why_a_table_is_stopped(river: River) -> None:
    """Exit 1; code, message and next step in both outputs."""
    river.send(0, 10)
    river.send(10, 11, shape=STOPPING_SHAPE)
    river.relay()
    wait_until(lambda: any(table.code for table in river.tables()))

    done = river.cdc("relay", "status", "--output", "json")
    assert done.returncode == 1
    ((table,),) = [relay["tables"] for relay in json.loads(done.stdout)["relays"]]
    assert (table["state"], table["code"], table["hint"]) == ("stopped", "no_policy", "write one")
    text = river.cdc("relay", "status").stdout
    assert f"{river.raw}: stopped (no_policy): users: no policy, so nothing leaves" in text
    assert "hint: write one" in text
    assert river.state().stops[river.raw].code == "no_policy"


@pytest.mark.stack
def test_status_without_a_relay(river: River) -> None:
    """Exit 1, said in words, with the next step."""
    done = river.cdc("relay", "status")
    assert done.returncode == 1
    assert "no relay has reported" in done.stdout
    assert "hint: cdc stack up relay" in done.stderr


@pytest.mark.stack
def test_a_killed_relay_is_silent(river: River) -> None:
    """Exit 1 once it has not spoken for ten seconds, with a next step."""
    river.send(0, 1)
    process = river.relay()
    river.await_position(1)
    process.kill()

    wait_until(lambda: river.cdc("relay", "status").returncode == 1)
    said = river.cdc("relay", "status").stdout
    assert "silent: it has ended" in said
    assert "cdc stack up relay" in said


@pytest.mark.stack
def test_topics_are_listed_and_read(river: River) -> None:
    """JSON on stdout, one object a record; raw and governed side by side."""
    river.send(0, 100)
    river.relay()
    river.await_position(100)

    listed = json.loads(river.cdc("topics", "list", "--output", "json").stdout)["topics"]
    mine = {topic["name"]: topic for topic in listed if river.name in topic["name"]}
    assert (mine[river.raw]["kind"], mine[river.raw]["records"]) == ("raw", 100)
    assert (mine[river.governed]["kind"], mine[river.governed]["partitions"]) == ("governed", 3)
    assert river.raw in river.cdc("topics", "list").stdout

    tailed = river.cdc("topics", "tail", river.raw, "-n", "3")
    records = [json.loads(line) for line in tailed.stdout.splitlines()]
    assert [record["offset"] for record in records] == [97, 98, 99]
    assert records[0]["value"] == "S1|c|97"
    assert tailed.stderr == ""

    everything = river.cdc("topics", "tail", river.governed, "--from-beginning")
    assert len(everything.stdout.splitlines()) == 100
    one = river.cdc("topics", "tail", river.governed, "--key", "42")
    assert [json.loads(line)["value"] for line in one.stdout.splitlines()] == ["1:42"]


@pytest.mark.stack
def test_an_unknown_topic_is_a_usage_error(river: River) -> None:
    """Exit 2, one line, near names."""
    river.send(0, 1)
    done = river.cdc("topics", "tail", river.raw + "s")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: topic {river.raw}s: does not exist\nhint: near: ")


@pytest.mark.parametrize(
    "command", [("relay", "status"), ("topics", "list"), ("topics", "tail", "x")]
)
def test_kafka_that_does_not_answer(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Exit 4 within seconds, one line and a hint, nothing of the client's own."""
    began = time.monotonic()
    done = River("127.0.0.1:1", tmp_path).cdc(*command)
    assert time.monotonic() - began < 15
    assert (done.returncode, done.stdout) == (4, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: Kafka at 127.0.0.1:1 does not answer")
    assert "kafka.bootstrap" in hint
