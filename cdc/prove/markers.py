"""Markers: what was planted, each under an id; their bytes are in no report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cdc.prove.encodings import Needle
from cdc.prove.scan import Role


class Sort(StrEnum):
    """What a marker is, and with that where it may stand."""

    HIDDEN = "hidden"  # a value that the policy does not let through
    KEPT = "kept"  # a value that the policy lets through as it is
    SHAPE = "shape"  # a default, a label, a comment: part of the source's schema


ALLOWED: Mapping[Sort, frozenset[Role]] = {
    Sort.HIDDEN: frozenset(),
    Sort.KEPT: frozenset({Role.ROWS}),
    Sort.SHAPE: frozenset({Role.ELSE}),
}
"""Where a marker of a sort is no leak. A kept value is one in a log, too."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`place` is where it was planted (`table.column`), `kind` what it is (`VARCHAR`, `comment`).

    `needles` are never shown.
    """

    id: str
    sort: Sort
    place: str
    kind: str
    needles: tuple[Needle, ...] = field(repr=False)


class Ledger:
    """All markers of one proof, by id."""

    def __init__(self) -> None:
        self._markers: dict[str, Marker] = {}

    def add(self, sort: Sort, place: str, kind: str, needles: Sequence[Needle]) -> Marker:
        """Enter a marker."""
        marker = Marker(f"m{len(self._markers) + 1:04}", sort, place, kind, tuple(needles))
        self._markers[marker.id] = marker
        return marker

    def __getitem__(self, marker: str) -> Marker:
        return self._markers[marker]

    def __iter__(self) -> Iterator[Marker]:
        return iter(self._markers.values())

    def __len__(self) -> int:
        return len(self._markers)

    def needles(self) -> Iterator[tuple[str, Needle]]:
        """Each needle under its marker's id."""
        return ((marker.id, needle) for marker in self for needle in marker.needles)
