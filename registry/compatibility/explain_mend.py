"""Changes a new schema as little as its level needs, and proves that the result passes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from registry.avro import Schema, expand, parse_strict
from registry.avro.nodes import NO_DEFAULT, Enum, Fixed, Name, Node, Primitive, Union
from registry.avro.render import render_canonical
from registry.compatibility.explain_walk import Break, Change, Direction, Directions, find_breaks
from registry.compatibility.levels import EarlierVersion, check_level
from registry.errors import InvalidSchemaError
from registry.model import CompatibilityLevel

# One repair may uncover another (a field that is kept may lack in a version before); repairs that
# undo each other never end.
MAX_ROUNDS: Final = 4
# A repair changes the new tree; it returns another root where the root itself is replaced.
Repairs = Mapping[Change, Callable[[Break, Directions], Node | None]]

_CONSTANTS: Final[Mapping[str, Any]] = {
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "string": "",
    "bytes": "",
    "array": [],
    "map": {},
}
_NULL: Final = Primitive("null", {})


def mend(new: Schema, earlier: Sequence[EarlierVersion], level: CompatibilityLevel) -> str | None:
    """Return `new` with what its level forbids repaired, None when no repair of ours passes.

    Types that come from references are written out. The text is parsed and checked again before it
    is returned.
    """
    found = (_mend_by(repairs, new, earlier, level) for repairs in (_REPAIRS, _WITH_CONSTANTS))
    return next((text for text in found if text is not None), None)


def _mend_by(
    repairs: Repairs, new: Schema, earlier: Sequence[EarlierVersion], level: CompatibilityLevel
) -> str | None:
    asked, wanted = list_asked(earlier, level), choose_directions(level)
    try:
        candidate = parse_strict(expand(new))
        for _ in range(MAX_ROUNDS):
            candidate = parse_strict(_repair(repairs, candidate, asked, wanted))
            if not check_level(candidate, earlier, level):
                return candidate.canonical
    except (InvalidSchemaError, RecursionError):
        return None
    return None


def list_asked(
    earlier: Sequence[EarlierVersion], level: CompatibilityLevel
) -> Sequence[EarlierVersion]:
    """Return the versions that a level looks at, in their order."""
    if level is CompatibilityLevel.NONE:
        return ()
    return earlier if level.is_transitive else earlier[-1:]


def choose_directions(level: CompatibilityLevel) -> Directions:
    """Return who must be able to read whom at a level."""
    asked = (Direction.BACKWARD, level.new_reads_old), (Direction.FORWARD, level.old_reads_new)
    return frozenset(direction for direction, is_asked in asked if is_asked)


def _repair(
    repairs: Repairs, candidate: Schema, asked: Sequence[EarlierVersion], wanted: Directions
) -> str:
    """Return the text after the first repair of each break; changes the candidate's tree."""
    breaks = [one for version in reversed(asked) for one in find_breaks(candidate, version.schema)]
    root: Node = candidate.root
    for one in breaks:
        if one.fails & wanted:
            root = repairs.get(one.change, _keep_root)(one, one.fails & wanted) or root
    return render_canonical(root)


def _keep_root(_one: Break, _fails: Directions) -> None:
    """Leave what no repair is known for."""


def _make_optional(one: Break, fails: Directions) -> Node | None:
    field = one.spot.new_field
    if field is None or one.spot.steps:
        return _restore_type(one, fails)
    branches = field.schema.branches if isinstance(field.schema, Union) else (field.schema,)
    values = tuple(branch for branch in branches if branch.type != "null")
    if field.default is NO_DEFAULT:
        field.default = None
    is_null_first = field.default is None
    field.schema = Union((_NULL, *values) if is_null_first else (*values, _NULL))
    return None


def _give_constant(one: Break, fails: Directions) -> Node | None:
    """Where an earlier version has the field without null, only a default of its type helps."""
    field = one.spot.new_field
    if field is None or field.schema.type not in _CONSTANTS:
        return _make_optional(one, fails)
    field.default = _CONSTANTS[field.schema.type]
    return None


def _keep_field(one: Break, _fails: Directions) -> None:
    record, field = one.spot.new_record, one.spot.old_field
    if (
        record is not None
        and field is not None
        and all(f.name != field.name for f in record.fields)
    ):
        record.fields = (*record.fields, field)


def _bridge_rename(one: Break, fails: Directions) -> None:
    """An alias is enough for new readers; old ones need the old field beside the new one."""
    new, old = one.spot.new_field, one.spot.old_field
    if Direction.FORWARD in fails:
        _keep_field(one, fails)
        if new is not None and new.default is NO_DEFAULT:
            _make_optional(one, fails)
    elif new is not None and old is not None:
        new.aliases = (*new.aliases, old.name)


def _restore_type(one: Break, _fails: Directions) -> Node | None:
    """Give a field its old type and default; a root becomes the old root."""
    new, old = one.spot.new_field, one.spot.old_field
    if new is None or old is None:
        return one.spot.old_type
    new.schema, new.default = old.schema, old.default
    return None


def _restore_symbols(one: Break, _fails: Directions) -> None:
    if isinstance(one.new, Enum) and isinstance(one.old, Enum):
        known = one.new.symbols
        one.new.symbols = (*known, *(s for s in one.old.symbols if s not in known))


def _withhold_symbols(one: Break, _fails: Directions) -> None:
    if isinstance(one.new, Enum) and isinstance(one.old, Enum):
        known = one.old.symbols
        one.new.symbols = tuple(symbol for symbol in one.new.symbols if symbol in known)
        if one.new.default not in one.new.symbols:
            one.new.default = None


def _restore_size(one: Break, _fails: Directions) -> None:
    if isinstance(one.new, Fixed) and isinstance(one.old, Fixed):
        one.new.size = one.old.size


def _restore_name(one: Break, fails: Directions) -> None:
    """Names without namespace match; an alias without one would be read as in the new one."""
    if one.new is None or one.old is None:
        return
    is_alias_lost = one.old.name.space is None and one.new.name.space is not None
    if Direction.FORWARD in fails or is_alias_lost:
        one.new.name = Name(one.old.name.short, one.new.name.space)
    else:
        one.new.aliases = (*one.new.aliases, one.old.name)


def _drop_aliases(one: Break, _fails: Directions) -> None:
    if one.spot.new_field is not None:
        one.spot.new_field.aliases = ()


_REPAIRS: Final[Repairs] = {
    Change.ADDED: _make_optional,
    Change.REMOVED: _keep_field,
    Change.RENAMED: _bridge_rename,
    Change.WIDENED: _restore_type,
    Change.NARROWED: _restore_type,
    Change.RETYPED: _restore_type,
    Change.NULLABLE: _restore_type,
    Change.REQUIRED: _make_optional,
    Change.BRANCH_ADDED: _restore_type,
    Change.BRANCH_REMOVED: _restore_type,
    Change.SYMBOLS_ADDED: _withhold_symbols,
    Change.SYMBOLS_REMOVED: _restore_symbols,
    Change.RESIZED: _restore_size,
    Change.NAME_CHANGED: _restore_name,
    Change.AMBIGUOUS: _drop_aliases,
}
_WITH_CONSTANTS: Final[Repairs] = {**_REPAIRS, Change.ADDED: _give_constant}
