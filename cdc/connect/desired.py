"""Connector files: what should run, with placeholders for what differs from place to place.

A file is YAML or JSON (`cdc.connect.document`). `{{NAME}}` and `{{NAME:default}}` are ours and are
filled in before Connect sees them; `${provider:path:key}` is Connect's own and passes. A secret may
only be such a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from cdc.connect.document import ConnectorFile, State
from cdc.connect.secrets import is_written_out
from cdc.errors import ConfigError
from cdc.marked import describe_mistake, line_of, list_mistakes, plain, read_marked

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*(?::([^{}]*))?\}\}")
SUFFIXES = (".json", ".yaml", ".yml")
EXPECTED = "must be a mapping: name, config, and maybe extends, state, topics"


@dataclass(frozen=True, slots=True)
class DesiredConnector:
    """A connector as its file wants it, placeholders filled; `config` has no `name`."""

    name: str
    config: dict[str, str]
    file: Path
    state: State = "running"


def find_files(folder: Path, wanted: tuple[str, ...] = ()) -> list[Path]:
    """The connector files that `wanted` names, each a path or a name in `folder`; none: all there.

    Raises:
        ConfigError: there is no such file, or none at all.
    """
    files = [_find_file(folder, item) for item in wanted] or _files_of(folder)
    if not files:
        raise ConfigError(
            f"{folder}: no connector files (*.json, *.yaml)", hint="setting connect.dir"
        )
    return files


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}"))


def _find_file(folder: Path, item: str) -> Path:
    for file in (Path(item), *(folder / f"{item}{suffix}" for suffix in SUFFIXES)):
        if file.is_file():
            return file
    known = ", ".join(file.stem for file in _files_of(folder)) or "none"
    raise ConfigError(f"{item}: neither a file nor a connector of {folder} (known: {known})")


def read_connectors(
    files: Iterable[Path], substitutions: Mapping[str, str]
) -> list[DesiredConnector]:
    """Read connector files, in their order, and fill their placeholders from `substitutions`.

    Raises:
        ConfigError: a file is wrong, or two name one connector; the message lists all mistakes of
            all files, each with file and line.
    """
    read: dict[str, DesiredConnector] = {}
    mistakes = []
    for file in files:
        try:
            one = read_connector(file, substitutions)
        except ConfigError as error:
            mistakes.append(error.message)
            continue
        if one.name in read:
            mistakes.append(f"{file}: {read[one.name].file} is of connector {one.name} too")
        read[one.name] = one
    if mistakes:
        raise ConfigError("; ".join(mistakes))
    return list(read.values())


def read_connector(file: Path, substitutions: Mapping[str, str]) -> DesiredConnector:
    """Read one connector file.

    Raises:
        ConfigError: as `read_connectors`.
    """
    tree = read_marked(file, EXPECTED)
    mistakes = sorted(set(_find_mistakes(file, tree, substitutions)))
    if mistakes:
        raise ConfigError("; ".join(text for _, text in mistakes))
    document = ConnectorFile.model_validate(plain(tree))
    config = {key: fill(value, substitutions) for key, value in document.assemble().items()}
    return DesiredConnector(document.name, config, file, document.state)


def fill(value: str, substitutions: Mapping[str, str]) -> str:
    """Put each placeholder's value, else its default, in its place."""
    return PLACEHOLDER.sub(lambda match: substitutions.get(match[1], match[2] or ""), value)


def _find_mistakes(
    file: Path, tree: CommentedMap, substitutions: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    """Line and message of everything that is wrong; a secret's value is never repeated."""
    document: ConnectorFile | None = None
    places: list[tuple[tuple[int | str, ...], str]] = []
    try:
        document = ConnectorFile.model_validate(plain(tree))
    except ValidationError as error:
        places += [_name_kinds(place, what) for place, what in list_mistakes(error)]
    places += _judge_entries(plain(tree.get("config")))
    places += _find_undefined(plain(tree), substitutions)
    if document is not None:
        places += _judge_whole(document, substitutions)
    for place, what in places:
        yield line_of(tree, place), describe_mistake(file, tree, place, what)


def _name_kinds(place: tuple[int | str, ...], what: str) -> tuple[tuple[int | str, ...], str]:
    """One mistake for a value, where pydantic has one for each kind that it could be."""
    if place[0] == "config" and len(place) > 1:
        return place[:2], "must be text, a whole number, true or false"
    return place, what


def _judge_entries(config: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in config.items() if isinstance(config, dict) else ():
        # A filled placeholder is as readable in Connect as a value that stood in the file.
        if isinstance(value, str) and is_written_out(key, PLACEHOLDER.sub("x", value)):
            yield (
                ("config", key),
                "is written out; name it as ${file:PATH:KEY} or ${env:NAME}",
            )
        if key == "name":
            yield ("config", key), "belongs beside config, not into it"


def _find_undefined(
    node: Any, substitutions: Mapping[str, str], place: tuple[int | str, ...] = ()
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    parts = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node if isinstance(node, list) else ())
    )
    for key, value in parts:
        yield from _find_undefined(value, substitutions, (*place, key))
    for match in PLACEHOLDER.finditer(node) if isinstance(node, str) else ():
        if match[1] not in substitutions and match[2] is None:
            yield place, f"{{{{{match[1]}}}}} has no value and no default"


def _judge_whole(
    document: ConnectorFile, substitutions: Mapping[str, str]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    config = document.assemble()
    if "connector.class" not in config:
        yield ("config",), "lacks connector.class (or extends: mysql-recommended)"
    for name, group in document.topics.items():
        if (name == "default") == bool(group.include):
            yield ("topics", name), "needs include" if name != "default" else "has no include"
    if document.topics:
        for key in document.config:
            if key.startswith("topic.creation."):
                yield ("config", key), "is said by topics too; keep one of them"
    own = {key: value for key, value in config.items() if key not in document.config}
    for place, what in _find_undefined(own, substitutions):
        yield ("extends",), f"{'.'.join(map(str, place))}: {what}"
