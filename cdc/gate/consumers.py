"""Who reads what: `consumers.yaml`, so that a finding can name whom it hurts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from cdc.gate.files import read_model


class Consumer(BaseModel):
    """One reader; names may have `*`. Without `columns` it reads all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, description="how people call it")
    topics: tuple[str, ...] = Field((), description="topics that it reads")
    subjects: tuple[str, ...] = Field((), description="subjects whose schemas it uses")
    columns: tuple[str, ...] = Field((), description="database.table.column; none: all")

    def reads(self, topics: Collection[str], subjects: Collection[str], place: str) -> bool:
        """Whether a finding at a place, which shows in these topics and subjects, is its affair."""
        is_reader = _any(topics, self.topics) or _any(subjects, self.subjects)
        is_table = place.count(".") < 2
        return is_reader and (not self.columns or is_table or _any([place], self.columns))


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    consumers: tuple[Consumer, ...]


def read_consumers(path: Path) -> Sequence[Consumer]:
    """The consumers of a file.

    Raises:
        ConfigError: it cannot be read, or has mistakes.
    """
    return read_model(path, _File).consumers


def _any(names: Collection[str], patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
