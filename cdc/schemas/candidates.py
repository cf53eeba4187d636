"""Schema files that are about to be registered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from cdc.errors import ConfigError

SUFFIX = ".avsc"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file's schema and the subject that it is for."""

    subject: str
    file: Path
    text: str


def find_candidates(path: Path, subject: str | None) -> list[Candidate]:
    """Return the schemas of a file or folder, in order; `subject` names the only one.

    In a folder, and where no subject is given, a file `<subject>.avsc` is for that subject; `%2F`
    in its name is a slash.

    Raises:
        ConfigError: there is no such file or folder, or no schema in it.
    """
    if path.is_dir():
        found = [read_candidate(file, None) for file in _list_files(path, subject)]
        if not found:
            wanted = name_file(subject) if subject else f"*{SUFFIX}"
            raise ConfigError(
                f"{path}: no {wanted} in this folder", hint="a file is named <subject>.avsc"
            )
        return found
    return [read_candidate(path, subject)]


def _list_files(folder: Path, subject: str | None) -> Iterator[Path]:
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        if subject is None or name_subject(file) == subject:
            yield file


def name_subject(file: Path) -> str:
    """Return the subject that a file is named for."""
    return unquote(file.name.removesuffix(SUFFIX))


def name_file(subject: str) -> str:
    """Return the name of a subject's file."""
    return f"{subject.replace('%', '%25').replace('/', '%2F')}{SUFFIX}"


def read_candidate(file: Path, subject: str | None) -> Candidate:
    """Read one file; without a subject, its name is it.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        text = file.read_text()
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: no such file or folder", hint="a schema file, or a folder of <subject>.avsc"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {type(error).__name__}") from None
    return Candidate(subject or name_subject(file), file, text)
