"""Connector files: what should run, with placeholders for what differs from place to place.

A file is `{"name": …, "config": {…}}`, all values text. `{{NAME}}` and `{{NAME:default}}` are ours
and are filled in before Connect sees them; `${provider:path:key}` is Connect's own and passes. A
secret may only be such a reference.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdc.errors import ConfigError

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*(?::([^{}]*))?\}\}")
CONNECT_REFERENCE = re.compile(r"\$\{\w+:[^}]+\}")
# Keys whose value is a secret, wherever Kafka and its plugins put one.
SECRET_KEY = re.compile(r"(?:password|secret|token|credential|jaas\.config|user\.info)s?$")
NAME = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class DesiredConnector:
    """A connector as its file wants it, placeholders filled; `config` has no `name`."""

    name: str
    config: dict[str, str]
    file: Path


def find_files(folder: Path, wanted: tuple[str, ...] = ()) -> list[Path]:
    """The connector files that `wanted` names, each a path or a name in `folder`; none: all there.

    Raises:
        ConfigError: there is no such file, or none at all.
    """
    files = [_find_file(folder, item) for item in wanted] or sorted(folder.glob("*.json"))
    if not files:
        raise ConfigError(f"{folder}: no connector files (*.json)", hint="setting connect.dir")
    return files


def _find_file(folder: Path, item: str) -> Path:
    for file in (Path(item), folder / f"{item}.json"):
        if file.is_file():
            return file
    known = ", ".join(file.stem for file in sorted(folder.glob("*.json"))) or "none"
    raise ConfigError(f"{item}: neither a file nor a connector of {folder} (known: {known})")


def read_connector(file: Path, substitutions: Mapping[str, str]) -> DesiredConnector:
    """Read one connector file and fill its placeholders from `substitutions`.

    Raises:
        ConfigError: it is no such file; the message lists all mistakes, each with file and line.
    """
    try:
        text = file.read_text()
        document = json.loads(text, object_pairs_hook=_refuse_doubles)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}: not JSON: {error.msg}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    mistakes = [
        *(f"{file}:{line}: {what}" for line, what in _find_mistakes(document, text)),
        *(f"{file}:{line}: {what}" for line, what in _find_undefined(text, substitutions)),
    ]
    if mistakes:
        raise ConfigError("; ".join(mistakes))
    config = {key: fill(value, substitutions) for key, value in document["config"].items()}
    return DesiredConnector(document["name"], config, file)


def fill(value: str, substitutions: Mapping[str, str]) -> str:
    """Put each placeholder's value, else its default, in its place."""
    return PLACEHOLDER.sub(lambda match: substitutions.get(match[1], match[2] or ""), value)


def _refuse_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ValueError(f"key {double} is there twice")
    return dict(pairs)


def _find_undefined(text: str, substitutions: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        for match in PLACEHOLDER.finditer(line):
            if match[1] not in substitutions and match[2] is None:
                yield number, f"{{{{{match[1]}}}}} has no value and no default"


def _find_mistakes(document: Any, text: str) -> Iterator[tuple[int, str]]:
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        yield 1, 'must be {"name": "…", "config": {…}}'
        return
    for key in sorted(set(document) - {"name", "config"}):
        yield _line_of(text, key), f"unknown key {key}; allowed: name, config"
    if not isinstance(document.get("name"), str) or not NAME.fullmatch(document["name"]):
        yield _line_of(text, "name"), "name must be letters, digits, dots, dashes and underscores"
    for key, value in document["config"].items():
        yield from ((_line_of(text, key), what) for what in _judge_entry(key, value))
    if "connector.class" not in document["config"]:
        yield _line_of(text, "config"), "config lacks connector.class"


def _judge_entry(key: str, value: Any) -> Iterator[str]:
    """What is wrong with one entry; a secret's value is never repeated."""
    if not isinstance(value, str):
        yield f'{key} must be text ("…")'
    elif SECRET_KEY.search(key) and not CONNECT_REFERENCE.search(value):
        yield f"{key} is written out; name it as ${{file:PATH:KEY}} or ${{env:NAME}}"
    elif key == "name":
        yield "name belongs beside config, not into it"


def _line_of(text: str, key: str) -> int:
    """The first line on which a key stands; 1 when it is not there."""
    pattern = re.compile(rf'"{re.escape(key)}"\s*:')
    return next(
        (number for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)), 1
    )
