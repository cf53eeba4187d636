"""Judges whether a schema may follow others: reader/writer rules, and levels over versions.

Parsed schemas come in, findings and Confluent's messages leave; nothing here does I/O.
"""

from registry.compatibility.levels import EarlierVersion, check_each, check_level
from registry.compatibility.rules import Incompatibility, Problem, find_incompatibilities

__all__ = [
    "EarlierVersion",
    "Incompatibility",
    "Problem",
    "check_each",
    "check_level",
    "find_incompatibilities",
]
