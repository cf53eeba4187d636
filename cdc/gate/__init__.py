"""What SQL that has not run yet will do to the topics.

Files come in: a schema, migrations, a connector, policies. Schemas leave; nothing is contacted.
"""

from cdc.gate.forecast import Forecast, Forecaster
from cdc.gate.migrations import Step, read_steps
from cdc.gate.tables import read_sql_tables

__all__ = ["Forecast", "Forecaster", "Step", "read_sql_tables", "read_steps"]
