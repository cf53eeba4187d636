"""Explains to people what the checker reports to clients: which column, why, and what to do.

A new schema and a subject's versions come in; explanations leave, one per change and not per place
it shows at: a column of a Debezium envelope breaks in `before` and `after`, and is named once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.avro import Schema
from registry.avro.nodes import Node
from registry.compatibility.explain_mend import choose_directions, list_asked, mend
from registry.compatibility.explain_places import Place, describe_type
from registry.compatibility.explain_walk import (
    Break,
    Change,
    Direction,
    Directions,
    Spot,
    find_breaks,
)
from registry.compatibility.explain_words import WHY, choose_remedy
from registry.compatibility.levels import EarlierVersion, check_level
from registry.model import CompatibilityLevel, VersionNumber

__all__ = ["Change", "Direction", "Explanation", "Place", "explain", "show"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One change that a level forbids.

    `old_type` and `new_type` are words, empty where the field is not; `versions` are those of the
    level's that object, newest first; `breaks` and `passes` share out all seven levels.
    `passing_schema` is the whole new schema with this and all other changes repaired, checked at
    the level; None where no repair passes.
    """

    place: Place
    change: Change
    detail: str
    old_type: str
    new_type: str
    versions: tuple[VersionNumber, ...]
    reasons: tuple[str, ...]
    breaks: tuple[CompatibilityLevel, ...]
    passes: tuple[CompatibilityLevel, ...]
    remedy: str
    passing_schema: str | None = field(repr=False)

    @property
    def title(self) -> str:
        """What and where in one line: `shop.users.age: type widened, int -> long`."""
        words = self.change.replace("-", " ")
        about = f" ({self.detail})" if self.detail and self.change is not Change.OTHER else ""
        types = " -> ".join(filter(None, dict.fromkeys((self.old_type, self.new_type))))
        return f"{self.place.part} {self.place.name}: {words}{about}" + (types and f", {types}")

    def as_json(self) -> dict[str, Any]:
        """Return it for an HTTP answer or a report; keys are stable."""
        return {
            "name": self.place.name,
            "part": self.place.part,
            "owner": self.place.owner,
            "field": self.place.field,
            "path": self.place.path,
            "change": str(self.change),
            "detail": self.detail,
            "title": self.title,
            "old_type": self.old_type,
            "new_type": self.new_type,
            "versions": list(self.versions),
            "reasons": list(self.reasons),
            "breaks": [str(level) for level in self.breaks],
            "passes": [str(level) for level in self.passes],
            "remedy": self.remedy,
            "passing_schema": self.passing_schema,
        }


def show(explanations: Sequence[Explanation]) -> dict[str, Any]:
    """Return explanations of one schema as JSON, the schema that would pass once beside them."""
    shown = [explanation.as_json() for explanation in explanations]
    passing = [each.pop("passing_schema") for each in shown]
    return {"explanations": shown, "passing_schema": next(iter(passing), None)}


def explain(
    new: Schema, earlier: Sequence[EarlierVersion], level: CompatibilityLevel
) -> tuple[Explanation, ...]:
    """Return why `new` may not follow `earlier` (in order of version) at `level`; none if it may.

    Every version that the level looks at is asked; those that it does not look at only decide
    which other levels a change breaks.
    """
    if not check_level(new, earlier, level):
        return ()
    asked = {version.version for version in list_asked(earlier, level)}
    groups = [group for group in _find_groups(new, earlier) if group.list_objecting(asked, level)]
    passing = mend(new, earlier, level)
    return tuple(group.explain(earlier, asked, level, passing) for group in groups)


def _find_groups(new: Schema, earlier: Sequence[EarlierVersion]) -> Iterable["_Group"]:
    """Return the breaks with all versions, the same change of a place together, newest first."""
    groups: dict[tuple[str, ...], _Group] = {}
    known: dict[Schema, list[Break]] = {}
    for version in reversed(earlier):
        if version.schema not in known:
            known[version.schema] = find_breaks(new, version.schema)
        for one in known[version.schema]:
            group = groups.setdefault(_identify(one), _Group(one, {}))
            failing = group.fails.get(version.version, frozenset())
            group.fails[version.version] = failing | one.fails
    return groups.values()


def _identify(one: Break) -> tuple[str, ...]:
    place = one.spot.place
    return place.part, place.name, one.change, one.detail, *_describe_types(one.spot)


def _describe_types(spot: Spot) -> tuple[str, str]:
    return _describe(spot.old_type), _describe(spot.new_type)


def _describe(node: Node | None) -> str:
    return "" if node is None else describe_type(node)


@dataclass(slots=True)
class _Group:
    """One change, and the directions in which it fails by version."""

    first: Break
    fails: dict[VersionNumber, Directions]

    def list_objecting(
        self, asked: Iterable[VersionNumber], level: CompatibilityLevel
    ) -> list[VersionNumber]:
        """Return the versions among those asked that object at a level, newest first."""
        wanted = choose_directions(level)
        looked_at = set(asked)
        return [v for v, fails in self.fails.items() if v in looked_at and fails & wanted]

    def explain(
        self,
        earlier: Sequence[EarlierVersion],
        asked: Iterable[VersionNumber],
        level: CompatibilityLevel,
        passing: str | None,
    ) -> Explanation:
        place, change = self.first.spot.place, self.first.change
        versions = self.list_objecting(asked, level)
        failing = frozenset[Direction]().union(*(self.fails[v] for v in versions))
        old, new = _describe_types(self.first.spot)
        words = {"field": place.field or place.owner, "old": old, "new": new}
        words["detail"] = self.first.detail
        breaks = [each for each in CompatibilityLevel if self._is_forbidden(earlier, each)]
        return Explanation(
            place,
            change,
            self.first.detail,
            old,
            new,
            tuple(versions),
            tuple(
                WHY[change, direction].format_map(words)
                for direction in Direction
                if direction in failing & choose_directions(level)
            ),
            tuple(breaks),
            tuple(each for each in CompatibilityLevel if each not in breaks),
            choose_remedy(change, place.part).format_map(words),
            passing,
        )

    def _is_forbidden(self, earlier: Sequence[EarlierVersion], level: CompatibilityLevel) -> bool:
        asked = [version.version for version in list_asked(earlier, level)]
        return bool(self.list_objecting(asked, level))
