"""`cdc verify`: what MySQL holds, under the policy, against what the governed topic holds.

`sides` reads both as digests by governed key (`records` decodes), `passing` waits until the relay
has passed a moment, `compare` finds what differs twice, `report` names it. The expectation comes
from SQL and each rule's definition for one value; nothing here comes from `cdc.stream`.
"""

from cdc.verify.compare import Verifier
from cdc.verify.passing import RelayPassing
from cdc.verify.report import Finding, TableReport

__all__ = ["Finding", "RelayPassing", "TableReport", "Verifier"]
