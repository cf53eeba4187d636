"""The schemas behind a statement held against all that were before it, subject by subject."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from cdc.errors import ConfigError
from cdc.gate.forecast import Shape
from cdc.gate.judge.cases import Case
from registry.avro import Schema, parse_lenient
from registry.compatibility import EarlierVersion
from registry.compatibility.explain import Explanation, explain
from registry.derive.ddl import MySqlTable
from registry.derive.record import avro_name
from registry.errors import InvalidSchemaError
from registry.model import CompatibilityLevel, VersionNumber

STRICTEST = CompatibilityLevel.FULL_TRANSITIVE


class Earlier(Protocol):
    """Where earlier versions of subjects are: a registry, or a folder of schemas."""

    def find(self, subject: str) -> tuple[Sequence[EarlierVersion], CompatibilityLevel | None]:
        """The versions in order, and the level there (None: it has none)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One schema of a table: `raw` or `governed`, of `key` or `value`.

    `columns` are the table's columns that it carries, by their field's name.
    """

    topic: str
    side: str
    part: str
    text: str
    columns: Mapping[str, str]

    @property
    def name(self) -> str:
        """The subject's name in a registry."""
        return f"{self.topic}-{self.part}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A subject before and after a statement; `breaks` by column ("": none of its own).

    `columns` are those that it carries, before or after; `is_new`: there was none before.
    """

    subject: Subject
    level: CompatibilityLevel
    columns: frozenset[str]
    breaks: Mapping[str, tuple[Explanation, ...]] = field(default_factory=dict)
    is_new: bool = False

    def is_broken(self, columns: Collection[str]) -> bool:
        """Whether the subject's level forbids what happens to one of these columns."""
        return any(self.level in each.breaks for each in self.list_breaks(columns))

    def list_breaks(self, columns: Collection[str]) -> list[Explanation]:
        """What breaks for these columns at any level; for the table (""), its whole key."""
        if "" in columns and self.subject.part == "key":
            return [each for breaks in self.breaks.values() for each in breaks]
        return [each for column in columns for each in self.breaks.get(column, ())]


def subjects_of(
    table: MySqlTable, shape: Shape, value_of: Callable[[Any], Any]
) -> Iterator[Subject]:
    """The schemas that a table has; `value_of` is what of the raw value is compared."""
    raw = shape.raw
    names = {each["name"] for each in raw.value["fields"][0]["type"][1]["fields"]}
    columns = {n: c.name for c in table.columns for n in (avro_name(c.name), c.name)}
    fields = {name: column for name, column in columns.items() if name in names}
    if raw.key is not None:
        yield Subject(raw.topic, "raw", "key", json.dumps(raw.key), fields)
    yield Subject(raw.topic, "raw", "value", json.dumps(value_of(raw.value)), fields)
    governed = shape.governed()
    if governed is None or shape.plan is None:
        return
    leaving = {avro_name(each.governed.name): each.source for each in shape.plan.columns}
    for part, text in zip(("key", "value"), governed, strict=True):
        yield Subject(shape.plan.topic, "governed", part, text, leaving)


def _whole(envelope: Any) -> Any:
    return envelope


def _row(envelope: Any) -> Any:
    """The row alone: the rest of an envelope never changes, and takes most of the time."""
    return {**envelope["fields"][0]["type"][1], "namespace": envelope["namespace"]}


class Comparer:
    """Remembers every shape of every subject; what was said once is not said again."""

    def __init__(self, raw_level: CompatibilityLevel, earlier: Earlier | None = None) -> None:
        self._raw_level = raw_level
        self._earlier = earlier
        self._known: dict[str, Sequence[EarlierVersion]] = {}
        self._texts: dict[str, dict[str, None]] = {}
        self._levels: dict[str, CompatibilityLevel] = {}
        self._said: dict[str, set[tuple[str, str, str]]] = {}

    def compare(self, case: Case) -> list[Comparison]:
        """Every subject that the table has, before the statement or behind it.

        Raises:
            ConfigError, Unreachable: earlier versions cannot be had.
        """
        before = self._subjects(case.old, case.before)
        after = self._subjects(case.new, case.after)
        names = dict.fromkeys((*before, *after))
        return [self._compare(before.get(name), after.get(name)) for name in names]

    def _subjects(self, table: MySqlTable | None, shape: Shape | None) -> Mapping[str, Subject]:
        if table is None or shape is None:
            return {}
        value_of = _whole if self._earlier else _row
        return {each.name: each for each in subjects_of(table, shape, value_of)}

    def _compare(self, old: Subject | None, new: Subject | None) -> Comparison:
        subject = new or old
        assert subject is not None  # noqa: S101 -- one of them has the name
        texts = self._open(subject)
        if old is not None:
            texts.pop(old.text, None)  # the last one is what levels that are not transitive ask
            texts[old.text] = None
        columns = {**(old.columns if old else {}), **(new.columns if new else {})}
        is_same = new is None or (old is not None and new.text == old.text)
        breaks = {} if is_same else self._find(subject, columns)
        level, carried = self._levels[subject.name], frozenset(columns.values())
        return Comparison(subject, level, carried, breaks, is_new=old is None)

    def _open(self, subject: Subject) -> dict[str, None]:
        """A subject's shapes so far; on first sight what is known from elsewhere is read."""
        if subject.name not in self._texts:
            own = self._raw_level if subject.side == "raw" else STRICTEST
            known, level = self._earlier.find(subject.name) if self._earlier else ((), None)
            self._known[subject.name] = known
            self._texts[subject.name] = {}
            self._levels[subject.name] = level or own
            self._said[subject.name] = set()
        return self._texts[subject.name]

    def _find(
        self, subject: Subject, columns: Mapping[str, str]
    ) -> dict[str, tuple[Explanation, ...]]:
        texts, said = self._texts[subject.name], self._said[subject.name]
        earlier = list(self._known[subject.name])
        for text in texts:
            number = earlier[-1].version + 1 if earlier else 1
            earlier.append(EarlierVersion(VersionNumber(number), _parse(text)))
        texts[subject.text] = None
        breaks: dict[str, tuple[Explanation, ...]] = {}
        for each in explain(_parse(subject.text), earlier, STRICTEST):
            words = each.place.name, each.old_type, each.new_type
            if words not in said:
                said.add(words)
                column = _column_of(each, columns)
                breaks[column] = (*breaks.get(column, ()), each)
        return breaks


def _column_of(explanation: Explanation, columns: Mapping[str, str]) -> str:
    """The column that a place is in, however deep; the row stands in the envelope's `before`."""
    steps = explanation.place.path.split(".")
    steps = steps[1:] if steps[0] in {"before", "after"} and len(steps) > 1 else steps
    return columns.get(steps[0], "")


@lru_cache(maxsize=64)
def _parse(text: str) -> Schema:
    try:
        return parse_lenient(text)
    except InvalidSchemaError as error:
        raise ConfigError(
            f"a forecast schema is not valid Avro: {error}",
            hint="schema.name.adjustment.mode=avro and field.name.adjustment.mode=avro",
        ) from None
