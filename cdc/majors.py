"""The majors of one table: which is the newest, and how its predecessors stand.

A plain value: it is what a program was made for, what the relay works under and what `_cdc.state`
records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """An earlier major is written further (`served`), or not (`frozen`), or is gone (`retired`)."""

    SERVED = "served"
    FROZEN = "frozen"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class OldMajor:
    """An earlier major; `why` it is frozen."""

    major: int
    standing: Standing
    why: str = ""


@dataclass(frozen=True, slots=True)
class Majors:
    """`newest` gets everything; `old` are its predecessors, in order."""

    newest: int
    old: tuple[OldMajor, ...] = ()

    @property
    def served(self) -> tuple[int, ...]:
        """Earlier majors that are written further."""
        return tuple(it.major for it in self.old if it.standing is Standing.SERVED)

    @property
    def frozen(self) -> tuple[OldMajor, ...]:
        """Earlier majors that are there, and are not written any more."""
        return tuple(it for it in self.old if it.standing is Standing.FROZEN)

    @property
    def is_backfilled(self) -> bool:
        """Whether the newest had to be filled by a snapshot: it was not the table's first."""
        return bool(self.old)

    def open(self, major: int) -> Majors:
        """The next one; the newest so far is served as long as nothing else is said."""
        return Majors(major, (*self.old, OldMajor(self.newest, Standing.SERVED)))

    def freeze(self, major: int, why: str) -> Majors:
        """Write a served one no further."""
        return self._put(OldMajor(major, Standing.FROZEN, why))

    def retire(self, major: int) -> Majors:
        """An earlier one is gone."""
        return self._put(OldMajor(major, Standing.RETIRED))

    def _put(self, one: OldMajor) -> Majors:
        return replace(self, old=tuple(one if it.major == one.major else it for it in self.old))


def read_majors(value: Mapping[str, Any] | None) -> Majors | None:
    """From the JSON form: that of `dataclasses.asdict`; None stays None."""
    if value is None:
        return None
    old = (
        OldMajor(int(it["major"]), Standing(it["standing"]), str(it["why"])) for it in value["old"]
    )
    return Majors(int(value["newest"]), tuple(old))


def topic_of_major(topic: str, major: int) -> str:
    """The topic of another major of the same table."""
    return f"{topic.rpartition('.v')[0]}.v{major}"
