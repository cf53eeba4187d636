"""What every rule is: parameters from the policy file, bound to a column before any event flows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, Required, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from cdc.canonical import from_slice, to_slice
from cdc.column import Column, IntArray
from cdc.keys import KeyRing
from registry.derive.types import Canonical

Class = Literal["public", "identifier", "quasi", "personal", "sensitive"]


MadeBy = Mapping[str, str | int]
"""What makes a pseudonym: `rule`, `key`, `version` and `type`; empty where none is made."""


class RefusedRuleError(ValueError):
    """A rule cannot do what it promises on this column; says why and what is allowed."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule is bound with: the column's canonical type, the keys and the purpose.

    The purpose (the governed namespace) enters every derived key, so that the same value has
    different tokens in different namespaces. `needed` has the types of the columns in `Rule.needs`.
    """

    type: Canonical
    keys: KeyRing
    purpose: str
    is_key: bool
    needed: tuple[Canonical, ...] = ()


class Columnar(TypedDict, total=False):
    """Fields of a `BoundRule` that kernels replace."""

    columnar: Required[Callable[..., Column]]
    blind: Callable[[Column], IntArray]


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule at work on one column.

    `plain` is its definition for one Python value (never None; what is not there stays not there).
    `columnar` does the same to a whole column of slices. `blind` gives per value an int below 2^40
    that hides the row's rank in `__version`; None where the rule leaves the value in clear.

    A rule that needs further columns takes their values (and columns) behind its own, in the order
    of `Rule.needs`; where any of them is NULL, so is the output.

    Another `made_by` gives another pseudonym for the same value.

    `kernels` makes machine code of `columnar` (and `blind`); a rule without is a Python call a
    value, on its own column only.
    """

    type: Canonical
    plain: Callable[..., Any]
    columnar: Callable[..., Column]
    blind: Callable[[Column], IntArray] | None = None
    made_by: MadeBy = field(default_factory=dict)
    kernels: Callable[[], Columnar] | None = None

    def by_kernels(self) -> BoundRule:
        """The same rule with its column functions by kernels, where it has them."""
        return self if self.kernels is None else replace(self, **self.kernels())


class Rule(BaseModel, ABC):
    """One column's line in a policy file.

    `injective` rules give different values for different inputs and are the only ones allowed on
    key columns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    injective: ClassVar[bool] = False
    drops: ClassVar[bool] = False

    rule: str
    class_: Class = Field(alias="class", description="how personal the column is")
    as_: str = Field("", alias="as", description="name of the governed field, if another")

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the further columns of the table that the rule reads."""
        return ()

    @abstractmethod
    def bind(self, context: Context) -> BoundRule:
        """Make the rule ready for a column.

        Raises:
            RefusedRuleError: it cannot act on this type, or a key that it needs is not known.
        """


def slice_of(
    plain: Callable[[Any], Any], source: Canonical, target: Canonical
) -> Callable[[bytes], bytes | None]:
    """A per-value definition from slice to slice."""
    return lambda data: to_slice(plain(from_slice(data, source)), target)


def columnar_of(
    plain: Callable[[Any], Any], source: Canonical, target: Canonical
) -> Callable[[Column], Column]:
    """The columnar form of a per-value definition; equal slices are computed once a batch."""
    convert = slice_of(plain, source, target)

    def columnar(column: Column) -> Column:
        known: dict[bytes | None, bytes | None] = {None: None}
        out = []
        for data in column.values():
            if data is not None and data not in known:
                known[data] = convert(data)
            out.append(known[data])
        return Column.of(out)

    return columnar


def columnar_of_rows(
    plain: Callable[..., Any], sources: tuple[Canonical, ...], target: Canonical
) -> Callable[..., Column]:
    """The same for a definition of several values, one column for each type in `sources`."""

    def columnar(*columns: Column) -> Column:
        known: dict[tuple[bytes | None, ...], bytes | None] = {}
        out = []
        for row in zip(*(column.values() for column in columns), strict=True):
            if row not in known:
                values = tuple(map(from_slice, row, sources))
                known[row] = None if None in row else to_slice(plain(*values), target)
            out.append(known[row])
        return Column.of(out)

    return columnar
