"""The tables that SQL files make, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cdc.errors import ConfigError
from cdc.gate.migrations import read_steps
from registry.derive.ddl import Catalogue
from registry.derive.from_ddl import table_from_ddl
from registry.derive.table import Table
from registry.errors import RefusedSql


def read_sql_tables(path: Path) -> Mapping[str, Table]:
    """Every table that a file, or a folder's files in order, leave behind, by `database.table`.

    Raises:
        ConfigError: SQL that is not understood, with file and line, or none at all.
    """
    catalogue = Catalogue()
    try:
        for step in read_steps(path):
            for _ in catalogue.run(step.source):
                pass
    except RefusedSql as error:
        raise ConfigError(str(error)) from None
    return {name: table_from_ddl(table) for name, table in catalogue.tables.items()}
