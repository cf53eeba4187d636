"""What is wrong with the tables that connectors capture."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cdc.doctor.capturing import names
from cdc.doctor.converters import replaces_nulls
from cdc.doctor.rule import ERROR, NOTE, WARNING, Flaw, Rule
from cdc.doctor.world import DEBEZIUM, CapturedTable, World
from cdc.source import ColumnFacts
from cdc.source.inspection import NOW

MONEY = re.compile(r"(?:^|_)(?:price|amount|cost|total|fee|balance|salary|revenue|tax)s?(?:_|$)")
LONGITUDE = re.compile(r"(?:^|_)(?:lon|lng|long|longitude)$")
# gh-ost: _x_gho, _x_ghc, _x_del; pt-online-schema-change: _x_new, _x_old, __x_new …
HELPER = re.compile(r"_+(?P<table>.+)_(?:new|old|gho|ghc|del)")
COMMAS_MENDED = (3, 7)
"""From here on Debezium writes a label with a comma as it is."""
CASCADES_LOGGED = (9, 6)
"""From here on InnoDB's foreign keys write what they change to the binary log."""


def _no_key(table: CapturedTable, world: World) -> Iterator[Flaw]:
    name = table.facts.qualified
    answered = name in world.relaying.keyed | world.relaying.append_only
    told = all(
        any(names(part.partition(":")[0], name) for part in keys.split(";"))
        for keys in (connector.get("message.key.columns") for connector in table.connectors)
    )
    if not table.facts.key and not answered and not told:
        yield Flaw(
            "the table has no primary key, and its policy does not say what it is",
            "a primary key; or `key: [column, …]` or `append_only: true` in its policy",
            "Its records have no key: an update cannot be told from a new row, and a delete"
            " reaches nobody. The relay stops the table.",
        )


def _null_defaults(table: CapturedTable, _: World) -> Iterator[Flaw]:
    hit = [c.name for c in table.facts.columns if c.nullable and _is_sent(c)]
    found = [connector.name for connector in table.connectors if replaces_nulls(connector)]
    if hit and found:
        yield Flaw(
            f"NULL in {', '.join(hit)} arrives as the column's DEFAULT",
            f"let the converter of {', '.join(found)} keep NULLs (rule null-becomes-default)",
            "Nothing tells such a value from one that was written.",
        )


def _is_sent(column: ColumnFacts) -> bool:
    """Whether the event's schema has the column's DEFAULT; a TIMESTAMP's `now` is not in it."""
    is_now = (column.fallback or "").upper().startswith(NOW)
    return column.fallback is not None and not (is_now and column.type == "timestamp")


def _float_money(table: CapturedTable, _: World) -> Iterator[Flaw]:
    hit = _named(table, MONEY, {"float", "double"})
    if hit:
        yield Flaw(
            f"money in a floating-point column: {_list(hit)}",
            "ALTER TABLE … MODIFY … DECIMAL(10,2)",
            "Sums differ from one store to the next, and a snapshot rounds FLOAT to six digits.",
        )


def _narrow_longitude(table: CapturedTable, _: World) -> Iterator[Flaw]:
    hit = [
        column
        for column in _named(table, LONGITUDE, {"decimal"})
        if column.digits - column.scale < 3
    ]
    if hit:
        yield Flaw(
            f"a longitude that cannot hold 100: {_list(hit)}",
            "ALTER TABLE … MODIFY … DECIMAL(11,8)",
            "West of 100° W and east of 100° E, MySQL refuses the row, or cuts the value off.",
        )


def _named(table: CapturedTable, name: re.Pattern[str], types: set[str]) -> list[ColumnFacts]:
    columns = table.facts.columns
    return [c for c in columns if c.type in types and name.search(c.name.lower())]


def _list(columns: Iterable[ColumnFacts]) -> str:
    return ", ".join(f"{column.name} {column.declared.upper()}" for column in columns)


def _helper(table: CapturedTable, _: World) -> Iterator[Flaw]:
    match = HELPER.fullmatch(table.facts.name)
    if match:
        yield Flaw(
            f"a helper of an online schema change of {match['table']} is captured",
            'name tables in full in "table.include.list"; drop what was left behind',
            "Each row is copied into it, so all of them are sent a second time, under a name that"
            " no policy has.",
        )


def _enum_commas(table: CapturedTable, world: World) -> Iterator[Flaw]:
    if world.worker and world.worker.plugin_version(DEBEZIUM) >= COMMAS_MENDED:
        return
    hit = [
        column.name
        for column in table.facts.columns
        if column.type == "enum" and "," in re.sub(r"'(?:\s*,\s*)'", "", column.declared)
    ]
    if hit:
        yield Flaw(
            f"a label with a comma, in {', '.join(hit)}",
            "labels without commas",
            "The connector separates labels by commas: the same value arrives as `b,c` from a"
            " snapshot and as `b\\,c` from the stream.",
        )


def _zero_dates(table: CapturedTable, _: World) -> Iterator[Flaw]:
    hit = [c.name for c in table.facts.columns if (c.fallback or "").startswith("0000-00-00")]
    if hit:
        yield Flaw(
            f"the DEFAULT of {', '.join(hit)} is a date that does not exist",
            "NULL in place of 0000-00-00",
            "It arrives as NULL where the column can be NULL, and else as 1970-01-01.",
        )


def _silent_cascades(table: CapturedTable, _: World) -> Iterator[Flaw]:
    version = table.server.version
    if table.facts.cascades and version and version < CASCADES_LOGGED:
        yield Flaw(
            "a foreign key changes or deletes its rows, and the binary log does not tell",
            "delete the rows by a statement of their own, before their parent; or MySQL 9.6",
            f"MySQL {table.server.variables['version']} carries out ON DELETE and ON UPDATE inside"
            " InnoDB: such rows stay in every topic.",
        )


TABLE_RULES: Sequence[Rule[CapturedTable]] = (
    Rule("no-key", ERROR, "a table has no key, and no policy says what it is", _no_key),
    Rule("null-default", ERROR, "columns whose NULLs arrive as defaults", _null_defaults),
    Rule("silent-cascades", ERROR, "a foreign key's changes are not logged", _silent_cascades),
    Rule("schema-change-helper", WARNING, "a helper table is captured", _helper),
    Rule("enum-comma", WARNING, "an ENUM label has a comma", _enum_commas),
    Rule("zero-date", WARNING, "a DEFAULT is a date that does not exist", _zero_dates),
    Rule("float-money", NOTE, "money is a floating-point number", _float_money),
    Rule("narrow-longitude", NOTE, "a longitude cannot hold 100 degrees", _narrow_longitude),
)
