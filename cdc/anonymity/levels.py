"""What coarser columns would give, computed from the governed values themselves.

A column's ladder has the next coarser forms of its own rule; each is a function of the value that
has left already, so that no raw value is needed. For every combination of columns the ladders are
climbed together until no cell is below k; the last step leaves these columns out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from cdc.column import IntArray
from cdc.privacy.transforms.rule import Rule

FACTORS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
"""How many of a policy's cells or bands become one."""
ALL_COMBINATIONS = 3
"""Of so many columns every combination is tried; of more, each alone and all together."""


@dataclass(frozen=True, slots=True)
class Step:
    """One coarser form of a column; `coarsen` takes and gives a value as JSON has it, not NULL."""

    says: str
    coarsen: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Level:
    """What some columns, made coarser, would give; `changes` says how, by field."""

    changes: Mapping[str, str]
    cells: int
    smallest: int
    rows_below: int
    share_below: float


DROPPED = Step("drop", lambda _: None)


def _edges(name: str) -> Callable[[Rule], Iterator[Step]]:
    """Multiples of the width that the policy has, whose edges its own edges lie on."""

    def steps(rule: Rule) -> Iterator[Step]:
        width: Decimal = getattr(rule, name)
        for factor in FACTORS:
            yield Step(f"{name} {(width * factor).normalize():f}", _join(width, factor))

    return steps


def _join(width: Decimal, factor: int) -> Callable[[Any], int]:
    # Rounded: a float's edge may lie a little beside its number.
    return lambda edge: round(Fraction(str(edge)) / Fraction(width)) // factor


def _prefixes(rule: Rule) -> Iterator[Step]:
    for chars in range(int(rule.chars) - 1, 0, -1):  # type: ignore[attr-defined]
        yield Step(f"chars {chars}", _prefix(chars))


def _prefix(chars: int) -> Callable[[Any], Any]:
    return lambda text: text[:chars]


def _periods(rule: Rule) -> Iterator[Step]:
    """ISO 8601 text: a longer period is a shorter text, but for the quarter."""
    names = list(_PERIODS)
    for name in names[names.index(rule.part) + 1 :]:  # type: ignore[attr-defined]
        yield Step(f"part {name}", _PERIODS[name])


_PERIODS: Mapping[str, Callable[[Any], Any]] = {
    "minute": _prefix(len("2024-02-29T12:34")),
    "hour": _prefix(len("2024-02-29T12")),
    "day": _prefix(len("2024-02-29")),
    "month": _prefix(len("2024-02")),
    "quarter": lambda text: f"{text[:4]}-{(int(text[5:7]) - 1) // 3}",
    "year": _prefix(len("2024")),
}

LADDERS: Mapping[str, Callable[[Rule], Iterator[Step]]] = {
    "grid": _edges("cell"),
    "band": _edges("width"),
    "geohash": _prefixes,
    "truncate": _prefixes,
    "date_part": _periods,
}
"""Rules that have coarser forms; a column of any other can only be left out."""


def find_levels(quasi: Mapping[str, Rule], counts: Mapping[str, int], k: int) -> Iterator[Level]:
    """Every level that is tried, combination by combination, each up to the first that reaches k.

    `counts` has the rows of each cell; a cell is the JSON array of the columns' values.
    """
    rows = np.fromiter(counts.values(), np.int64, len(counts))
    values = list(zip(*map(json.loads, counts), strict=True))
    columns = {
        name: _Column(rule, column)
        for (name, rule), column in zip(quasi.items(), values, strict=True)
    }
    known: dict[frozenset[tuple[str, str]], Level] = {}
    for chosen in _combinations(list(quasi)):
        for changes in _climb(chosen, columns):
            name = frozenset((column, step.says) for column, step in changes.items())
            if name not in known:
                known[name] = _measure(columns, changes, rows, k)
                yield known[name]
            if not known[name].rows_below:
                break


def _combinations(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All columns first."""
    every = len(names) <= ALL_COMBINATIONS
    for size in range(len(names), 0, -1):
        if every or size in {1, len(names)}:
            yield from combinations(names, size)


class _Column:
    """One column's values, cell by cell, at every step of its ladder."""

    def __init__(self, rule: Rule, values: Sequence[Any]) -> None:
        texts = list(map(json.dumps, values))
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        self._distinct = list(map(json.loads, places))
        self._codes = np.fromiter(map(places.__getitem__, texts), np.int64, len(texts))
        self.steps = tuple(self._useful(LADDERS[rule.rule](rule) if rule.rule in LADDERS else ()))

    def _useful(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Up to the first that makes one of all values but NULL."""
        for step in steps:
            yield step
            coarse = {step.coarsen(value) for value in self._distinct if value is not None}
            if len(coarse) <= 1:
                return

    def codes(self, step: Step | None) -> IntArray:
        """A number for each value, equal for equal ones; None: as they have left."""
        if step is None:
            return self._codes
        places: dict[Any, int] = {}
        coarse = (None if value is None else step.coarsen(value) for value in self._distinct)
        of_distinct = [places.setdefault(value, len(places)) for value in coarse]
        return np.array(of_distinct, np.int64)[self._codes]


def _climb(chosen: Sequence[str], columns: Mapping[str, _Column]) -> Iterator[Mapping[str, Step]]:
    """Step by step together; a column at the end of its ladder waits for the others."""
    ladders = {name: columns[name].steps for name in chosen}
    for height in range(max(map(len, ladders.values()))):
        yield {name: steps[min(height, len(steps) - 1)] for name, steps in ladders.items() if steps}
    yield dict.fromkeys(chosen, DROPPED)


def _measure(
    columns: Mapping[str, _Column], changes: Mapping[str, Step], rows: IntArray, k: int
) -> Level:
    cell = np.zeros(len(rows), np.int64)
    for name, column in columns.items():
        codes = column.codes(changes.get(name))
        cell = np.unique(cell * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1]
    sizes = np.bincount(cell, rows).astype(np.int64)
    below = int(sizes[sizes < k].sum())
    return Level(
        {name: step.says for name, step in changes.items()},
        len(sizes),
        int(sizes.min(initial=rows.sum())),
        below,
        below / int(rows.sum()) if len(rows) else 0.0,
    )
