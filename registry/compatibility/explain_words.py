"""What explanations say: why a reader fails, and what to do about it, by kind of change."""

from collections.abc import Mapping
from typing import Final

from registry.compatibility.explain_walk import Change, Direction

_B, _F = Direction.BACKWARD, Direction.FORWARD

# `name` is the place, `old` and `new` types in words, `detail` as in `Break`
WHY: Final[Mapping[tuple[Change, Direction], str]] = {
    (Change.ADDED, _B): (
        "a reader with the new schema finds no {field} in old records and has no default for it"
    ),
    (Change.REMOVED, _F): (
        "a reader with the old schema finds no {field} in new records and has no default for it"
    ),
    (Change.RENAMED, _B): (
        "a reader with the new schema knows fields by name: it finds no {field} in old records and "
        "has no default for it"
    ),
    (Change.RENAMED, _F): (
        "a reader with the old schema knows fields by name: it no longer finds the old one in new "
        "records and has no default for it"
    ),
    (Change.WIDENED, _F): "a reader with the old schema takes {old}, new records hold {new}",
    (Change.NARROWED, _B): "a reader with the new schema takes {new}, old records hold {old}",
    (Change.RETYPED, _B): "a reader with the new schema takes {new}, old records hold {old}",
    (Change.RETYPED, _F): "a reader with the old schema takes {old}, new records hold {new}",
    (Change.NULLABLE, _F): (
        "a reader with the old schema takes no null, and new records may hold one"
    ),
    (Change.REQUIRED, _B): (
        "a reader with the new schema takes no null, and old records may hold one"
    ),
    (Change.BRANCH_ADDED, _F): "a reader with the old schema has no {detail} in its union",
    (Change.BRANCH_REMOVED, _B): "a reader with the new schema has no {detail} in its union",
    (Change.SYMBOLS_ADDED, _F): (
        "a reader with the old schema does not know {detail}, and its enum has no default"
    ),
    (Change.SYMBOLS_REMOVED, _B): (
        "a reader with the new schema does not know {detail}, and its enum has no default"
    ),
    (Change.RESIZED, _B): "a reader with the new schema takes another number of bytes: {detail}",
    (Change.RESIZED, _F): "a reader with the old schema takes another number of bytes: {detail}",
    (Change.NAME_CHANGED, _B): (
        "a reader with the new schema knows the type by another name ({detail}), without an alias"
    ),
    (Change.NAME_CHANGED, _F): (
        "a reader with the old schema knows the type by another name ({detail})"
    ),
    (Change.AMBIGUOUS, _B): (
        "for a reader with the new schema, name and aliases of {field} match several old fields"
    ),
    (Change.AMBIGUOUS, _F): (
        "for a reader with the old schema, name and aliases of {field} match several new fields"
    ),
    (Change.OTHER, _B): "a reader with the new schema fails on old records: {detail}",
    (Change.OTHER, _F): "a reader with the old schema fails on new records: {detail}",
}

REMEDIES: Final[Mapping[Change, str]] = {
    Change.ADDED: "give {field} a default: make it nullable with default null, or a constant",
    Change.REMOVED: (
        "keep {field} until no reader needs it; first give it a default in a version of its own"
    ),
    Change.RENAMED: (
        "add the new field with a default and keep the old one beside it until no reader needs it;"
        " where only new readers matter, an alias with the old name is enough"
    ),
    Change.WIDENED: (
        "keep {old} until all readers know {new}: upgrade readers first under a BACKWARD level,"
        " or add a second field of the new type"
    ),
    Change.NARROWED: "keep {old}, or add a second field of the new type with a default",
    Change.RETYPED: (
        "keep {old} and add a second field of the new type with a default; remove the old one when"
        " no reader needs it"
    ),
    Change.NULLABLE: (
        "keep {field} without null until all readers take one: upgrade readers first under a"
        " BACKWARD level"
    ),
    Change.REQUIRED: "keep null in the type, with default null; let the producer stop sending it",
    Change.BRANCH_ADDED: "add {detail} after all readers know it, or use a second field",
    Change.BRANCH_REMOVED: "keep {detail} in the union; let the producer stop sending it",
    Change.SYMBOLS_ADDED: (
        "give the enum a default in a version of its own before adding symbols, or use a string"
    ),
    Change.SYMBOLS_REMOVED: "keep {detail}, or give the enum a default that stands in for it",
    Change.RESIZED: "keep the size, or add a second field of another fixed type",
    Change.NAME_CHANGED: "keep the name, or (for new readers) add the old full name as an alias",
    Change.AMBIGUOUS: "remove the alias that another field has as its name",
    Change.OTHER: "compare the two types at this place",
}
_REMEDY_OF_KEY: Final = (
    "a key's schema should never change: its bytes choose the partition and what is compacted;"
    " open a new topic instead"
)


def choose_remedy(change: Change, part: str) -> str:
    """Return the next step, as a template like those above."""
    return _REMEDY_OF_KEY if part == "key column" else REMEDIES[change]
