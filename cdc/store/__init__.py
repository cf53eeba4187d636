"""The service's own tables, beside the registry's in the same database: what was last applied.

Enters: a database URL. Leaves: texts by cluster and name; what they say is their owner's business.
"""

from cdc.store.applied import AppliedConnectors
from cdc.store.database import ServiceDatabase

__all__ = ["AppliedConnectors", "ServiceDatabase"]
