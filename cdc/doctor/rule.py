"""What a rule is, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from cdc.doctor.world import World
from cdc.findings import Severity

Subject = TypeVar("Subject")

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a rule found: what, the next step, why it matters; `key`: the connector's setting."""

    title: str
    remedy: str
    message: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One row of an area's table; docs/doctor/<code>.md is its page."""

    code: str
    severity: Severity
    says: str
    find: Callable[[Subject, World], Iterator[Flaw]]
