"""Which tables and columns a connector's lists name, as Debezium reads them.

Regular expressions with commas between them, held against the whole name, case ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cdc.source import ColumnFacts, TableFacts

INCLUDE_LISTS = ("table.include.list", "database.include.list")


def captures(config: Mapping[str, str], table: TableFacts) -> bool:
    """Whether a table's changes are sent."""
    checks = (
        ("database.include.list", table.database, True),
        ("database.exclude.list", table.database, False),
        ("table.include.list", table.qualified, True),
        ("table.exclude.list", table.qualified, False),
    )
    return all(
        names(config[key], name) is wanted for key, name, wanted in checks if config.get(key)
    )


def names_column(patterns: str, table: TableFacts, column: ColumnFacts) -> bool:
    """Whether a list of columns names this one (`database.table.column`)."""
    return names(patterns, f"{table.qualified}.{column.name}")


def names(patterns: str, name: str) -> bool:
    """Whether one of a list's expressions is the whole name."""
    return any(_matches(pattern.strip(), name) for pattern in patterns.split(","))


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name, re.IGNORECASE) is not None
    except re.error:  # Java's expressions know a few forms that Python's do not
        return pattern == name
