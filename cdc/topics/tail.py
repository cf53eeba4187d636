"""`cdc topics tail`: the last records, all of them, or new ones as they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from cdc.kafka.port import Reader, Record, TopicAdmin
from cdc.topics.decoding import RecordDecoder, to_json
from cdc.topics.listing import check_topic

DEFAULT_LAST = 10


@dataclass(frozen=True, slots=True)
class TailRequest:
    """What to show: the last `limit` records, or all from the beginning, or new ones as they come.

    `key` keeps only records of that key: its JSON, or the bare value of a key of one column.
    """

    topic: str
    key: str | None = None
    limit: int | None = None
    from_beginning: bool = False
    follow: bool = False


@dataclass(frozen=True, slots=True)
class Tail:
    """Carries out a request."""

    admin: TopicAdmin
    reader: Reader
    decoder: RecordDecoder

    def lines(self, request: TailRequest) -> Iterator[str]:
        """One JSON object a record; endless where the request follows.

        Raises:
            ConfigError: there is no such topic.
            Unreachable: Kafka or the registry does not answer.
        """
        check_topic(self.admin, request.topic)
        if request.follow or request.from_beginning:
            shown: Iterable[dict[str, Any]] = islice(
                self._matching(self._forward(request), request.key), request.limit
            )
        else:
            shown = self._last(request)
        for line in shown:
            yield to_json(line)

    def _forward(self, request: TailRequest) -> Iterator[Record]:
        start = {} if request.from_beginning else self._starts(request.topic, 0)
        if not request.follow:
            return iter(self.reader.read_to_end(request.topic, start))
        following = self.reader.follow(request.topic, start)
        return (record for record in following if record is not None)

    def _last(self, request: TailRequest) -> Iterable[dict[str, Any]]:
        """Look back further and further until there are enough."""
        limit = request.limit if request.limit is not None else DEFAULT_LAST
        back = max(1, limit)
        while True:
            start = self._starts(request.topic, back)
            records = self.reader.read_to_end(request.topic, start)
            found = deque(self._matching(records, request.key), limit)
            if len(found) >= limit or start == self._starts(request.topic, None):
                return found
            back *= 8

    def _starts(self, topic: str, back: int | None) -> dict[int, int]:
        """Per partition `back` offsets before the end (None: the first)."""
        ranges = self.admin.ranges([topic])
        return {
            at.partition: first if back is None else max(first, end - back)
            for at, (first, end) in ranges.items()
        }

    def _matching(self, records: Iterable[Record], key: str | None) -> Iterator[dict[str, Any]]:
        for record in records:
            if key is None or _is_key(self.decoder.decode(record.key), key):
                yield self.decoder.show(record)


def _is_key(key: Any, wanted: str) -> bool:
    candidates = [key, *(key.values() if isinstance(key, dict) and len(key) == 1 else ())]
    return any(wanted in (candidate, to_json(candidate)) for candidate in candidates)
