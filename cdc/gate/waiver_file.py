"""`waivers.yaml`: findings that are wanted, each with a reason, an owner and a last day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from cdc.errors import ConfigError
from cdc.findings import Location
from cdc.gate.files import read_model
from cdc.gate.judge import RULES
from cdc.gate.waivers import Waiver


class Entry(BaseModel):
    """One waiver of a file; `object` may have `*`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rule: str = Field(description="the finding's code")
    object: str = Field(description="database.table.column, or database.table")
    reason: str = Field(min_length=1, description="why it is right here")
    owner: str = Field(min_length=1, description="who answers for it")
    expires: date = Field(description="the last day on which it holds")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    waivers: tuple[Entry, ...]


def read_waivers(path: Path) -> list[Waiver]:
    """The waivers of a file.

    Raises:
        ConfigError: it cannot be read, has mistakes, or names a rule that there is not.
    """
    found = []
    for entry in read_model(path, _File).waivers:
        if entry.rule not in RULES:
            raise ConfigError(f"{path}: unknown rule {entry.rule}", hint="see docs/check.md")
        place = Location(str(path), _line(path, entry))
        found.append(
            Waiver(entry.rule, entry.object, entry.reason, entry.owner, entry.expires, place)
        )
    return found


def _line(path: Path, entry: Entry) -> int:
    """The line that names the entry's object."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((n for n, line in enumerate(lines, 1) if entry.object in line), 1)
