"""How many rows share their quasi-identifiers: the k of a governed topic, counted from the topic.

Enters: policies, and a governed topic read to its end. Leaves: an `Anonymity` for each topic, sizes
and counts alone: no cell is named and no value shown. `cells` counts, `levels` says what would have
to be coarser, `counting` reads topics, `watch` repeats it.
"""

from cdc.anonymity.cells import Cells
from cdc.anonymity.counting import CellCounter
from cdc.anonymity.report import Anonymity
from cdc.anonymity.targets import Target, choose_targets
from cdc.anonymity.watch import AnonymityWatch

__all__ = ["Anonymity", "AnonymityWatch", "CellCounter", "Cells", "Target", "choose_targets"]
