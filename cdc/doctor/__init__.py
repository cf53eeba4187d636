"""What is wrong between MySQL and the governed topics, before a row is lost to it.

Enters: a `World`, everything that was observed (`gather` observes it; connector files alone will
do). Leaves: a report of findings, each with its remedy. A rule is one row of a table: a code, a
severity, a sentence, and a small function that reads the world and nothing else.
"""

from cdc.doctor.gather import Access, Scope, gather
from cdc.doctor.report import AREAS, COMMAND, UNREACHABLE, diagnose
from cdc.doctor.world import World

__all__ = [
    "AREAS",
    "COMMAND",
    "UNREACHABLE",
    "Access",
    "Scope",
    "World",
    "diagnose",
    "gather",
]
