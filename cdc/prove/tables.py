"""The canary tables: every MySQL type twice, once kept and once hidden by one of all rules.

What can be part of a declaration carries marks too: defaults, labels, comments.
"""

from __future__ import annotations

import inspect
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from cdc.errors import StackError
from cdc.keys import Key, KeyRing
from cdc.privacy.plan import bind_rule
from cdc.privacy.transforms import RULES_BY_NAME, AnyRule
from cdc.privacy.transforms.rule import RefusedRuleError, Rule
from cdc.prove.draw import LABELLED, draw_text
from cdc.prove.markers import Ledger, Sort
from registry.derive.table import Column, Table
from registry.derive.types import MYSQL_TYPES, Canonical, canonical_of_mysql

DATABASE = "pizzashop"
KEPT, HIDDEN = "kept", "hidden"
OVERSIZE = "oversize"
"""A column whose text, encrypted, no longer fits into a record."""
LATITUDE, LONGITUDE = "lat", "lon"
"""Numbers that are places on earth, as one rule needs them."""

# Where the bare name of a type is not its declaration, or would be too short for a mark.
_DECLARED: Mapping[str, str] = {
    "DECIMAL": "DECIMAL(30,10)",
    "BIT": "BIT(64)",
    "CHAR": "CHAR(60)",
    "VARCHAR": "VARCHAR(80)",
    "BINARY": "BINARY(16)",
    "VARBINARY": "VARBINARY(16)",
    "TIME": "TIME(6)",
    "DATETIME": "DATETIME(6)",
    "TIMESTAMP": "TIMESTAMP(6) NULL",
    "VECTOR": "VECTOR(3)",
}
_WITH_DEFAULT = frozenset({"CHAR", "VARCHAR"})
# Debezium 3.6 with `include.schema.comments` dies of a comment on a geometry ("doc has already been
# set"): its schema of a geometry has one of its own.
_WITHOUT_COMMENT = frozenset(
    name for name in MYSQL_TYPES if canonical_of_mysql(name) == Canonical("geometry")
)
_RULE: TypeAdapter[AnyRule] = TypeAdapter(AnyRule)
_ONLY: Mapping[str, str] = {OVERSIZE: "encrypt", LATITUDE: "geohash"}
_KEEP: Mapping[str, Any] = {"class": "public", "rule": "keep"}


@dataclass(frozen=True, slots=True)
class CanaryTable:
    """A table to be made; `file` is what its policy says beside the columns, None: no policy."""

    name: str
    file: Mapping[str, Any] | None

    @property
    def qualified(self) -> str:
        """`database.table`."""
        return f"{DATABASE}.{self.name}"


AVRO = CanaryTable("canaries", {"format": "avro"})
JSON = CanaryTable("canaries_json", {"format": "json", "deletes": "record_then_tombstone"})
UNRULED = CanaryTable("canaries_unruled", None)
TABLES = (AVRO, JSON, UNRULED)


def declare(table: CanaryTable, ledger: Ledger, rng: random.Random) -> str:
    """The CREATE TABLE, its marks entered in the ledger."""
    columns = [
        "id BIGINT",
        "code VARCHAR(80)",
        f"{OVERSIZE} LONGTEXT",
        f"{LATITUDE} DECIMAL(17,16)",
        f"{LONGITUDE} DECIMAL(17,16)",
        *(
            f"{slug(kind)}_{side} {_declared(kind, f'{table.qualified}.{slug(kind)}', marks)}"
            for side, marks in _sides(ledger, rng, table)
            for kind in MYSQL_TYPES
        ),
        "PRIMARY KEY (id, code)",
    ]
    comment = _mark(ledger, rng, table.qualified, "table comment")
    return f"CREATE TABLE {table.name} ({', '.join(columns)}) COMMENT '{comment}'"


@dataclass(frozen=True, slots=True)
class _Marks:
    """Makes the marks of one side of a table; `used` is the sort of labels that rows hold."""

    ledger: Ledger
    rng: random.Random
    used: Sort

    def label(self, place: str, kind: str) -> str:
        """A label that rows hold."""
        return _mark(self.ledger, self.rng, place, kind, self.used)

    def shape(self, place: str, kind: str) -> str:
        """What stands in the declaration alone."""
        return _mark(self.ledger, self.rng, place, kind)


def _sides(ledger: Ledger, rng: random.Random, table: CanaryTable) -> Iterator[tuple[str, _Marks]]:
    leaves = Sort.KEPT if table.file is not None else Sort.HIDDEN
    yield KEPT, _Marks(ledger, rng, leaves)
    yield HIDDEN, _Marks(ledger, rng, Sort.HIDDEN)


def _mark(
    ledger: Ledger, rng: random.Random, place: str, kind: str, sort: Sort = Sort.SHAPE
) -> str:
    drawn = draw_text(rng)
    if drawn is None:
        raise StackError("prove: a mark of 60 characters could not be drawn")
    ledger.add(sort, place, kind, drawn.needles)
    return str(drawn.value)


def _declared(kind: str, place: str, marks: _Marks) -> str:
    sql = _DECLARED.get(kind, kind)
    if kind in LABELLED:
        labels = marks.label(place, f"{kind} label"), marks.shape(place, f"{kind} label")
        sql = f"{kind}({', '.join(map(repr, labels))})"
    if kind in _WITH_DEFAULT:
        sql += f" DEFAULT '{marks.shape(place, 'default')}'"
    if kind in _WITHOUT_COMMENT:
        return sql
    return f"{sql} COMMENT '{marks.shape(place, 'comment')}'"


def slug(kind: str) -> str:
    """A column's name of a type's."""
    return "".join(letter if letter.isalnum() else "_" for letter in kind.lower()).strip("_")


def write_policy(table: CanaryTable, shape: Table, keys: Iterable[str]) -> str:
    """The policy of a canary table, as JSON, which is YAML too."""
    columns = choose_rules(shape, {name: Key(name, 1, {1: bytes(32)}) for name in keys})
    return json.dumps({"table": table.qualified, **(table.file or {}), "columns": columns})


def choose_rules(shape: Table, keys: KeyRing) -> Mapping[str, Mapping[str, Any]]:
    """A rule for each column; of those that can act, the one that has been used least."""
    used: Counter[str] = Counter()
    chosen: dict[str, Mapping[str, Any]] = {}
    for column in shape.columns:
        if column.name.endswith(f"_{KEPT}"):
            chosen[column.name] = _KEEP
            continue
        fitting = [
            (name, example)
            for name, example in _candidates(column.name)
            if _binds(example, column, shape, keys)
        ]
        name, chosen[column.name] = min(fitting, key=lambda pair: used[pair[0]])
        used[name] += 1
    return chosen


def _candidates(column: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    only = _ONLY.get(column)
    for name, rule in RULES_BY_NAME.items():
        if name != "keep" and (name == only if only else name != _ONLY[LATITUDE]):
            yield name, example_of(rule)


def example_of(rule: type[Rule]) -> Mapping[str, Any]:
    """The rule's parameters in the example of its own description."""
    text = (inspect.getdoc(rule) or "").partition("Example: ")[2].replace("`", "")
    (example,) = YAML(typ="safe", pure=True).load(" ".join(text.split())).values()
    return {key: value for key, value in example.items() if key != "as"}


def _binds(example: Mapping[str, Any], column: Column, shape: Table, keys: KeyRing) -> bool:
    if column.type is None:
        return str(example["rule"]) == "drop"
    try:
        rule: AnyRule = _RULE.validate_python(example)
        if not rule.drops:
            bind_rule(shape, column, rule, keys, "governed")
    except (RefusedRuleError, ValidationError):
        return False
    return rule.injective or column.name not in shape.key
