"""Updates that change a row's key, in tables whose key only the policy names.

Of a primary key Debezium sends a delete of the old key and an insert of the new one. Here it sends
an update; what it leaves out, the delete, is put before it, and both go through the same program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson

from cdc.column import IntArray
from cdc.event import JsonShape, OutBatch, RawBatch, Reject
from cdc.stream.shape import PREFIX_BYTES

Run = Callable[[RawBatch, int], OutBatch]
MakeDelete = Callable[[bytes], bytes | None]
"""The delete of the row's old key that a raw value leaves out; None where the key stays."""
_UPDATE = b'"op":"u"'


def with_key_changes(run: Run, make_delete: MakeDelete) -> Run:
    """`Program.run` that knows of the old keys; everything else is as `run` does it."""

    def rekeyed(batch: RawBatch, epoch: int) -> OutBatch:
        deletes = _find_deletes(batch, make_delete)
        if not deletes:
            return run(batch, epoch)
        expanded = _Expanded.of(batch, deletes)
        return expanded.fold(run(expanded.batch, epoch))

    return rekeyed


def json_deletes(shape: JsonShape, key: Collection[str]) -> MakeDelete:
    """For JSON with inline schema."""
    start = len(shape.value_prefix)

    def make_delete(value: bytes) -> bytes | None:
        if _UPDATE not in value[start:]:
            return None
        payload = orjson.loads(memoryview(value)[start:-1])
        delete = _delete(payload, key)
        return shape.value_prefix + orjson.dumps(delete) + b"}" if delete else None

    return make_delete


def avro_deletes(
    read: Callable[[bytes, int], object], write: Callable[[object], bytes], key: Collection[str]
) -> MakeDelete:
    """For Confluent Avro; `read` and `write` are those of the raw value's schema."""

    def make_delete(value: bytes) -> bytes | None:
        delete = _delete(read(value, PREFIX_BYTES), key)
        return value[:PREFIX_BYTES] + write(delete) if delete else None

    return make_delete


def _delete(event: Any, key: Collection[str]) -> Mapping[str, Any] | None:
    before, after = event["before"], event["after"]
    is_update = event["op"] == "u" and before is not None and after is not None
    if not is_update or all(before[name] == after[name] for name in key):
        return None
    return {**event, "op": "d", "after": None}


def _find_deletes(batch: RawBatch, make_delete: MakeDelete) -> dict[int, bytes]:
    """By place in the batch; what cannot be read is left to `run`, which says why."""
    found = {}
    for place, value in enumerate(batch.values):
        try:
            delete = make_delete(value) if value is not None else None
        except Exception:  # noqa: BLE001, S112 -- bytes from outside break a parser in any way
            continue
        if delete is not None:
            found[place] = delete
    return found


@dataclass(frozen=True, slots=True)
class _Expanded:
    """A batch with deletes put in; `places` says where each message stood before.

    `made` are the places of the deletes.
    """

    batch: RawBatch
    places: IntArray
    made: frozenset[int]

    @classmethod
    def of(cls, batch: RawBatch, deletes: Mapping[int, bytes]) -> _Expanded:
        """Each delete goes before its update and has the same offset."""
        places: list[int] = []
        values: list[bytes | None] = []
        made = set()
        for place, value in enumerate(batch.values):
            if place in deletes:
                made.add(len(places))
                places.append(place)
                values.append(deletes[place])
            places.append(place)
            values.append(value)
        at = np.array(places, np.int64)
        keys = [batch.keys[place] for place in places]
        expanded = RawBatch(batch.topic, batch.partition, batch.offsets[at], keys, values)
        return cls(expanded, at, frozenset(made))

    def fold(self, out: OutBatch) -> OutBatch:
        """The same records under their first places.

        A delete that was put in and cannot pass is no dead letter: the row with that key was one.
        """
        rejects = [
            Reject(int(self.places[reject.index]), reject.error, reject.key)
            for reject in out.rejects
            if reject.index not in self.made
        ]
        end = None if out.truncate_at is None else int(self.places[out.truncate_at])
        return replace(out, index=self.places[out.index], rejects=rejects, truncate_at=end)
