"""What has run already: migrations as they were at a git revision."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cdc.errors import ConfigError
from cdc.gate.migrations import Step, read_steps
from cdc.revisions import require_revision, run_git
from registry.derive.ddl import Source

_REPEATABLE = re.compile(r"(?:.*/)?R__.*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Split:
    """Migrations that have run, those that will, and those of the first that were edited since."""

    done: Sequence[Step]
    new: Sequence[Step]
    edited: Sequence[Step]


def split_steps(revision: str, path: Path, steps: Sequence[Step]) -> Split:
    """Tell the migrations of a folder apart by a git revision; Flyway's repeatable ones run again.

    Raises:
        ConfigError: git does not know the revision, or what is there cannot be read.
    """
    done = {step.name: step for step in read_steps_at(revision, path)}
    edited = [s for s in steps if s.name in done and s.source.text != done[s.name].source.text]
    again = [step for step in edited if _REPEATABLE.fullmatch(step.name)]
    new = [step for step in steps if step.name not in done or step in again]
    return Split(list(done.values()), new, [step for step in edited if step not in again])


def read_steps_at(revision: str, path: Path) -> Sequence[Step]:
    """The migrations of a folder, or of a file, at a revision; none where it was not there yet.

    Raises:
        ConfigError: git does not know the revision, or what is there cannot be read.
    """
    if not revision or revision.startswith("-"):
        raise ConfigError(f"--against git:{revision}: not a revision", hint="git:origin/main")
    folder, inside = (path, ".") if path.is_dir() else (path.parent, path.name)
    require_revision(folder, revision)
    archive = run_git(folder, "archive", "--format=tar", revision, "--", inside)
    if archive.returncode:
        return ()
    with TemporaryDirectory() as scratch:
        _unpack(archive.stdout, Path(scratch))
        there = Path(scratch) if path.is_dir() else Path(scratch) / path.name
        if not (there.is_file() or any(there.rglob("*.sql"))):
            return ()
        return [
            Step(step.name, Source(f"{revision}:{step.name}", step.source.text))
            for step in read_steps(there)
        ]


def _unpack(archive: bytes, folder: Path) -> None:
    """Write an archive's plain files into a folder; links, and what leads out of it, are left."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            target = folder / member.name
            if content is not None and target.resolve().is_relative_to(folder.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read())
