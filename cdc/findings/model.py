"""Findings, the checks that they belong to, and the report that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How bad a finding is; only errors fail a check."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the checkout; lines and columns count from 1, 0 is unknown.

    The end is behind the last character.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        """`file:line:column`, as far as it is known."""
        parts = (self.file, self.line, self.column if self.line else 0)
        return ":".join(str(part) for part in parts if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `code` is the rule's stable name, `title` one line, `message` the reasons, `remedy` the next
    step. `details` are further words by name, which machines get too; no row's value is in any.
    `excerpt` is the location's first line as it stands in its file, `rewrite` lines to write in its
    place. `identity` are the words that tell the finding from others while lines move. `accepted`
    says why it is wanted as it is, "" where nobody has said so.
    """

    code: str
    title: str
    message: str = ""
    remedy: str = ""
    severity: Severity = Severity.ERROR
    location: Location | None = None
    subject: str = ""
    versions: tuple[int, ...] = ()
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    excerpt: str = ""
    rewrite: str = ""
    identity: str = ""
    accepted: str = ""

    @property
    def fingerprint(self) -> str:
        """What stays the same while lines move: 32 hexadecimal digits."""
        words = f"{self.code}\0{self.subject}\0{self.identity or self.title}"
        return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found there; `note` says what it was held to."""

    name: str
    findings: tuple[Finding, ...] = ()
    note: str = ""

    @property
    def fails(self) -> bool:
        """An error was found."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one run of `command`."""

    command: str
    checks: tuple[Check, ...]

    @property
    def fails(self) -> bool:
        """A check fails."""
        return any(check.fails for check in self.checks)

    @property
    def findings(self) -> Iterator[Finding]:
        """Those of all checks, in order."""
        return (finding for check in self.checks for finding in check.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are that bad."""
        return sum(finding.severity is severity for finding in self.findings)
