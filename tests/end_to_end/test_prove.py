"""The leak proof on a real stack: clean as it is, and every planted leak is found."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from unittest import mock

import pytest

from cdc.config import RelaySettings, load_settings
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import STATUS, dead_letter_topic
from cdc.kafka.port import GroupMetadata, TopicSpec
from cdc.prove.draw import draw_text
from cdc.prove.ground import Ground, open_ground
from cdc.prove.judging import Search
from cdc.prove.markers import Sort
from cdc.prove.play import STAGES, Played, play
from cdc.prove.proof import search_ground
from cdc.prove.standing import Standing
from cdc.stack.report import Report
from registry.client import RegistryClient
from registry.model import Subject
from tests.conftest import make_stack
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

GOVERNED = "governed.pizzashop.users.v1"


@dataclass(frozen=True)
class Proven:
    """A ground after the play, still running, and what the first search found."""

    ground: Ground
    played: Played
    standing: Standing
    search: Search

    def text(self, sort: Sort) -> str:
        """A new marked text of a sort."""
        drawn = draw_text(random.SystemRandom())
        assert drawn is not None
        self.played.ledger.add(sort, "a test", "VARCHAR", drawn.needles)
        return str(drawn.value)


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proven]:
    """One ground for this module: everything done on it, searched once."""
    env = make_stack(tmp_path_factory.mktemp("user")).env
    with mock.patch.dict(os.environ, env, clear=True):
        settings = load_settings()
    with open_ground(settings) as ground, Report() as report:
        played = play(ground, report, random.SystemRandom())
        yield Proven(ground, played, *search_ground(ground, played, report))


def test_nothing_leaks(proven: Proven) -> None:
    """Every operation, every stage of dead letters, a crash: and no marker but where it may be."""
    assert proven.search.leaks == []
    assert proven.search.unseen(proven.played.ledger) == ()
    assert proven.standing.unasked == ()
    assert set(STAGES) <= set(proven.played.letters)
    assert len(proven.played.ledger) > 5000
    looked = {each.surface: each.bytes for each in proven.search.looked}
    for surface in (
        f"topic {GOVERNED}",
        "topic governed.pizzashop.canaries.v1",
        "topic governed.dlq",
        f"topic {STATUS}",
        "registry",
        "REST of cdc serve",
        "relay: metrics, health",
        "log files",
        "command line",
        "commands while it failed",
    ):
        assert looked[surface], surface
    restricted = {place.place for place in proven.standing.restricted}
    assert "topic mysql.pizzashop.canaries" in restricted
    assert "topic _connect.offsets" in restricted


def test_every_planted_leak_is_found(proven: Proven) -> None:
    """Leaks of the real kind, in the real places, each under a marker of its own."""
    planted: dict[str, str] = {}

    def leak(surface: str, sort: Sort = Sort.HIDDEN) -> bytes:
        text = proven.text(sort)
        planted[list(proven.played.ledger)[-1].id] = surface
        return text.encode()

    settings = proven.ground.settings
    kafka = KafkaAccess.of(settings)
    letters = dead_letter_topic(settings.relay.namespace)
    kafka.topics().create([TopicSpec("tomorrow", 1)])
    sink = kafka.sink(RelaySettings(group="leaks"), 0)
    sink.open()
    sink.begin()
    of_users = f"topic {GOVERNED}"
    sink.produce(GOVERNED, 0, leak(of_users), b"{}")
    sink.produce(GOVERNED, 0, leak(of_users), None)
    sink.produce(GOVERNED, 0, b"k", b'{"a":"%s"}' % leak(of_users).upper())
    sink.produce(GOVERNED, 0, b"k", b"v", [("h", leak(of_users, Sort.KEPT))])
    sink.produce(letters, 0, b"k", b'{"message":"%s"}' % leak(f"topic {letters}"))
    sink.produce(STATUS, 0, b"someone", b'"%s"' % leak(f"topic {STATUS}"))
    sink.produce("tomorrow", 0, b"k", leak("topic tomorrow"))
    sink.commit({}, GroupMetadata(None))
    sink.begin()
    aborted = leak(of_users)
    sink.produce(GOVERNED, 0, b"k", aborted)
    log = kafka.log_reader()
    wait_until(lambda: aborted in [record.value for record in log.read_to_end(GOVERNED)])
    sink.abort()

    doc, default = (leak("registry", Sort.SHAPE).decode() for _ in range(2))
    fields = [{"name": "a", "type": "string", "doc": doc, "default": default}]
    schema = {"type": "record", "name": "Leaky", "fields": fields}
    registry = RegistryClient(settings.registry_url)
    registry.register(Subject("governed.leaky.v1-value"), json.dumps(schema))
    with proven.ground.site.log("relay").open("ab") as file:
        file.write(b'{"event":"%s"}\n' % leak("log files"))
    (settings.policies.dir / "leaky.yaml").write_text(leak("command line").decode() + ": 1\n")
    named = f"governed.{leak('REST of cdc serve').decode().partition('@')[0]}.v1"
    kafka.topics().create([TopicSpec(named, 1)])

    with Report() as report:
        _, search = search_ground(proven.ground, proven.played, report)
    found = {(leak.marker, leak.surface) for leak in search.leaks}
    assert set(planted.items()) <= found
    assert {marker for marker, _ in found} == set(planted)
