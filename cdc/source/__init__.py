"""The only door to MySQL: table shapes, rows in canonical form, and how far the server is.

Enters: an address and a user that may SELECT. Leaves: `Table`s, rows as the Python values of
`cdc.canonical`, sets of GTIDs. Nothing is ever written.
"""

from cdc.source.database import Database
from cdc.source.expressions import NO_FORM
from cdc.source.inspection import ColumnFacts, TableFacts

__all__ = ["NO_FORM", "ColumnFacts", "Database", "TableFacts"]
