"""Sets of GTIDs as MySQL writes them: `UUID:1-5:8,UUID:tag:3`; how many, and how many lack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

Intervals = Mapping[str, Sequence[tuple[int, int]]]


def parse_gtids(text: str) -> Intervals:
    """Closed intervals by `UUID` or `UUID:tag`.

    Raises:
        ValueError: it is no set of GTIDs.
    """
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for group in filter(None, (part.strip() for part in text.split(","))):
        source, *parts = group.lower().split(":")
        if source.count("-") != 4 or not parts:
            raise ValueError("no set of GTIDs")
        name = source
        for part in parts:
            first, _, last = part.partition("-")
            if first.isdigit():
                found[name].append((int(first), int(last or first)))
            else:
                name = f"{source}:{part}"
    return found


def count_gtids(text: str) -> int:
    """How many transactions a set names."""
    return sum(last - first + 1 for spans in parse_gtids(text).values() for first, last in spans)


def count_missing(whole: str, part: str) -> int:
    """How many transactions of `whole` are not in `part`."""
    have = parse_gtids(part)
    return sum(
        last - first + 1 - sum(_overlap((first, last), span) for span in have.get(source, ()))
        for source, spans in parse_gtids(whole).items()
        for first, last in spans
    )


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]) + 1)
