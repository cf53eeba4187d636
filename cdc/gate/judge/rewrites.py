"""The same intention as SQL that nobody trips over: expand, move, contract."""

from __future__ import annotations

from dataclasses import replace

from cdc.gate.judge.cases import Case, Pair
from cdc.gate.judge.wording import family, sql_definition, sql_name, sql_type

_CONSTANTS = {
    **dict.fromkeys(("int16", "int32", "int64", "float", "double", "decimal"), "0"),
    "text": "''",
}


def pair_of(case: Case, column: str) -> Pair:
    """The pair of a column by its name now or before."""
    return next(p for p in case.pairs if column in {p.name, p.former})


def nothing(_case: Case, _column: str) -> str:
    """No SQL helps."""
    return ""


def beside(case: Case, column: str) -> str:
    """A second column of the new type, beside the old one."""
    if not column:
        return ""
    pair = pair_of(case, column)
    assert pair.new is not None  # noqa: S101 -- asked for columns that stay
    former = pair.former or column
    fresh = f"{former}_v2" if pair.name == former else pair.name
    return _expand(case, former, fresh, sql_type(pair.new.type))


def _expand(case: Case, old: str, new: str, kind: str) -> str:
    table, old, new = sql_name(case.table), sql_name(old), sql_name(new)
    return "\n".join(
        (
            "-- expand: both stand side by side, writers fill both",
            f"ALTER TABLE {table} ADD COLUMN {new} {kind} NULL;",
            "-- in small pieces",
            f"UPDATE {table} SET {new} = {old} WHERE {new} IS NULL;",  # noqa: S608 -- shown, not run
            "-- contract: in a later migration, when no consumer reads the old one",
            f"ALTER TABLE {table} DROP COLUMN {old};",
        )
    )


def drop_later(case: Case, column: str) -> str:
    """The drop as the last step; a column that must be filled first gets a default."""
    table, name = sql_name(case.table), sql_name(column)
    old = pair_of(case, column).old
    constant = _CONSTANTS.get(family(old), "") if old and not old.nullable else ""
    first = f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {constant};"
    return "\n".join(
        (
            "-- now: writers and readers let go of it",
            *([first] if constant else []),
            "-- contract: in a later migration, when no consumer reads it",
            f"ALTER TABLE {table} DROP COLUMN {name};",
        )
    )


def add_nullable(case: Case, column: str) -> str:
    """The new column without NOT NULL."""
    new = pair_of(case, column).new
    kind = sql_type(new.type) if new else ""
    table, name = sql_name(case.table), sql_name(column)
    return f"ALTER TABLE {table} ADD COLUMN {name} {kind} NULL;"


def check_not_null(case: Case, column: str) -> str:
    """MySQL refuses NULL, the schema stays."""
    name = sql_name(column)
    constraint = sql_name(f"{column}_is_there")
    return (
        f"ALTER TABLE {sql_name(case.table)}\n"
        f"    ADD CONSTRAINT {constraint} CHECK ({name} IS NOT NULL);"
    )


def keep_not_null(case: Case, column: str) -> str:
    """A second column that may be NULL."""
    new = pair_of(case, column).new
    return _expand(case, column, f"{column}_v2", sql_type(new.type) if new else "")


def append_labels(case: Case, column: str) -> str:
    """All labels in their old order, new ones behind them."""
    pair = pair_of(case, column)
    assert pair.old is not None  # noqa: S101 -- asked for columns that were
    assert pair.new is not None  # noqa: S101 -- idem
    old, new = pair.old.type.labels, pair.new.type.labels
    labels = (*old, *(label for label in new if label not in old))
    kept = replace(pair.old, type=replace(pair.old.type, labels=labels))
    table = sql_name(case.table)
    return f"ALTER TABLE {table} MODIFY COLUMN {sql_name(column)} {sql_definition(kept)};"


def as_decimal(case: Case, column: str) -> str:
    """Money in a decimal."""
    kind, name = "DECIMAL(12,2)", sql_name(column)
    if case.old is None:
        return f"{name} {kind} NULL"
    if pair_of(case, column).old is not None:
        return _expand(case, column, f"{column}_v2", kind)
    return f"ALTER TABLE {sql_name(case.table)} ADD COLUMN {name} {kind} NULL;"


def without_default(case: Case, column: str) -> str:
    """The column nullable, and without a default."""
    return (
        f"ALTER TABLE {sql_name(case.table)} ALTER COLUMN {sql_name(pair_of(case, column).name)}"
        " DROP DEFAULT;"
    )


def nullable_moment(case: Case, column: str) -> str:
    """First the column without a default, so that old records have NULL."""
    new = pair_of(case, column).new
    kind, name = (sql_type(new.type) if new else ""), sql_name(column)
    table = sql_name(case.table)
    return "\n".join(
        (
            f"ALTER TABLE {table} ADD COLUMN {name} {kind} NULL;",
            "-- the moment of new rows comes from the writer, or from a trigger",
        )
    )


def new_table(case: Case, _column: str) -> str:
    """A table of its own, filled beside the old one."""
    old = sql_name(case.table)
    name = case.new.qualified if case.new and case.new.qualified != case.table else ""
    new = sql_name(name or f"{case.table}_v2")
    return "\n".join(
        (
            f"CREATE TABLE {new} LIKE {old};",
            f"-- change {new}, fill it in small pieces, move consumers to its topic",
            f"INSERT INTO {new} SELECT * FROM {old};",  # noqa: S608 -- idem
            "-- contract: in a later migration, when no consumer reads the old topic",
            f"DROP TABLE {old};",
        )
    )


def new_name_as_view(case: Case, column: str) -> str:
    """The table keeps its name and topic, the new name is a view."""
    new = sql_name(case.new.qualified) if case.new else ""
    return (
        f"CREATE VIEW {new} AS SELECT * FROM {sql_name(case.table)};"  # noqa: S608 -- idem
        if new
        else new_table(case, column)
    )


def rename_properly(case: Case, column: str) -> str:
    """A new column that is filled from the one that goes."""
    new = pair_of(case, column).new
    gone = next(p.former for p in case.pairs if p.new is None)
    return _expand(case, gone, column, sql_type(new.type) if new else "")
