"""Judges what migrations do to readers, people and MySQL: rules as rows, verdicts, findings."""

from cdc.gate.judge.compare import Comparer, Earlier
from cdc.gate.judge.rule import Kind, Rule
from cdc.gate.judge.rules import RULES
from cdc.gate.judge.telling import ANY, locate, tell, weigh
from cdc.gate.judge.verdicts import Judge, Setting, Verdict

__all__ = [
    "ANY",
    "RULES",
    "Comparer",
    "Earlier",
    "Judge",
    "Kind",
    "Rule",
    "Setting",
    "Verdict",
    "locate",
    "tell",
    "weigh",
]
