"""The lock: `<subject>.avsc` per governed subject, committed and reviewed.

Enters: a folder. Leaves: whether a schema is what the contract says. A file that is no JSON holds
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdc.stamps import Stamp, read_stamps
from registry.model import Subject

SUFFIX = ".avsc"


class LockFolder:
    """The lock files of a folder; where `is_binding`, nothing else may be registered."""

    def __init__(self, folder: Path, *, is_binding: bool = False) -> None:
        self.folder = folder
        self.is_binding = is_binding
        self._seen = self._stamps()

    def refresh(self) -> bool:
        """Whether a file has changed since the last call."""
        before, self._seen = self._seen, self._stamps()
        return before != self._seen

    def file(self, subject: str) -> Path:
        """Where a subject's schema is."""
        return self.folder / f"{subject}{SUFFIX}"

    def schema(self, subject: str) -> Any:
        """The locked schema, parsed from JSON; None: there is none."""
        try:
            return json.loads(self.file(subject).read_text())
        except (OSError, ValueError):
            return None

    def holds(self, subject: Subject, schema: str) -> bool:
        """Whether the lock says this schema."""
        return bool(self.schema(subject) == json.loads(schema))

    def _stamps(self) -> Mapping[str, Stamp]:
        return read_stamps(self.folder, f"*{SUFFIX}")


def format_schema(schema: str) -> str:
    """A schema as its lock file has it: one property a line, so that reviews show what changed."""
    return json.dumps(json.loads(schema), indent=2, ensure_ascii=False) + "\n"
