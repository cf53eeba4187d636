"""SQL text read as tables, without a server: CREATE TABLE, ALTER TABLE and what goes with them."""

from registry.derive.ddl.catalogue import Catalogue, Change, Tables
from registry.derive.ddl.facts import DataType, Default, Index, MySqlColumn, MySqlTable, Span
from registry.derive.ddl.lexer import Source, Token, read_source
from registry.derive.ddl.shown import show_as_server, show_column

__all__ = [
    "Catalogue",
    "Change",
    "DataType",
    "Default",
    "Index",
    "MySqlColumn",
    "MySqlTable",
    "Source",
    "Span",
    "Tables",
    "Token",
    "read_source",
    "show_as_server",
    "show_column",
]
