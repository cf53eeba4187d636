"""What SQL that has not run yet will do to the topics.

Files come in: a schema, migrations, a connector, policies. Schemas and a report leave; nothing is
contacted, but for a registry that the schemas are held against where one is named.
"""

from cdc.gate.against import GIT, Split, read_steps_at, split_steps
from cdc.gate.baseline import read_baseline, write_baseline
from cdc.gate.checking import Sql, Terms, check_migrations
from cdc.gate.consumers import read_consumers
from cdc.gate.forecast import Forecast, Forecaster
from cdc.gate.judge import ANY, RULES, Earlier, Kind
from cdc.gate.migrations import Step, read_steps
from cdc.gate.tables import read_sql_tables
from cdc.gate.waivers import read_waivers

__all__ = [
    "ANY",
    "GIT",
    "RULES",
    "Earlier",
    "Forecast",
    "Forecaster",
    "Kind",
    "Split",
    "Sql",
    "Step",
    "Terms",
    "check_migrations",
    "read_baseline",
    "read_consumers",
    "read_sql_tables",
    "read_steps",
    "read_steps_at",
    "read_waivers",
    "split_steps",
    "write_baseline",
]
