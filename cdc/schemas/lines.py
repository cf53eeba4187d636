"""Which line of a schema file a finding is about."""

from __future__ import annotations

import re
from pathlib import Path

from cdc.findings import Location
from registry.compatibility.explain import Place


def find_line(text: str, place: Place) -> int:
    """Return the line where a field's name stands, else its record's, else the first.

    Texts are searched, not parsed: the first such name behind the record's own is taken.
    """
    record = _find_name(text, place.record, 0)
    field = _find_name(text, place.field, record) if place.field else 0
    return text.count("\n", 0, field or record) + 1


def _find_name(text: str, name: str, start: int) -> int:
    found = re.compile(rf'"name"\s*:\s*"(?:[\w.]+\.)?{re.escape(name)}"').search(text, start)
    return found.start() if found else 0


def locate(file: Path, line: int) -> Location:
    """Return the place as CI wants it: from the working directory where the file is below it."""
    absolute, here = file.absolute(), Path.cwd()
    shown = absolute.relative_to(here) if absolute.is_relative_to(here) else file
    return Location(shown.as_posix(), line)
