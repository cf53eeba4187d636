from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from cdc.errors import FatalError, TransientError, Unreachable
from cdc.kafka import coverage
from cdc.kafka.layout import CONTROL_SPECS
from cdc.kafka.port import TopicPartition, TopicSpec
from tests.kafka.worlds import (
    KafkaWorld,
    MemoryWorld,
    World,
    await_assignment,
    collect,
    commit,
    make_topic,
    send,
    subscribe,
)
from tests.waiting import wait_until


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.stack)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Both implementations, one after the other."""
    if request.param == "memory":
        opened: World = MemoryWorld()
    else:
        opened = KafkaWorld(request.getfixturevalue("stack").settings.bootstrap)
    yield opened
    opened.close()


def test_a_partition_delivers_nothing_before_it_is_started(world: World) -> None:
    """An assigned partition is silent until `start` says where from, and then complete."""
    topic = make_topic(world, "shop.users")
    source, sink = world.source(), world.sink()
    sink.open()
    send(sink, topic, [b"a", b"b", b"c"])
    commit(sink, source)
    subscribe(world, source)
    await_assignment(source, topic)
    source.start(TopicPartition(topic), 1)

    (batch,) = collect(source, 2)

    assert (batch.topic, batch.partition, batch.values) == (topic, 0, [b"b", b"c"])
    assert batch.offsets.dtype == np.int64
    assert batch.offsets.tolist() == [1, 2]


def test_batches_are_per_partition_and_in_offset_order(world: World) -> None:
    """Events of two topics that were written alternately come as one ordered batch each."""
    users, products = make_topic(world, "shop.users"), make_topic(world, "shop.products")
    source, sink = world.source(), world.sink()
    sink.open()
    sink.begin()
    for number in range(20):
        sink.produce((users, products)[number % 2], 0, b"k%d" % number, b"v%d" % number)
    commit(sink, source)
    subscribe(world, source)
    await_assignment(source, users, products)
    for topic in (users, products):
        source.start(TopicPartition(topic), 0)

    batches = collect(source, 20)

    for topic, rest in ((users, 0), (products, 1)):
        mine = [batch for batch in batches if batch.topic == topic]
        values = [value for batch in mine for value in batch.values]
        assert values == [b"v%d" % number for number in range(20) if number % 2 == rest]
        assert all(len(batch.offsets) == len(batch.keys) == len(batch) for batch in mine)


def test_only_committed_records_are_read(world: World) -> None:
    """Aborted records never come, open ones only with their commit."""
    topic = make_topic(world, "shop.users")
    source, sink = world.source(), world.sink()
    sink.open()
    send(sink, topic, [b"aborted"])
    sink.abort()
    send(sink, topic, [b"good"])
    subscribe(world, source)
    await_assignment(source, topic)
    source.start(TopicPartition(topic), 0)
    assert source.poll(10, 0.3) == []

    commit(sink, source)

    (batch,) = collect(source, 1)
    assert batch.values == [b"good"]


def test_the_log_reader_hides_nothing(world: World) -> None:
    """Committed, aborted and open records, with headers, from the first offset that is there."""
    topic = make_topic(world, "out")
    source, sink, other = world.source(), world.sink(), world.sink(1)
    sink.open()
    other.open()

    def values() -> list[bytes | None]:
        return [record.value for record in world.log_reader.read_to_end(topic)]

    send(sink, topic, [b"aborted"])
    wait_until(lambda: values() == [b"aborted"])
    sink.abort()
    sink.begin()
    sink.produce(topic, 0, b"k", b"good", [("h", b"1")])
    commit(sink, source)
    send(other, topic, [b"open"])
    wait_until(lambda: values() == [b"aborted", b"good", b"open"])
    records = list(world.log_reader.read_to_end(topic, headers=True))
    assert [list(record.headers) for record in records if record.key] == [[("h", b"1")]]
    world.expire(topic, 1)
    assert values() == [b"good", b"open"]
    other.abort()


def test_records_and_offsets_become_final_together(world: World) -> None:
    """A commit moves both; an abort neither; a partition without an offset is missing."""
    raw, out = make_topic(world, "shop.users"), make_topic(world, "out")
    source, sink = world.source(), world.sink()
    sink.open()
    subscribe(world, source)
    await_assignment(source, raw)
    at = TopicPartition(raw)
    assert source.committed([at]) == {}

    send(sink, out, [b"first"])
    sink.abort()
    assert source.committed([at]) == {}

    send(sink, out, [b"second"])
    commit(sink, source, {at: 7})
    assert source.committed([at]) == {at: 7}
    assert [record.value for record in world.reader.read_to_end(out)] == [b"second"]


def test_the_next_member_of_the_same_name_sees_the_offsets(world: World) -> None:
    """A restarted instance gets the partition back, and its committed offset."""
    topic = make_topic(world, "shop.users")
    first, sink = world.source(), world.sink()
    sink.open()
    subscribe(world, first)
    await_assignment(first, topic)
    send(sink, topic, [b"a"])
    commit(sink, first, {TopicPartition(topic): 1})
    first.close()

    second = world.source()
    subscribe(world, second)
    await_assignment(second, topic)

    assert second.committed([TopicPartition(topic)]) == {TopicPartition(topic): 1}


def test_a_topic_made_later_joins(world: World) -> None:
    """A topic that matches is found while the source runs; others go on undisturbed."""
    users = make_topic(world, "shop.users")
    source, sink = world.source(), world.sink()
    sink.open()
    subscribe(world, source)
    await_assignment(source, users)
    source.start(TopicPartition(users), 0)

    products = make_topic(world, "shop.products")
    make_topic(world, "shop.products.v1")
    await_assignment(source, products)

    send(sink, users, [b"still"])
    commit(sink, source)
    (batch,) = collect(source, 1)
    assert (batch.topic, batch.values) == (users, [b"still"])


def test_pause_and_start_move_one_partition_alone(world: World) -> None:
    """A paused partition is silent, and starts again where it is told to; the other goes on."""
    users, products = make_topic(world, "shop.users"), make_topic(world, "shop.products")
    source, sink = world.source(), world.sink()
    sink.open()
    subscribe(world, source)
    await_assignment(source, users, products)
    for topic in (users, products):
        source.start(TopicPartition(topic), 0)
    source.pause(TopicPartition(users))
    send(sink, users, [b"u"])
    sink.produce(products, 0, None, b"p")
    commit(sink, source)

    (only,) = collect(source, 1)
    assert only.topic == products
    assert source.poll(10, 0.2) == []

    source.start(TopicPartition(users), 0)
    (late,) = collect(source, 1)
    assert (late.topic, late.values) == (users, [b"u"])


def test_every_start_delivers_from_its_offset(world: World) -> None:
    """However often and however soon a partition is started anew, nothing is passed over."""
    topic = make_topic(world, "shop.users")
    source, sink = world.source(), world.sink()
    sink.open()
    send(sink, topic, [b"0", b"1", b"2"])
    commit(sink, source)
    subscribe(world, source)
    await_assignment(source, topic)

    for turn in range(40):
        source.start(TopicPartition(topic), 0)
        if turn % 4:
            values = [value for batch in collect(source, 3) for value in batch.values]
            assert values == [b"0", b"1", b"2"]
        if turn % 3:
            source.pause(TopicPartition(topic))


def test_an_offset_out_of_range_is_told_for_that_partition_alone(world: World) -> None:
    """What retention took is reported as lost; the other partition delivers; both can restart."""
    users, products = make_topic(world, "shop.users"), make_topic(world, "shop.products")
    source, sink = world.source(), world.sink()
    sink.open()
    send(sink, users, [b"0", b"1", b"2"])
    sink.produce(products, 0, None, b"p")
    commit(sink, source)
    world.expire(users, 2)
    subscribe(world, source)
    await_assignment(source, users, products)
    assert world.topics.ranges([users])[TopicPartition(users)][0] == 2
    source.start(TopicPartition(users), 0)
    source.start(TopicPartition(products), 0)

    values: list[bytes | None] = []

    def ask() -> bool:
        values.extend(value for batch in source.poll(10, 0.1) for value in batch.values)
        return TopicPartition(users) in source.take_changes().lost

    wait_until(ask)
    wait_until(lambda: ask() or values)
    assert values == [b"p"]

    source.start(TopicPartition(users), 2)
    (batch,) = collect(source, 1)
    assert batch.values == [b"2"]


def test_lag_counts_down_to_zero(world: World) -> None:
    """Once all is read the lag is 0, transaction markers or not."""
    topic = make_topic(world, "shop.users")
    source, sink = world.source(), world.sink()
    sink.open()
    send(sink, topic, [b"a", b"b"])
    commit(sink, source)
    subscribe(world, source)
    await_assignment(source, topic)
    source.start(TopicPartition(topic), 0)
    collect(source, 2)

    wait_until(lambda: source.poll(10, 0.05) == [] and source.lag() == {TopicPartition(topic): 0})


def test_a_second_sink_of_the_same_name_fences_the_first(world: World) -> None:
    """The older one can commit nothing more, and what it left open is never read."""
    topic = make_topic(world, "out")
    source = world.source()
    older, newer = world.sink(), world.sink()
    older.open()
    send(older, topic, [b"zombie"])
    newer.open()

    with pytest.raises(FatalError):
        commit(older, source)
    assert [record.value for record in world.reader.read_to_end(topic)] == []


def test_a_second_source_of_the_same_name_fences_the_first(world: World) -> None:
    """The older member learns it from its next polls, and cannot move offsets."""
    topic = make_topic(world, "shop.users")
    older, newer, sink = world.source(), world.source(), world.sink()
    sink.open()
    subscribe(world, older)
    await_assignment(older, topic)
    stale = older.group_metadata()
    subscribe(world, newer)
    await_assignment(newer, topic)

    with pytest.raises(FatalError):
        wait_until(lambda: older.poll(1, 0.1))
    send(sink, topic, [b"x"])
    with pytest.raises((FatalError, TransientError)):
        sink.commit({TopicPartition(topic): 1}, stale)


def test_begin_insists_on_a_resolved_transaction(world: World) -> None:
    """Two transactions cannot be open; after abort all is well, twice aborted too."""
    sink = world.sink()
    sink.open()
    sink.begin()
    with pytest.raises(TransientError):
        sink.begin()
    sink.abort()
    sink.abort()
    sink.begin()
    sink.abort()


def test_a_reading_ends_where_the_topic_ended(world: World) -> None:
    """All partitions, tombstones included, nothing open; `offsets` is where to go on."""
    topic = make_topic(world, "out", partitions=2)
    source, sink = world.source(), world.sink()
    sink.open()
    sink.begin()
    sink.produce_all(topic, [0, 1, 0], [b"a", b"b", b"a"], [b"1", b"2", None])
    commit(sink, source)
    reading = world.reader.read_to_end(topic)

    found = sorted(
        (record.partition, record.key, record.value) for record in reading if record.value
    )
    assert found == [(0, b"a", b"1"), (1, b"b", b"2")]

    send(sink, topic, [b"later"])
    assert list(world.reader.read_to_end(topic, reading.offsets)) == []
    commit(sink, source)
    again = list(world.reader.read_to_end(topic, reading.offsets))
    assert [record.value for record in again] == [b"later"]


def test_an_unknown_topic_reads_as_empty(world: World) -> None:
    """No error, no record."""
    assert list(world.reader.read_to_end(f"{world.prefix}.nowhere")) == []


def test_follow_goes_on_for_ever(world: World) -> None:
    """Records come as they are committed; None marks a pause."""
    topic = make_topic(world, "out")
    source, sink = world.source(), world.sink()
    sink.open()
    following = iter(world.reader.follow(topic, {0: 0}))
    assert next(following) is None
    send(sink, topic, [b"news"])
    commit(sink, source)

    record = wait_until(lambda: next(following))

    assert record is not None
    assert record.value == b"news"


def test_topics_are_created_once_and_known_by_id(world: World) -> None:
    """Creating again changes nothing; deleting and creating gives another id."""
    topic = make_topic(world, "out", partitions=2)
    before = world.topics.describe([topic, f"{world.prefix}.nowhere"])
    world.topics.create([TopicSpec(topic, 5)])

    assert world.topics.describe([topic]) == before
    assert before[topic].partitions == 2
    assert topic in world.topics.names()
    assert world.topics.ranges([topic]) == {
        TopicPartition(topic, 0): (0, 0),
        TopicPartition(topic, 1): (0, 0),
    }

    world.delete(topic)
    make_topic(world, "out", partitions=2)
    assert world.topics.describe([topic])[topic].topic_id != before[topic].topic_id


def test_a_deleted_topic_is_gone(world: World) -> None:
    """Neither described nor listed; deleting it again, or an unknown one, is no error."""
    topic = make_topic(world, "gone", partitions=1)
    world.topics.delete([topic])
    assert world.topics.describe([topic]) == {}
    assert topic not in world.topics.names()
    world.topics.delete([topic, f"{world.prefix}.nowhere"])


def test_the_settings_of_topics_are_told(world: World) -> None:
    """What a topic was made with, and what the broker adds; an unknown topic is missing."""
    topic = f"{world.prefix}.settled"
    world.topics.create([TopicSpec(topic, 1, {"retention.ms": "60000"})])

    told = world.topics.configs([topic, f"{world.prefix}.nowhere"])

    assert set(told) == {topic}
    assert told[topic]["retention.ms"] == "60000"
    assert told[topic]["cleanup.policy"] == "delete"


def test_two_members_share_the_tables(world: World) -> None:
    """Topics of one partition are spread, not all given to the first member."""
    topics = [make_topic(world, f"shop.t{number}") for number in range(4)]
    owned: dict[int, set[TopicPartition]] = {0: set(), 1: set()}
    sources = {number: world.source(number) for number in owned}
    for source in sources.values():
        subscribe(world, source)

    def ask() -> bool:
        for number, source in sources.items():
            source.poll(1, 0.05)
            changes = source.take_changes()
            owned[number] = (owned[number] | changes.assigned) - changes.revoked
        return sorted(map(len, owned.values())) == [2, 2]

    wait_until(ask)
    assert owned[0] | owned[1] == {TopicPartition(topic) for topic in topics}


def test_a_group_that_has_nothing_to_read_yet(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody joins before there is a topic, so that there is no group; the first topic is found."""
    source = world.source()
    subscribe(world, source)
    with monkeypatch.context() as at_once:
        at_once.setattr(coverage, "LOOK_S", 0.0)
        source.claim_unassigned()
    await_assignment(source, make_topic(world, "shop.first"))


def test_a_topic_made_while_its_member_was_away_is_assigned(world: World) -> None:
    """A relay that comes back within its session gets the tables that are new since."""
    before = make_topic(world, "shop.before")
    world.topics.create(CONTROL_SPECS)
    first = world.source()
    subscribe(world, first)
    await_assignment(first, before)
    first.close()
    since = make_topic(world, "shop.since")

    second = world.source()
    subscribe(world, second)
    await_assignment(second, before, since)


def test_an_appended_record_is_there_at_once(world: World) -> None:
    """Key and value on partition 0, for every reader, when `append` returns."""
    topic = make_topic(world, "shop.users", 2)
    world.appender.append(topic, b"k", b"v")
    world.appender.append(topic, b"k", b"w")
    records = list(world.reader.read_to_end(topic))
    assert [(it.partition, it.key, it.value) for it in records] == [
        (0, b"k", b"v"),
        (0, b"k", b"w"),
    ]


def test_appending_to_a_topic_that_does_not_exist(world: World) -> None:
    """Nothing is created; the error says which topic."""
    with pytest.raises(Unreachable, match="nowhere"):
        world.appender.append(f"{world.prefix}.nowhere", b"k", b"v")
