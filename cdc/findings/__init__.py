"""What checks find, and how it is told: to a person, to a script, to CI.

Findings come in from any check; text leaves, in one of the formats that `RENDERERS` lists. Nothing
here knows what was checked, or does I/O.
"""

from cdc.findings.model import Check, Finding, Location, Report, Severity
from cdc.findings.renderers import FORMATS, RENDERERS, render

__all__ = [
    "FORMATS",
    "RENDERERS",
    "Check",
    "Finding",
    "Location",
    "Report",
    "Severity",
    "render",
]
