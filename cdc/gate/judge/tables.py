"""Rules about tables and keys: topics that go silent, keys that do not say whose row it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cdc.findings import Severity
from cdc.gate.forecast import Shape
from cdc.gate.judge import rewrites
from cdc.gate.judge.cases import Case
from cdc.gate.judge.rule import Flaw, Kind, Rule


def _renamed(case: Case) -> Iterator[Flaw]:
    if case.old and case.new and case.old.qualified != case.new.qualified:
        yield Flaw("", f"renamed to {case.new.qualified}: a new topic, this one goes silent")


def _dropped(case: Case) -> Iterator[Flaw]:
    if case.old and case.new is None:
        yield Flaw("", "dropped: its topics go silent, without a record that says so")


def _key_dropped(case: Case) -> Iterator[Flaw]:
    before, after = _key(case.before), _key(case.after)
    if case.after and before and not after:
        yield Flaw("", f"loses its key ({', '.join(before)})")


def _key_changed(case: Case) -> Iterator[Flaw]:
    before, after = _key(case.before), _key(case.after)
    if not before or not after:
        return
    if list(before) != list(after):
        yield Flaw("", f"key ({', '.join(before)}) becomes ({', '.join(after)})")
        return
    for name, kind in after.items():
        if before[name] != kind:
            yield Flaw(name, "the type of a key column changes")


def _key(shape: Shape | None) -> Mapping[str, object]:
    """The fields of a table's messages' key, and their types."""
    fields = shape.raw.key["fields"] if shape and shape.raw.key else ()
    return {field["name"]: field["type"] for field in fields}


_ERROR, _SEMANTIC = Severity.ERROR, Kind.SEMANTIC

TABLE_RULES: Sequence[Rule] = (
    Rule(
        "table-renamed",
        _SEMANTIC,
        _ERROR,
        "a table has another name",
        "A topic is named for its table: readers of the old topic wait for records that never come,"
        " and no check of schemas looks at a topic that is new.",
        "keep the name; where the application wants another, give it a view",
        _renamed,
        rewrites.new_name_as_view,
    ),
    Rule(
        "table-dropped",
        _SEMANTIC,
        _ERROR,
        "a table goes",
        "Its topics stay and go silent: readers cannot tell this from a quiet day, and the rows are"
        " not deleted there.",
        "delete the rows first where readers must see them go; drop it when no consumer reads it",
        _dropped,
        rewrites.nothing,
    ),
    Rule(
        "primary-key-dropped",
        _SEMANTIC,
        _ERROR,
        "a table loses its key",
        "Without a key records have none: compaction, deletes and order by row end, the relay stops"
        " the table, and no registry compares a schema that is gone.",
        "keep the key; where another is wanted, make a new table",
        _key_dropped,
        rewrites.new_table,
        explains=True,
    ),
    Rule(
        "primary-key-changed",
        _SEMANTIC,
        _ERROR,
        "a table's key has other columns or types",
        "The bytes of a key choose the partition and what is compacted. With another schema the"
        " same row has another key: its old record is never compacted away, and its order is lost.",
        "keep the key and add a UNIQUE index, or make a new table with a topic of its own",
        _key_changed,
        rewrites.new_table,
        explains=True,
    ),
)
