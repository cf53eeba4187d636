"""The record path's engine: poll → pipeline → produce → offsets → commit, one transaction a round.

`loop.Relay` turns; `lookout` finds beside it what has changed outside; `opening` decides from where
a table is read and under which epoch; `passage` takes a batch through its program, which `patience`
gets beside the loop; `truncation` empties a governed topic; `report` says what happens; `process`
runs it all in one process that no other may double.
"""

from cdc.relay.kernels import Kernels
from cdc.relay.loop import Relay
from cdc.relay.patience import PatientPrograms
from cdc.relay.ports import Clock, Ports, ProgramSource

__all__ = ["Clock", "Kernels", "PatientPrograms", "Ports", "ProgramSource", "Relay"]
