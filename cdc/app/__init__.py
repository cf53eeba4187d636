"""The composition root: the only place that builds clients.

Every `build_…` takes the settings and gives one working thing; what it is made of is written here
and nowhere else.
"""

from cdc.app.comparing import build_retirer, build_verifier, verify_table
from cdc.app.connecting import (
    Standing,
    build_access,
    build_reconciler,
    build_snapshots,
    read_standings,
)
from cdc.app.relay import DEAD_LETTER_KEY, build_relay
from cdc.app.serving import Admin, SchemaText, build_admin, build_cell_counter, build_registry
from cdc.app.tables import (
    newest_majors,
    open_database,
    plan_tables,
    raw_topic_of,
    read_tables,
    relay_statuses,
)

__all__ = [
    "DEAD_LETTER_KEY",
    "Admin",
    "SchemaText",
    "Standing",
    "build_access",
    "build_admin",
    "build_cell_counter",
    "build_reconciler",
    "build_registry",
    "build_relay",
    "build_retirer",
    "build_snapshots",
    "build_verifier",
    "newest_majors",
    "open_database",
    "plan_tables",
    "raw_topic_of",
    "read_standings",
    "read_tables",
    "relay_statuses",
    "verify_table",
]
