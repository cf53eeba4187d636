"""Rules about what MySQL does to carry a statement out: at once, in place, or by copying the table.

What each change needs is MySQL's own table (reference manual 9, Online DDL Operations). Sizes are
not known here, so nothing says how long it takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from cdc.findings import Severity
from cdc.gate.judge import rewrites
from cdc.gate.judge.cases import Case, Pair
from cdc.gate.judge.rule import Flaw, Kind, Reach, Rule
from cdc.gate.judge.wording import capacity, family
from registry.derive.ddl import MySqlColumn

_SHORT = 255
"""Bytes up to which a VARCHAR has one byte for its length."""
_CHARACTER_BYTES = {"latin1": 1, "ascii": 1, "utf8": 3, "utf8mb3": 3, "ucs2": 2}
_REBUILDING = frozenset({"ENGINE", "FORCE", "ROW_FORMAT", "KEY_BLOCK_SIZE"})
_COPYING = frozenset({"CONVERT", "REMOVE"})


class Work(IntEnum):
    """What MySQL does, from nothing to all rows anew."""

    INSTANT = 0
    INPLACE = 1
    REBUILD = 2
    COPY = 3


def work_of(case: Case) -> Work:
    """The most that an ALTER TABLE needs."""
    if case.old is None or case.new is None or case.words[:1] != ("ALTER",):
        return Work.INSTANT
    return max(_of_words(case), _of_key(case), _of_order(case), *map(_of_pair, case.pairs))


def _of_words(case: Case) -> Work:
    words = set(case.words)
    if words & _COPYING or {"PARTITION", "BY"} <= words or {"STORED", "ADD"} <= words:
        return Work.COPY
    if words & _REBUILDING:
        return Work.REBUILD
    is_index = "ADD" in words and words & {"INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL"}
    return Work.INPLACE if is_index else Work.INSTANT


def _of_key(case: Case) -> Work:
    assert case.old is not None  # noqa: S101 -- asked for tables that stay
    assert case.new is not None  # noqa: S101 -- idem
    before, after = case.old.primary, case.new.primary
    is_renamed = len(before) == len(after) and case.words.count("PRIMARY") == 0
    if before == after or is_renamed:
        return Work.INSTANT
    return Work.REBUILD if after else Work.COPY


def _of_order(case: Case) -> Work:
    assert case.old is not None  # noqa: S101 -- asked for tables that stay
    before = [c.name for c in case.old.columns]
    now = [pair.former for pair in case.kept]
    return Work.INSTANT if now == [name for name in before if name in now] else Work.REBUILD


def _of_pair(pair: Pair) -> Work:
    if pair.old is None or pair.new is None:
        return Work.INSTANT
    kind = _of_type(pair.old, pair.new)
    is_rebuilt = pair.old.nullable != pair.new.nullable
    return max(kind, Work.REBUILD if is_rebuilt else Work.INSTANT)


def _of_type(old: MySqlColumn, new: MySqlColumn) -> Work:
    if old.type == new.type:
        return Work.INSTANT
    families = family(old), family(new)
    if families[0] == families[1] and families[0] in {"enum", "set"}:
        is_appended = new.type.labels[: len(old.type.labels)] == old.type.labels
        return Work.INSTANT if is_appended else Work.COPY
    is_varchar = old.type.base == new.type.base and old.type.base in {"VARCHAR", "VARBINARY"}
    if is_varchar and old.type.charset == new.type.charset and capacity(old) <= capacity(new):
        return Work.INPLACE if _is_short(old) == _is_short(new) else Work.COPY
    return Work.COPY


def _is_short(column: MySqlColumn) -> bool:
    width = 1 if family(column) == "bytes" else _CHARACTER_BYTES.get(column.type.charset, 4)
    return capacity(column) * width <= _SHORT


def _asked(case: Case, word: str) -> str:
    """What a statement's ALGORITHM or LOCK says."""
    if word not in case.words:
        return ""
    rest = [each for each in case.words[case.words.index(word) + 1 :] if each != "="]
    return rest[0] if rest else ""


def _is_refused(case: Case) -> bool:
    work, algorithm = work_of(case), _asked(case, "ALGORITHM")
    is_slower = algorithm == "INSTANT" and work > Work.INSTANT
    is_copied = work is Work.COPY
    return is_slower or (is_copied and (algorithm == "INPLACE" or _asked(case, "LOCK") == "NONE"))


def _copied(case: Case) -> Iterator[Flaw]:
    if work_of(case) is Work.COPY and not _is_refused(case):
        yield Flaw("", "ALGORITHM=COPY, LOCK=SHARED: every row is copied, writes wait")


def _rebuilt(case: Case) -> Iterator[Flaw]:
    if work_of(case) is Work.REBUILD and not _is_refused(case):
        yield Flaw("", "ALGORITHM=INPLACE with a rebuild: writes go on, the table is written anew")


def _refused(case: Case) -> Iterator[Flaw]:
    if _is_refused(case):
        needed = work_of(case)
        name = "INPLACE" if needed in {Work.INPLACE, Work.REBUILD} else "COPY"
        asked = _asked(case, "ALGORITHM") or f"LOCK={_asked(case, 'LOCK')}"
        yield Flaw("", f"asks for {asked}, and MySQL can do it by {name} only")


OPERATION_RULES: Sequence[Rule] = (
    Rule(
        "table-copied",
        Kind.OPERATIONS,
        Severity.WARNING,
        "MySQL copies the table, and writes wait",
        "With ALGORITHM=COPY the table can be read and not written for as long as the copy takes."
        " Replicas repeat it, and the connector stands still behind the one it reads from.",
        "run it in a quiet hour, by gh-ost or pt-online-schema-change, or as expand and contract",
        _copied,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "table-rebuilt",
        Kind.OPERATIONS,
        Severity.NOTE,
        "MySQL writes the table anew, and writes go on",
        "An in-place rebuild needs the table's space a second time; replicas lag while they do it.",
        "say ALGORITHM=INPLACE, LOCK=NONE, so that MySQL refuses rather than copies",
        _rebuilt,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
    Rule(
        "algorithm-refused",
        Kind.OPERATIONS,
        Severity.ERROR,
        "the statement asks for an algorithm that MySQL does not have for it",
        "MySQL refuses the statement with error 1846, and the migration stops half way.",
        "ask for the algorithm that it needs, or make another change",
        _refused,
        rewrites.nothing,
        Reach.NOWHERE,
    ),
)
