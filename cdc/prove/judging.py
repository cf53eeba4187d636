"""Hits told apart: what a policy lets through is seen, all else is a leak.

What is kept and never seen is as bad: a search that does not find what is there proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cdc.prove.markers import ALLOWED, Ledger, Sort
from cdc.prove.scan import Piece, Scanner
from cdc.prove.surfaces import Surface


@dataclass(frozen=True, slots=True)
class Leak:
    """A marker where it must not be; `marker` is its id, `planted` where it came from."""

    surface: str
    place: str
    marker: str
    planted: str
    kind: str
    encoding: str


@dataclass(slots=True)
class Looked:
    """How much of a surface has been read."""

    surface: str
    pieces: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Search:
    """What a search through surfaces has found so far."""

    looked: list[Looked] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def unseen(self, ledger: Ledger) -> tuple[str, ...]:
        """Types of kept values of which not one was seen where it may be."""
        kept = {marker.kind for marker in ledger if marker.sort is Sort.KEPT}
        return tuple(sorted(kept - {ledger[marker].kind for marker in self.seen}))


def search_surfaces(
    surfaces: Sequence[Surface], ledger: Ledger, tick: Callable[[Surface, int], None]
) -> Search:
    """Every marker in every surface; `tick` is told the surface and its number before it is read.

    Raises:
        Unreachable: a surface cannot be read.
    """
    scanner, search = Scanner(ledger.needles()), Search()
    for number, surface in enumerate(surfaces):
        tick(surface, number)
        looked = Looked(surface.name)
        search.looked.append(looked)
        known: set[tuple[str, str]] = set()
        for hit in scanner.search(_counted(surface.read(), looked)):
            marker = ledger[hit.marker]
            if hit.piece.role in ALLOWED[marker.sort]:
                search.seen.add(marker.id)
            elif (hit.piece.place, marker.id) not in known:
                known.add((hit.piece.place, marker.id))
                search.leaks.append(
                    Leak(
                        surface.name,
                        hit.piece.place,
                        marker.id,
                        marker.place,
                        marker.kind,
                        hit.encoding,
                    )
                )
    return search


def _counted(pieces: Iterable[Piece], looked: Looked) -> Iterator[Piece]:
    for piece in pieces:
        looked.pieces += 1
        looked.bytes += len(piece.data)
        yield piece
