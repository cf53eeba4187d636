"""Descends through two schemas, old and new, to the fields that keep one from reading the other.

The checker reports a union whose branch does not fit, and not what inside the branch is wrong; a
Debezium envelope keeps the whole row in such a branch. The walk goes on inside and returns breaks:
what changed, where, and which of the two directions fails for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from registry.avro import Schema
from registry.avro.nodes import (
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Node,
    Primitive,
    Record,
    Union,
)
from registry.compatibility.explain_places import Place, describe_type, place_field, place_type
from registry.compatibility.rules import find_incompatibilities
from registry.errors import AmbiguousFieldError


class Change(StrEnum):
    """What happened to a field or type between the old schema and the new one; a stable code."""

    ADDED = "added-without-default"
    REMOVED = "removed"
    RENAMED = "probably-renamed"
    WIDENED = "type-widened"
    NARROWED = "type-narrowed"
    RETYPED = "type-changed"
    NULLABLE = "became-nullable"
    REQUIRED = "became-not-nullable"
    BRANCH_ADDED = "union-type-added"
    BRANCH_REMOVED = "union-type-removed"
    SYMBOLS_ADDED = "enum-symbols-added"
    SYMBOLS_REMOVED = "enum-symbols-removed"
    RESIZED = "fixed-size-changed"
    NAME_CHANGED = "type-name-changed"
    AMBIGUOUS = "aliases-ambiguous"
    OTHER = "changed"


class Direction(StrEnum):
    """Who reads whose records."""

    BACKWARD = "new reads old"
    FORWARD = "old reads new"


Directions = frozenset[Direction]
BOTH: Final[Directions] = frozenset(Direction)
_BACKWARD: Final[Directions] = frozenset({Direction.BACKWARD})
_FORWARD: Final[Directions] = frozenset({Direction.FORWARD})


@dataclass(frozen=True, slots=True)
class Spot:
    """The innermost pair of fields, and their records, that a walk is inside of; a side may lack.

    `new_type` and `old_type` are the fields' types, or the roots; `path` leads to the field, and
    `steps` from there into arrays and maps.
    """

    path: str
    new_type: Node | None
    old_type: Node | None
    new_record: Record | None = None
    old_record: Record | None = None
    new_field: Field | None = None
    old_field: Field | None = None
    steps: str = ""

    @property
    def place(self) -> Place:
        """Where it is, by the names of the new schema, by the old one's for what is gone."""
        field = self.new_field or self.old_field
        record = self.new_record or self.old_record
        path = self.path + self.steps
        if field is None or record is None:
            return place_type(self.new_type or self.old_type or _NOTHING, path)
        return place_field(record, field.name, path)


_NOTHING: Final = Primitive("null", {})


@dataclass(frozen=True, slots=True)
class Break:
    """One change that keeps schemas from reading each other, in `fails`' directions.

    `detail` names symbols, sizes, names or what the change is about beside its types; `new` and
    `old` are the named types that it is about.
    """

    change: Change
    spot: Spot
    fails: Directions
    detail: str = ""
    new: Named | None = None
    old: Named | None = None


def find_breaks(new: Schema, old: Schema) -> list[Break]:
    """Return what keeps `new` and `old` from reading each other, none where both can.

    A direction that fails for a reason the walk does not know gets a break of its own, with the
    checker's words.
    """
    walk = _Walk()
    failing = walk.judge(new.root, old.root, BOTH)
    if not failing:
        return []
    found = list(walk.compare(Spot("", new.root, old.root), new.root, old.root, failing))
    missed = failing.difference(*(one.fails for one in found))
    return found + [_quote_checker(new, old, direction) for direction in sorted(missed)]


def _quote_checker(new: Schema, old: Schema, direction: Direction) -> Break:
    reader, writer = (new, old) if direction is Direction.BACKWARD else (old, new)
    try:
        first = find_incompatibilities(reader, writer)[0]
        detail = f"{first.type} at {first.location}: {first.message}"
    except AmbiguousFieldError as error:
        detail = str(error)
    return Break(Change.OTHER, Spot("", new.root, old.root), frozenset({direction}), detail)


class _Walk:
    """One descent; a pair of types is explained where it is met first, and only there."""

    def __init__(self) -> None:
        self._seen: set[tuple[int, int, Directions]] = set()
        self._verdicts: dict[tuple[int, int], bool] = {}

    def judge(self, new: Node, old: Node, asked: Directions) -> Directions:
        """Return those of the directions asked in which the pair fails."""
        if _is_same_plain(new, old):
            return frozenset()
        sides = {Direction.BACKWARD: (new, old), Direction.FORWARD: (old, new)}
        return frozenset(d for d in asked if not self._can_read(*sides[d]))

    def _can_read(self, reader: Node, writer: Node) -> bool:
        pair = (id(reader), id(writer))
        if pair not in self._verdicts:
            self._verdicts[pair] = _can_read(reader, writer)
        return self._verdicts[pair]

    def compare(self, spot: Spot, new: Node, old: Node, fails: Directions) -> Iterator[Break]:
        """Yield the breaks inside a pair that fails in these directions."""
        key = (id(new), id(old), fails)
        if not fails or key in self._seen:
            return
        self._seen.add(key)
        match new, old:
            case (Union(), _) | (_, Union()):
                yield from self._compare_unions(spot, _branches(new), _branches(old), fails)
            case (Record(), Record()):
                yield from _compare_names(spot, new, old, fails)
                yield from self._compare_records(spot, new, old, fails)
            case (Array(), Array()):
                yield from self._step(spot, new.items, old.items, fails, "[]")
            case (Map(), Map()):
                yield from self._step(spot, new.values, old.values, fails, "{}")
            case (Enum(), Enum()):
                yield from _compare_names(spot, new, old, fails)
                yield from _compare_symbols(spot, new, old, fails)
            case (Fixed(), Fixed()):
                yield from _compare_names(spot, new, old, fails)
                yield from _compare_sizes(spot, new, old, fails)
            case _:
                yield _compare_kinds(spot, new, old, fails)

    def _step(
        self, spot: Spot, new: Node, old: Node, asked: Directions, step: str
    ) -> Iterator[Break]:
        fails = self.judge(new, old, asked)
        yield from self.compare(replace(spot, steps=spot.steps + step), new, old, fails)

    def _compare_unions(
        self, spot: Spot, new: tuple[Node, ...], old: tuple[Node, ...], fails: Directions
    ) -> Iterator[Break]:
        """Explain each branch that no branch of the other side reads, beside its likeliest peer."""
        pairs: dict[tuple[int, int], tuple[Node, Node, Directions]] = {}
        for direction, readers, writers, lonely in (
            (_BACKWARD, new, old, _lose_branch),
            (_FORWARD, old, new, _gain_branch),
        ):
            for branch in writers if direction <= fails else ():
                if any(self._can_read(reader, branch) for reader in readers):
                    continue
                peer = _find_peer(branch, readers, writers)
                if peer is None:
                    yield lonely(spot, branch)
                    continue
                one, other = (peer, branch) if direction == _BACKWARD else (branch, peer)
                before = pairs.get((id(one), id(other)), (one, other, frozenset[Direction]()))
                pairs[id(one), id(other)] = (one, other, before[2] | direction)
        for one, other, directions in pairs.values():
            yield from self.compare(spot, one, other, directions)

    def _compare_records(
        self, spot: Spot, new: Record, old: Record, fails: Directions
    ) -> Iterator[Break]:
        """Pair the fields as each direction's reader does, then judge the pairs."""
        backward, forward = _pair_fields(new, old), _pair_fields(old, new)
        asked: dict[tuple[str, str], Directions] = {}
        if Direction.BACKWARD in fails:
            asked = dict.fromkeys(backward.pairs, _BACKWARD)
        for other, one in forward.pairs if Direction.FORWARD in fails else ():
            asked[one, other] = asked.get((one, other), frozenset()) | _FORWARD
        gained = backward.lonely if Direction.BACKWARD in fails else {}
        lost = forward.lonely if Direction.FORWARD in fails else {}
        if Direction.BACKWARD in fails:
            for field in backward.ambiguous:
                yield Break(Change.AMBIGUOUS, _enter(spot, new, old, field, None), _BACKWARD)
        if Direction.FORWARD in fails:
            for field in forward.ambiguous:
                yield Break(Change.AMBIGUOUS, _enter(spot, new, old, None, field), _FORWARD)
        yield from _compare_lonely(spot, new, old, gained, lost)
        for (one, other), directions in asked.items():
            inside = _enter(spot, new, old, new.by_name[one], old.by_name[other])
            types = new.by_name[one].schema, old.by_name[other].schema
            yield from self.compare(inside, *types, self.judge(*types, directions))


@dataclass(slots=True)
class _Pairs:
    """What a reader's fields read: pairs of names, fields without a source, confused fields."""

    pairs: list[tuple[str, str]]
    lonely: dict[str, Field]
    ambiguous: list[Field]


def _pair_fields(reader: Record, writer: Record) -> _Pairs:
    found = _Pairs([], {}, [])
    for field in reader.fields:
        sources = [name for name in (field.name, *field.aliases) if name in writer.by_name]
        if len(sources) > 1:
            found.ambiguous.append(field)
        elif sources:
            found.pairs.append((field.name, sources[0]))
        elif field.default is NO_DEFAULT:
            found.lonely[field.name] = field
    return found


def _compare_lonely(
    spot: Spot, new: Record, old: Record, gained: Mapping[str, Field], lost: Mapping[str, Field]
) -> Iterator[Break]:
    """Yield fields without a source; a pair of one type and two names is taken for a rename."""
    renamed: set[str] = set()
    for one, other in _match_renames(new, old):
        fails = (_BACKWARD if one.name in gained else frozenset()) | (
            _FORWARD if other.name in lost else frozenset()
        )
        if fails:
            renamed |= {one.name, other.name}
            detail = f"{other.name} to {one.name}"
            yield Break(Change.RENAMED, _enter(spot, new, old, one, other), fails, detail)
    for name, field in gained.items():
        if name not in renamed:
            yield Break(Change.ADDED, _enter(spot, new, old, field, None), _BACKWARD)
    for name, field in lost.items():
        if name not in renamed:
            yield Break(Change.REMOVED, _enter(spot, new, old, None, field), _FORWARD)


def _match_renames(new: Record, old: Record) -> list[tuple[Field, Field]]:
    """Return pairs of one type; a type that several fields share is nobody's rename."""
    by_type: dict[str, tuple[list[Field], list[Field]]] = {}
    for side, record, other in ((0, new, old), (1, old, new)):
        for field in record.fields:
            if field.name not in other.by_name:
                by_type.setdefault(describe_type(field.schema), ([], []))[side].append(field)
    return [(come[0], gone[0]) for come, gone in by_type.values() if len(come) == len(gone) == 1]


def _enter(
    spot: Spot, new: Record, old: Record, new_field: Field | None, old_field: Field | None
) -> Spot:
    name = new_field.name if new_field else old_field.name if old_field else ""
    return Spot(
        f"{spot.path}.{name}" if spot.path else name,
        new_field.schema if new_field else None,
        old_field.schema if old_field else None,
        new,
        old,
        new_field,
        old_field,
    )


def _can_read(reader: Node, writer: Node) -> bool:
    """Ask the checker about types inside schemas; too deep is a no, so the walk looks inside."""
    try:
        return not find_incompatibilities(Schema("", None, reader), Schema("", None, writer))
    except (AmbiguousFieldError, RecursionError):
        return False


def _is_same_plain(new: Node, old: Node) -> bool:
    """Tell at a glance what most fields of two versions are: one primitive, or one union of them.

    A thousand fields are judged so in a millisecond; the checker takes thirty.
    """
    if isinstance(new, Primitive):
        return new.type == old.type
    if not isinstance(new, Union) or not isinstance(old, Union):
        return False
    pairs = zip(new.branches, old.branches, strict=False)
    return len(new.branches) == len(old.branches) and all(
        isinstance(one, Primitive) and one.type == other.type for one, other in pairs
    )


def _branches(node: Node) -> tuple[Node, ...]:
    return node.branches if isinstance(node, Union) else (node,)


def _find_peer(branch: Node, others: Sequence[Node], own: Sequence[Node]) -> Node | None:
    """Return the branch of the other union that this one probably was, or became."""
    same = [other for other in others if _sign(other) == _sign(branch)]
    if same or branch.type == "null":
        return same[0] if same else None
    free = _list_free(others, own)
    if len(_list_free(own, others)) > 1:
        free = [other for other in free if other.type == branch.type]
    return free[0] if len(free) == 1 else None


def _list_free(branches: Sequence[Node], others: Sequence[Node]) -> list[Node]:
    """Return the branches that have no namesake among the others; null aside."""
    taken = {_sign(other) for other in others}
    return [one for one in branches if one.type != "null" and _sign(one) not in taken]


def _sign(node: Node) -> tuple[str, str]:
    return node.type, node.name.short if isinstance(node, Named) else ""


def _lose_branch(spot: Spot, branch: Node) -> Break:
    if branch.type == "null":
        return Break(Change.REQUIRED, spot, _BACKWARD)
    return Break(Change.BRANCH_REMOVED, spot, _BACKWARD, describe_type(branch))


def _gain_branch(spot: Spot, branch: Node) -> Break:
    if branch.type == "null":
        return Break(Change.NULLABLE, spot, _FORWARD)
    return Break(Change.BRANCH_ADDED, spot, _FORWARD, describe_type(branch))


def _compare_names(spot: Spot, new: Named, old: Named, fails: Directions) -> Iterator[Break]:
    if new.name.short == old.name.short:
        return
    known = (_BACKWARD if old.name in new.aliases else frozenset()) | (
        _FORWARD if new.name in old.aliases else frozenset()
    )
    if fails - known:
        detail = f"{old.name.full} to {new.name.full}"
        yield Break(Change.NAME_CHANGED, spot, fails - known, detail, new, old)


def _compare_symbols(spot: Spot, new: Enum, old: Enum, fails: Directions) -> Iterator[Break]:
    gone = sorted(set(old.symbols).difference(new.symbols))
    come = sorted(set(new.symbols).difference(old.symbols))
    if Direction.BACKWARD in fails and gone and new.default is None:
        yield Break(Change.SYMBOLS_REMOVED, spot, _BACKWARD, ", ".join(gone), new, old)
    if Direction.FORWARD in fails and come and old.default is None:
        yield Break(Change.SYMBOLS_ADDED, spot, _FORWARD, ", ".join(come), new, old)


def _compare_sizes(spot: Spot, new: Fixed, old: Fixed, fails: Directions) -> Iterator[Break]:
    if new.size != old.size:
        yield Break(Change.RESIZED, spot, fails, f"{old.size} to {new.size} bytes", new, old)


def _compare_kinds(spot: Spot, new: Node, old: Node, fails: Directions) -> Break:
    """Two types of which one may still take the other's values."""
    if fails == _FORWARD and _can_read(new, old):
        return Break(Change.WIDENED, spot, fails)
    if fails == _BACKWARD and _can_read(old, new):
        return Break(Change.NARROWED, spot, fails)
    return Break(Change.RETYPED, spot, fails)
