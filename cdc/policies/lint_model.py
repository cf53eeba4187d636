"""What a lint looks at, what it says, and what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc.findings import Severity
from cdc.keys import KeyRing
from cdc.privacy.policy import Policy
from cdc.privacy.transforms.rule import Rule
from registry.derive.table import Column, Table


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy and what it is held against; `table` and `keys` None: not known."""

    policy: Policy
    table: Table | None
    keys: KeyRing | None
    namespace: str

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The policy's columns."""
        return self.policy.file.columns

    @property
    def key(self) -> Sequence[str]:
        """The columns of the record's key, as far as they are known."""
        return (self.table.key if self.table else ()) or tuple(self.policy.file.key)

    def column(self, name: str) -> Column | None:
        """The column in MySQL."""
        return self.table.column(name) if self.table else None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What one lint found: at a column ("" the whole table), why, and the next step."""

    column: str
    title: str
    remedy: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Lint:
    """One row of `LINTS`."""

    code: str
    severity: Severity
    says: str
    find: Callable[[Subject], Iterator[Flaw]]
    needs_mysql: bool = False
