"""TRUNCATE: every key that is alive in the table's governed topics gets a tombstone.

    1. what came before the TRUNCATE has been committed
    2. read the governed topics to their ends: the keys that are alive, each with its partition
    3. tombstones, at most `CHUNK` in a transaction; the offset stays on the TRUNCATE
    4. with the last chunk, in the same transaction, the offset moves behind it and the table's open
       dead letters are superseded
    5. reading goes on there

After a crash anywhere in between the TRUNCATE is met again and finds the keys that are left.
"""

from __future__ import annotations

from collections.abc import Sequence

from cdc.kafka.port import Reader
from cdc.relay.letters import LetterWriter
from cdc.relay.ports import Ports
from cdc.relay.work import Truncation
from cdc.telemetry.logs import get_log

CHUNK = 10_000
"""Tombstones in one transaction: well within its time-out."""
_LOG = get_log("cdc.relay")


def live_keys(reader: Reader, topic: str) -> list[tuple[bytes, int]]:
    """Keys whose last record is no tombstone, with the partition they were read from."""
    alive: dict[bytes, int] = {}
    for record in reader.read_to_end(topic):
        if record.key is None:
            continue
        if record.value is None:
            alive.pop(record.key, None)
        else:
            alive[record.key] = record.partition
    return list(alive.items())


def carry_out(truncation: Truncation, ports: Ports, letters: LetterWriter) -> None:
    """Steps 2 to 5.

    Raises:
        TransientError: a chunk could not be committed; those before it are.
    """
    table = truncation.table
    emptied = () if truncation.append_only else truncation.topics
    keys = {topic: live_keys(ports.reader, topic) for topic in emptied}
    chunks = [
        (topic, alive[at : at + CHUNK])
        for topic, alive in keys.items()
        for at in range(0, len(alive), CHUNK)
    ] or [(truncation.topics[0], [])]
    for number, (topic, chunk) in enumerate(chunks, 1):
        ports.sink.begin()
        _bury(topic, chunk, ports)
        last = number == len(chunks)
        if last:
            letters.supersede(table.letters, table.letters)
        offset = truncation.offset + (1 if last else 0)
        ports.sink.commit({table.at: offset}, ports.source.group_metadata())
        ports.health.beat()
    table.position = truncation.offset + 1
    table.events += 1
    ports.source.start(table.at, table.position)
    _LOG.info(
        "truncated",
        table=table.name,
        topics=truncation.topics,
        keys=sum(map(len, keys.values())),
    )


def _bury(topic: str, chunk: Sequence[tuple[bytes, int]], ports: Ports) -> None:
    ports.sink.produce_all(
        topic,
        [partition for _, partition in chunk],
        [key for key, _ in chunk],
        [None] * len(chunk),
    )
