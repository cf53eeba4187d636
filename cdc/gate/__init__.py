"""What SQL that has not run yet will do to the topics.

Files come in: a schema, migrations, a connector, policies. Schemas and a report leave; nothing is
contacted, but for a registry that the schemas are held against where one is named.

`against`, `consumers` and `waiver_file` are imported by who needs them: they cost a fraction of a
second.
"""

from cdc.gate.baseline import read_baseline, write_baseline
from cdc.gate.checking import Sql, Terms, check_migrations
from cdc.gate.forecast import Forecast, Forecaster
from cdc.gate.judge import ANY, RULES, Earlier, Kind
from cdc.gate.migrations import Step, read_steps
from cdc.gate.tables import read_sql_tables

__all__ = [
    "ANY",
    "RULES",
    "Earlier",
    "Forecast",
    "Forecaster",
    "Kind",
    "Sql",
    "Step",
    "Terms",
    "check_migrations",
    "read_baseline",
    "read_sql_tables",
    "read_steps",
    "write_baseline",
]
