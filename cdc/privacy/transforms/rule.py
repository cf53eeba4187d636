"""What every rule is: parameters from the policy file, bound to a column before any event flows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Required, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from cdc.canonical import from_slice, to_slice
from cdc.column import Column, IntArray
from cdc.keys import KeyRing
from registry.derive.types import Canonical

Class = Literal["public", "identifier", "quasi", "personal", "sensitive"]


class RefusedRuleError(ValueError):
    """A rule cannot do what it promises on this column; says why and what is allowed."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule is bound with: the column's canonical type, the keys and the purpose.

    The purpose (the governed namespace) enters every derived key, so that the same value has
    different tokens in different namespaces.
    """

    type: Canonical
    keys: KeyRing
    purpose: str
    is_key: bool


class Columnar(TypedDict, total=False):
    """Fields of a `BoundRule` that kernels replace."""

    columnar: Required[Callable[[Column], Column]]
    blind: Callable[[Column], IntArray]


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule at work on one column.

    `plain` is its definition for one Python value (never None; what is not there stays not there).
    `columnar` does the same to a whole column of slices. `blind` gives per value an int below 2^40
    that hides the row's rank in `__version`; None where the rule leaves the value in clear.
    `kernels` makes machine code of `columnar` (and `blind`); a rule without is a Python call a
    value, on its own column only.
    """

    type: Canonical
    plain: Callable[[Any], Any]
    columnar: Callable[[Column], Column]
    blind: Callable[[Column], IntArray] | None = None
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
