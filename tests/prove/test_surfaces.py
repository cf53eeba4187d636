"""A deliberate leak in each surface is found, and the same marker where it may be is not."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests
from starlette.testclient import TestClient

from cdc.admin.app import create_app
from cdc.config import RelaySettings
from cdc.deadletter import Letter, Origin, Original, seal_letter
from cdc.errors import Unreachable
from cdc.kafka.layout import STATUS
from cdc.kafka.memory import MemoryBroker, MemoryReader, MemorySink, MemoryTopics
from cdc.kafka.port import GroupMetadata, TopicSpec
from cdc.prove.draw import draw_text
from cdc.prove.judging import Search, search_surfaces
from cdc.prove.markers import Ledger, Sort
from cdc.prove.scan import Role
from cdc.prove.standing import get_paths
from cdc.prove.surfaces import (
    READING_COMMANDS,
    Surface,
    command_surface,
    expand,
    file_surface,
    http_surface,
    topic_surfaces,
    unasked,
    why_restricted,
)
from cdc.telemetry.health import Health, HealthServer
from cdc.telemetry.metrics import EVENTS, Metrics
from registry.http import create_app as create_registry
from registry.service import open_registry
from tests.admin.fakes import FakeParts, client_of
from tests.relay_stack.fakes import CIPHER

GOVERNED = "governed.shop.people.v1"
RELAY = RelaySettings()


class Planted:
    """One marker of each sort, and the text of each."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.texts: dict[Sort, str] = {}
        for seed, sort in enumerate(Sort):
            drawn = draw_text(random.Random(seed))
            assert drawn is not None
            self.ledger.add(sort, "shop.people.name", "VARCHAR", drawn.needles)
            self.texts[sort] = drawn.value

    def __getitem__(self, sort: Sort) -> str:
        return self.texts[sort]

    def search(self, *surfaces: Surface) -> Search:
        return search_surfaces(surfaces, self.ledger, lambda _surface, _number: None)


@pytest.fixture
def planted() -> Planted:
    """Markers and their texts."""
    return Planted()


@pytest.fixture
def broker() -> MemoryBroker:
    """Governed, dead-letter, status, raw and Connect's topics."""
    made = MemoryBroker()
    names = (GOVERNED, "governed.dlq", STATUS, "mysql.shop.people", "_connect.offsets", "tomorrow")
    MemoryTopics(made).create([TopicSpec(name, 1) for name in names])
    return made


def topics_of(broker: MemoryBroker) -> list[Surface]:
    """Its topics that are not restricted."""
    reader = MemoryReader(broker, uncommitted=True)
    return topic_surfaces(MemoryTopics(broker).names(), reader, RELAY)[0]


def only_leak(search: Search) -> str:
    """Where the one leak is."""
    (leak,) = search.leaks
    return f"{leak.surface}: {leak.place}"


@pytest.mark.parametrize("value", [b"{}", None])
def test_a_governed_key_is_searched(planted, broker, value):
    """A hidden value in a key, of a record or of a tombstone."""
    broker.append(GOVERNED, planted[Sort.HIDDEN].encode(), value)
    place = only_leak(planted.search(*topics_of(broker)))
    assert place == f"topic {GOVERNED}: {GOVERNED}/0/0 key" + ("" if value else " of a tombstone")


def test_a_governed_value_is_searched(planted, broker):
    """A hidden value and a comment leak; a kept value is where it may be, and is seen."""
    broker.append(GOVERNED, b"k", planted[Sort.KEPT].encode())
    search = planted.search(*topics_of(broker))
    assert (search.leaks, len(search.seen)) == ([], 1)
    broker.append(GOVERNED, b"k", f"{planted[Sort.HIDDEN]} {planted[Sort.SHAPE]}".encode())
    assert len(planted.search(*topics_of(broker)).leaks) == 2


@pytest.mark.parametrize("sort", [Sort.HIDDEN, Sort.KEPT])
def test_headers_are_searched(planted, broker, sort):
    """No row's value belongs into a header, not even one that leaves."""
    sink = MemorySink(broker, "any")
    sink.open()
    sink.begin()
    sink.produce(GOVERNED, 0, b"k", b"v", [("cdc.source", planted[sort].encode())])
    sink.commit({}, GroupMetadata(None))
    assert only_leak(planted.search(*topics_of(broker))).endswith("/0/0 header")


def test_aborted_and_open_transactions_are_searched(planted, broker):
    """What no committed reader gets still lies in the log."""
    for name, abort in (("a", True), ("b", False)):
        sink = MemorySink(broker, name)
        sink.open()
        sink.begin()
        sink.produce(GOVERNED, 0, b"k", planted[Sort.HIDDEN].encode())
        if abort:
            sink.abort()
    assert len(planted.search(*topics_of(broker)).leaks) == 2


def test_the_clear_parts_of_a_dead_letter_are_searched(planted, broker):
    """The sealed original shows nothing; a message or a key that quotes shows it."""
    letter = Letter(
        "rule_cannot_act",
        "anonymize",
        "name",
        "column name: its rule cannot act",
        Origin("mysql.shop.people", 0, 7),
        original=Original(b"k", planted[Sort.HIDDEN].encode()),
    )
    broker.append("governed.dlq", *seal_letter(letter, CIPHER))
    assert planted.search(*topics_of(broker)).leaks == []
    for leaky in (
        replace(letter, message=f"cannot act on {planted[Sort.HIDDEN]}"),
        replace(letter, key=planted[Sort.HIDDEN].encode()),
        replace(letter, message=f"cannot act on {planted[Sort.KEPT]}"),
    ):
        broker.append("governed.dlq", *seal_letter(leaky, CIPHER))
    leaks = planted.search(*topics_of(broker)).leaks
    assert [leak.place for leak in leaks] == [f"governed.dlq/0/{n} value" for n in (1, 2, 3)]
    assert leaks[1].encoding == "base64"


@pytest.mark.parametrize("topic", [STATUS, "tomorrow"])
def test_control_topics_and_unknown_ones_are_searched(planted, broker, topic):
    """The status topic, and a topic of which nobody has thought."""
    broker.append(topic, b"k", json.dumps({"message": planted[Sort.KEPT]}).encode())
    assert only_leak(planted.search(*topics_of(broker))) == f"topic {topic}: {topic}/0/0 value"


def test_restricted_topics_are_named_and_not_searched(planted, broker):
    """Raw topics and Connect's own hold the source's values."""
    for topic in ("mysql.shop.people", "_connect.offsets"):
        broker.append(topic, b"k", planted[Sort.HIDDEN].encode())
    reader = MemoryReader(broker, uncommitted=True)
    surfaces, restricted = topic_surfaces(MemoryTopics(broker).names(), reader, RELAY)
    assert planted.search(*surfaces).leaks == []
    assert [each.place for each in restricted] == [
        "topic _connect.offsets",
        "topic mysql.shop.people",
    ]
    assert not why_restricted("governed.shop.people.v2", RELAY)
    assert not why_restricted("other.shop.people", RELAY)


def test_log_files_are_searched(planted, tmp_path):
    """Every file of the folder, whatever its name; Connect's log is restricted."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "connect.log").write_text(planted[Sort.HIDDEN])
    (logs / "relay.log").write_text("quiet\n")
    assert planted.search(file_surface("logs", logs)).leaks == []
    (logs / "relay.log").write_text(f"ValueError: {planted[Sort.HIDDEN].upper()}\n")
    search = planted.search(file_surface("logs", logs))
    assert only_leak(search) == "logs: logs/relay.log from byte 0"
    assert search.leaks[0].encoding == "upper case"


def test_metrics_are_searched(planted):
    """A label that holds a value."""
    metrics = Metrics()
    metrics.add(EVENTS, table=planted[Sort.KEPT], outcome="dead", path="slow")
    with HealthServer(0, Health(), metrics) as server, requests.Session() as session:
        url = f"http://127.0.0.1:{server.port}"
        surface = http_surface("relay", url, ["/health", "/metrics"], (), session.get)
        assert only_leak(planted.search(surface)) == "relay: GET /metrics"


class _Get:
    """A Starlette test client as `requests` would ask it."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def __call__(self, url: str, /, *, timeout: float) -> requests.Response:
        assert timeout > 0
        told = self._client.get(url)
        answer = requests.Response()
        answer.status_code, answer._content = told.status_code, told.content
        answer.headers.update(told.headers)
        return answer


@pytest.mark.parametrize("path", get_paths(create_app(FakeParts())))
def test_each_route_is_asked(path):
    """Every GET route of `cdc serve` gives an answer to be searched."""
    get = _Get(client_of(FakeParts()))
    surface = http_surface("REST", "", get_paths(create_app(FakeParts())), (), get)
    pieces = {piece.place: piece for piece in surface.read()}
    assert pieces[f"GET {path}"].data


def test_rest_answers_are_searched(planted):
    """A status, a topic's name, a refusal: bodies and headers alike."""
    parts = FakeParts(topics=lambda: [{"name": planted[Sort.HIDDEN]}])
    paths = get_paths(create_app(parts))
    search = planted.search(http_surface("REST", "", paths, (), _Get(client_of(parts))))
    assert only_leak(search) == "REST: GET /api/v1/topics"

    def fail() -> bytes:
        raise Unreachable(planted[Sort.KEPT])

    search = planted.search(
        http_surface("REST", "", paths, (), _Get(client_of(FakeParts(metrics=fail))))
    )
    assert only_leak(search) == "REST: GET /metrics"


@pytest.mark.parametrize("place", ["doc", "default"])
def test_governed_schemas_are_searched(planted, tmp_path, place):
    """A column's comment as a doc, or its default: in every version that is registered."""
    service = open_registry(f"sqlite:///{tmp_path / 'registry.db'}")
    app = create_registry(service)
    field = {"name": "a", "type": "string", place: planted[Sort.SHAPE]}
    record = {"type": "record", "name": "Value", "fields": [field]}
    with TestClient(app) as client:
        subject = f"/subjects/{GOVERNED}-value/versions"
        client.post(subject, json={"schema": json.dumps(record)}).raise_for_status()
        rows = [{"subject": f"{GOVERNED}-value", "version": "1", "id": "1", "guid": "none"}]
        paths = get_paths(app)
        search = planted.search(http_surface("registry", "", paths, rows, _Get(client)))
        places = {leak.place for leak in search.leaks}
    assert f"GET {subject}/1/schema" in places
    assert "GET /schemas/ids/1" in places
    assert unasked(paths, rows) == []


def test_command_output_is_searched(planted):
    """Stdout and stderr of every telling command; what shows rows may show those that leave."""
    rows = [
        {"governed": GOVERNED},
        {"other": "governed.dlq"},
        {"log": "relay"},
        {"registry": "http://127.0.0.1:1"},
    ]
    kept = planted[Sort.KEPT].encode()
    tail = ("topics", "tail", GOVERNED, "--from-beginning")
    asked = []

    def say(*words: str) -> bytes:
        asked.append(words)
        return kept if words in {tail, ("relay", "status")} else b""

    search = planted.search(command_surface(say, rows))
    assert only_leak(search) == "command line: cdc relay status"
    assert len(search.seen) == 1
    assert len(asked) == len(READING_COMMANDS)


def test_a_hidden_value_in_a_tail_is_a_leak(planted):
    """Even where rows are shown."""
    surface = command_surface(lambda *_: planted[Sort.HIDDEN].encode(), [{"governed": GOVERNED}])
    places = {leak.place for leak in planted.search(surface).leaks}
    assert f"cdc topics tail {GOVERNED} --from-beginning" in places


def test_paths_are_filled_in_every_way():
    """From rows that have all of a path's names; names are quoted, a converter is known."""
    rows = [{"a": "x/y", "b": "1"}, {"a": "x/y", "b": "2"}, {"c": "z"}]
    assert expand("/p/{a}/q/{b}", rows) == ["/p/x%2Fy/q/1", "/p/x%2Fy/q/2"]
    assert expand("/p/{a}", rows) == ["/p/x%2Fy"]
    assert expand("/p/{c:path}", rows) == ["/p/z"]
    assert expand("/p", rows) == ["/p"]
    assert unasked(["/p/{a}", "/p/{d}"], rows) == ["/p/{d}"]


def test_a_route_whose_names_cannot_be_filled_is_told(tmp_path):
    """Both applications as they are: each GET route's names are known to the proof.

    A new route with a name of its own needs a row in `cdc.prove.standing`.
    """
    service = open_registry(f"sqlite:///{tmp_path / 'registry.db'}")
    paths = [*get_paths(create_app(FakeParts())), *get_paths(create_registry(service))]
    known = [{"name": "n", "connector": "n"}, {"table": "t"}, {"topic": "t"}]
    assert len(paths) > 20
    assert unasked(paths, known) == []


def test_what_is_kept_and_never_seen_is_told(planted, broker):
    """A search that finds nothing where something is proves nothing."""
    assert planted.search(*topics_of(broker)).unseen(planted.ledger) == ("VARCHAR",)
    broker.append(GOVERNED, b"k", base64.b64encode(planted[Sort.KEPT].encode()))
    assert planted.search(*topics_of(broker)).unseen(planted.ledger) == ()


def test_what_does_not_answer_is_unreachable():
    """Nothing is proven of a surface that is silent."""
    with requests.Session() as session:
        surface = http_surface("REST", "http://127.0.0.1:1", ["/health"], (), session.get)
        with pytest.raises(Unreachable, match="does not answer"):
            list(surface.read())


def test_roles_say_what_a_piece_is(broker):
    """Governed keys and values are rows, headers and all else are not."""
    broker.append(GOVERNED, b"k", b"v")
    broker.append(STATUS, b"k", b"v")
    pieces: Iterator = (piece for each in topics_of(broker) for piece in each.read())
    assert {piece.place.split("/")[0]: piece.role for piece in pieces} == {
        GOVERNED: Role.ROWS,
        STATUS: Role.ELSE,
    }
