"""What a proof says: planted, done, looked at, found. No marker and no value is in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from cdc.prove.judging import Leak, Looked
from cdc.prove.markers import Ledger
from cdc.prove.surfaces import Restricted

WIDTH = 80
MOST_LEAKS = 50
"""How many leaks the text names; JSON has all."""


class CheckResult(Protocol):
    """What a further check found; see `proof.Check`."""

    @property
    def name(self) -> str:
        """What was checked, in a few words."""

    @property
    def ok(self) -> bool:
        """Whether it holds."""

    @property
    def detail(self) -> str:
        """One line, without a row's value."""


@dataclass(frozen=True, slots=True)
class Planted:
    """How many markers of one sort and kind."""

    sort: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Proof:
    """One run.

    `unseen` are types of kept values that were planted and not found where they may be, `unasked`
    are routes that could not be filled: either means that nothing is proven.
    """

    mode: str
    planted: tuple[Planted, ...]
    operations: tuple[str, ...]
    letters: Mapping[str, int]
    looked: tuple[Looked, ...]
    leaks: tuple[Leak, ...]
    unseen: tuple[str, ...]
    unasked: tuple[str, ...]
    restricted: tuple[Restricted, ...]
    checks: tuple[CheckResult, ...]
    took_s: float

    @property
    def ok(self) -> bool:
        """Nothing leaks, everything was looked at, every further check holds."""
        return not (self.leaks or self.unseen or self.unasked) and all(
            check.ok for check in self.checks
        )


def count_planted(ledger: Ledger) -> tuple[Planted, ...]:
    """Markers by sort and kind."""
    counts = Counter((marker.sort.value, marker.kind) for marker in ledger)
    return tuple(Planted(sort, kind, count) for (sort, kind), count in sorted(counts.items()))


def to_json(proof: Proof) -> str:
    """All of it, for a machine."""
    checks = [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in proof.checks]
    body: dict[str, Any] = {
        **{name: getattr(proof, name) for name in ("mode", "operations", "letters", "unseen")},
        "ok": proof.ok,
        "planted": [asdict(planted) for planted in proof.planted],
        "looked": [asdict(looked) for looked in proof.looked],
        "leaks": [asdict(leak) for leak in proof.leaks],
        "unasked": proof.unasked,
        "restricted": [asdict(place) for place in proof.restricted],
        "checks": checks,
        "took_s": round(proof.took_s, 1),
    }
    return json.dumps(body, indent=2)


def to_text(proof: Proof) -> str:
    """For a person, at 80 columns."""
    return "\n".join(_lines(proof))


def _lines(proof: Proof) -> Iterator[str]:
    yield from _say_planted(proof.planted)
    if proof.operations:
        yield "DONE"
        yield from (f"  {operation}" for operation in proof.operations)
        letters = ", ".join(f"{stage} {count}" for stage, count in sorted(proof.letters.items()))
        yield f"  dead letters: {letters}"
    yield from _say_looked(proof.looked, proof.leaks)
    yield "RESTRICTED: holds the source's values by design, nobody else may read it"
    yield from _table([(place.place, place.why) for place in proof.restricted])
    yield from _say_leaks(proof.leaks)
    for kind in proof.unseen:
        yield f"NOT SEEN: {kind} values that leave were planted, and none was found"
    for path in proof.unasked:
        yield f"NOT ASKED: GET {path}: no value is known for its parameters"
    for check in proof.checks:
        yield f"{'ok' if check.ok else 'FAILS'}: {check.name}: {check.detail}"
    yield _verdict(proof)


def _say_planted(planted: Sequence[Planted]) -> Iterator[str]:
    yield f"PLANTED {sum(each.count for each in planted):,} markers"
    for sort in dict.fromkeys(each.sort for each in planted):
        mine = [each for each in planted if each.sort == sort]
        kinds = ", ".join(f"{each.kind} {each.count:,}" for each in mine)
        yield from _wrap(f"  {sort:7}", kinds)


def _say_looked(looked: Sequence[Looked], leaks: Sequence[Leak]) -> Iterator[str]:
    found = Counter(leak.surface for leak in leaks)
    yield f"{'LOOKED AT':43}{'PIECES':>10}{'BYTES':>15}{'LEAKS':>8}"
    for each in looked:
        name = each.surface if len(each.surface) <= 40 else f"{each.surface[:39]}…"
        yield f"  {name:41}{each.pieces:>10,}{each.bytes:>15,}{found[each.surface]:>8,}"


def _say_leaks(leaks: Sequence[Leak]) -> Iterator[str]:
    for leak in leaks[:MOST_LEAKS]:
        yield f"LEAK {leak.marker} ({leak.kind} of {leak.planted}), {leak.encoding}"
        yield f"     in {leak.surface}: {leak.place}"
    if len(leaks) > MOST_LEAKS:
        yield f"     and {len(leaks) - MOST_LEAKS:,} more: --output json has all"


def _verdict(proof: Proof) -> str:
    size = sum(each.bytes for each in proof.looked)
    pieces = sum(each.pieces for each in proof.looked)
    looked = f"{pieces:,} pieces, {size:,} bytes, {proof.took_s:.0f} s"
    if proof.ok:
        return f"PROVEN: no marker leaks ({looked})"
    if proof.leaks:
        return f"LEAKS: {len(proof.leaks):,} ({looked})"
    return f"NOT PROVEN ({looked})"


def _table(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for left, right in rows:
        if len(left) + len(right) + 4 <= WIDTH and len(left) <= 32:
            yield f"  {left:32} {right}"
        else:
            yield f"  {left}"
            yield f"      {right}"


def _wrap(head: str, text: str) -> Iterator[str]:
    words, line = text.split(", "), head
    for place, word in enumerate(words):
        piece = word + ("," if place + 1 < len(words) else "")
        if len(line) + len(piece) + 1 > WIDTH:
            yield line
            line = " " * len(head)
        line += f" {piece}"
    yield line
