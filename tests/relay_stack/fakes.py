"""Raw events and a program simple enough to foretell: what is tested is the relay around them.

A raw value is `S<shape>|<op>|<payload>`; the governed record of an event has the event's key and
the value `<epoch>:<payload>`. `d` is a delete, `t` a TRUNCATE, payload `bad` cannot pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from cdc.errors import HeadworksError, NormalizeError
from cdc.event import AvroShape, OutBatch, RawBatch, Reject, Shape
from cdc.keys import Key
from cdc.majors import Majors
from cdc.stream.pipeline import Program

CIPHER = Key("dead_letters", 1, {1: bytes(range(32))})


def raw(payload: str, op: str = "c", shape: int = 1) -> bytes:
    """A raw value."""
    return f"S{shape}|{op}|{payload}".encode()


def split(batch: RawBatch) -> Iterator[tuple[Shape | None, RawBatch]]:
    """Runs of one shape; a tombstone belongs to the run before it."""
    start, current = 0, _shape(batch.values[0])
    for place, value in enumerate(batch.values):
        shape = _shape(value) if value is not None else current
        if shape != current:
            yield current, batch.part(start, place)
            start, current = place, shape
    yield current, batch.part(start, len(batch))


def _shape(value: bytes | None) -> Shape | None:
    return AvroShape(None, int(value[1:2])) if value is not None and value[:1] == b"S" else None


@dataclass
class FakePrograms:
    """A `ProgramSource`: programs of one governed topic per raw topic; errors by shape."""

    errors: dict[int, HeadworksError] = field(default_factory=dict)
    changed: bool = False
    bad: str = "bad"
    reason: str = "bad_value"
    asked: list[tuple[str, Shape]] = field(default_factory=list)

    def program_for(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:  # noqa: ARG002
        """See the port."""
        self.asked.append((raw_topic, shape))
        assert isinstance(shape, AvroShape)
        if shape.value_id in self.errors:
            raise self.errors[shape.value_id]
        topic = governed(raw_topic)
        return Program(topic, 10, 11, ("secret",), partial(turn, self, topic))

    def refresh(self) -> bool:
        """See the port."""
        changed, self.changed = self.changed, False
        return changed


def governed(raw_topic: str) -> str:
    """`governed.<db>.<table>.v1`."""
    return f"governed.{raw_topic.split('.', 1)[1]}.v1"


def turn(programs: FakePrograms, topic: str, batch: RawBatch, epoch: int) -> OutBatch:
    """The fake program."""
    index: list[int] = []
    values: list[bytes | None] = []
    rejects, skipped, truncate_at = [], 0, None
    for place, value in enumerate(batch.values):
        if value is None:
            skipped += 1
            continue
        _, op, payload = value.decode().split("|", 2)
        if op == "t":
            truncate_at = place
            break
        if payload == programs.bad:
            error = NormalizeError(programs.reason, "no form", column="name")
            rejects.append(Reject(place, error))
            continue
        index.append(place)
        values.append(None if op == "d" else f"{epoch}:{payload}".encode())
    keys = [batch.keys[place] or b"" for place in index]
    hashes = np.array([sum(key) for key in keys], np.int64)
    places = np.array(index, np.int64)
    repaired = {"name": len(index)}
    return OutBatch(topic, places, keys, values, hashes, rejects, skipped, repaired, truncate_at)
