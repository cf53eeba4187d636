"""Folders of SQL as migration tools lay them out: which files run, in which order, which part.

Known: plain files, Flyway, golang-migrate, dbmate, goose, Liquibase's formatted SQL, and what
`alembic upgrade --sql` prints. What a tool would run to go back is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import ConfigError
from registry.derive.ddl import Source, read_source

_FLYWAY = re.compile(r"(?P<kind>[VURB])(?P<version>[\d._]*?)__.*\.sql", re.IGNORECASE)
_BACK = re.compile(r"\.(?:down|undo|rollback)\.sql$", re.IGNORECASE)
_MARKED = re.compile(
    r"^[ \t]*--[ \t]*(?:migrate:|\+goose[ \t]+)(up|down)\b", re.IGNORECASE | re.MULTILINE
)
_LIQUIBASE = re.compile(r"\A(?:[ \t]*\n)*[ \t]*--[ \t]*liquibase formatted sql", re.IGNORECASE)
_LIQUIBASE_LINE = re.compile(
    r"^[ \t]*--[ \t]*(liquibase|changeset|rollback|precondition\S*|comment|property|validCheckSum"
    r"|ignore\S*|tagDatabase)\b[^\n]*",
    re.IGNORECASE | re.MULTILINE,
)
_END_DELIMITER = re.compile(r'endDelimiter:"?([^\s"]+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Step:
    """One migration: its name and the SQL that it runs, lines counted as in its file."""

    name: str
    source: Source


def read_steps(path: Path) -> Sequence[Step]:
    """The migrations of a folder in the order in which they run; a file is one migration.

    Raises:
        ConfigError: there is none, or it cannot be read.
    """
    if path.is_file():
        return [_read(path, path.name)]
    if not path.is_dir():
        raise ConfigError(f"{path}: neither a file nor a folder of SQL")
    files = {
        file.relative_to(path).as_posix(): file
        for file in path.rglob("*.sql")
        if not any(part.startswith(".") for part in file.relative_to(path).parts)
    }
    names = sorted(filter(_runs, files), key=_order)
    if not names:
        raise ConfigError(f"{path}: no *.sql that runs")
    _refuse_twins(path, names)
    return [_read(files[name], name) for name in names]


def _base_name(name: str) -> str:
    return name.rpartition("/")[2]


def _runs(name: str) -> bool:
    """Neither the way back nor Flyway's undo."""
    flyway = _FLYWAY.fullmatch(_base_name(name))
    return not _BACK.search(name) and not (flyway and flyway["kind"] in "Uu")


def _order(name: str) -> tuple[int, tuple[int, ...], list[tuple[int, str]]]:
    """By Flyway's version, its repeatable ones last; else by name, numbers as numbers."""
    natural = [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
    flyway = _FLYWAY.fullmatch(_base_name(name))
    if flyway is None:
        return 0, (), natural
    version = tuple(int(part) for part in re.findall(r"\d+", flyway["version"]))
    return (1 if flyway["kind"] in "Rr" else 0), version, natural


def _refuse_twins(path: Path, names: Sequence[str]) -> None:
    """Two Flyway files of one version have no order."""
    seen: dict[tuple[int, ...], str] = {}
    for name in names:
        order = _order(name)
        if order[0] or not order[1]:
            continue
        twin = seen.setdefault(order[1], name)
        if twin != name:
            raise ConfigError(f"{path}: {twin} and {name} have the same version")


def _read(file: Path, name: str) -> Step:
    try:
        source = read_source(str(file), file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from None
    text = _forward(source.text)
    return Step(name, source if text is source.text else Source(source.file, text))


def _forward(text: str) -> str:
    """The part of a migration that goes forward, every line where it stood."""
    if _LIQUIBASE.search(text):
        return _LIQUIBASE_LINE.sub(_delimiter_of, text)
    marks = list(_MARKED.finditer(text))
    if not marks:
        return text
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    parts = [_blank(text[: marks[0].start()])]
    for mark, end in zip(marks, ends, strict=True):
        keep: Callable[[str], str] = _same if mark[1].lower() == "up" else _blank
        parts.append(keep(text[mark.start() : end]))
    return "".join(parts)


def _same(text: str) -> str:
    return text


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _delimiter_of(line: re.Match[str]) -> str:
    """A changeset's own delimiter, as MySQL's client would be told."""
    if line[1].lower() != "changeset":
        return ""
    own = _END_DELIMITER.search(line[0])
    return f"DELIMITER {own[1] if own else ';'}"
