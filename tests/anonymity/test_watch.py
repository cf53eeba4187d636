"""The count beside the service: metrics, a warning, and no harm from what fails."""

import io
import json

import pytest

from cdc.anonymity import AnonymityWatch
from cdc.errors import ConfigError, Unreachable
from cdc.telemetry.logs import configure_logs
from cdc.telemetry.metrics import K_BELOW, K_CELL, K_COUNTED, K_ROWS_BELOW, Metrics
from tests.anonymity.world import TOPIC, World
from tests.waiting import wait_until


@pytest.fixture
def lines():
    """What is logged, as read from JSON."""
    stream = io.StringIO()
    configure_logs(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    configure_logs()


@pytest.fixture
def world(tmp_path):
    """Three users in one cell, one alone; k: 2."""
    made = World(tmp_path)
    for number, latitude in enumerate(("12.90", "12.91", "12.92", "13.05")):
        made.place(number, latitude)
    return made


def _watch(world, metrics, every_s=0.0):
    return AnonymityWatch(lambda: [world.target], world.counter, metrics, every_s)


def test_below_k_is_a_warning_and_a_metric(world, lines):
    """Smallest cell, rows below k, the alert, and when; the warning has counts alone."""
    metrics = Metrics()
    watch = _watch(world, metrics)
    watch.look()
    shown = {m: metrics.value(m, topic=TOPIC) for m in (K_CELL, K_ROWS_BELOW, K_BELOW)}
    assert shown == {K_CELL: 1, K_ROWS_BELOW: 1, K_BELOW: 1}
    assert metrics.value(K_COUNTED, topic=TOPIC) > 1_700_000_000
    (line,) = lines()
    assert (line["event"], line["level"], line["rows_below"]) == ("below_k", "warning", 1)
    assert "13.05" not in str(line)
    assert watch.last()[0]["smallest"] == 1


def test_reaching_k_ends_the_alert(world, lines):
    """What was below is told as fine at the next count."""
    metrics = Metrics()
    watch = _watch(world, metrics)
    watch.look()
    world.place(3, "12.90")
    watch.look()
    assert metrics.value(K_BELOW, topic=TOPIC) == 0
    assert metrics.value(K_CELL, topic=TOPIC) == 4
    assert len(lines()) == 1


def test_what_cannot_be_counted_keeps_the_count_before(world, lines, monkeypatch):
    """Kafka away, or a broken policy: a warning with the reason, the last result stays."""
    metrics = Metrics()
    watch = _watch(world, metrics)
    watch.look()

    def unreachable(*_):
        raise Unreachable("Kafka does not answer", hint="cdc stack up kafka")

    monkeypatch.setattr(world.topics, "ranges", unreachable)
    watch.look()
    assert lines()[1]["message"] == "Kafka does not answer"
    assert metrics.value(K_CELL, topic=TOPIC) == 1
    (world.folder / "pizzashop.users.yaml").write_text("table: x\n")
    monkeypatch.setattr(World, "target", property(lambda _: _refuse()))
    watch.look()
    assert lines()[-1]["event"] == "k_not_counted"
    assert watch.last()[0]["topic"] == TOPIC


def _refuse():
    raise ConfigError("p.yaml:1: columns: is missing")


def test_a_topic_whose_policy_says_no_k_any_more_is_forgotten(world, lines):
    """Its last numbers must not stand for ever."""
    metrics = Metrics()
    targets = [world.target]
    watch = AnonymityWatch(lambda: targets, world.counter, metrics, 0)
    watch.look()
    targets.clear()
    watch.look()
    assert TOPIC.encode() not in metrics.render()
    assert watch.last() == []
    assert len(lines()) == 1


def test_it_counts_again_and_again_until_it_is_stopped(world, lines):
    """A mistake of ours is logged by its class alone and ends nothing."""
    metrics = Metrics()
    broken = iter([ValueError("13.05")])

    def targets():
        for error in broken:
            raise error
        return [world.target]

    watch = AnonymityWatch(targets, world.counter, metrics, 0.01)
    watch.start()
    wait_until(lambda: metrics.value(K_CELL, topic=TOPIC) == 1, 10, "the second look")
    world.place(3, "12.90")
    wait_until(lambda: metrics.value(K_CELL, topic=TOPIC) == 4, 10, "a later look")
    watch.stop()
    assert (lines()[0]["event"], lines()[0]["error"]) == ("k_watch_failed", "ValueError")
    assert "13.05" not in str(lines())


def test_zero_seconds_is_never(world):
    """The setting that turns it off."""
    watch = _watch(world, Metrics())
    watch.start()
    watch.stop()
    assert watch.last() == []
