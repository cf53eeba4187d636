"""YAML and JSON files whose parts know their lines: every mistake is told with its place.

Enters: a file's text. Leaves: a tree of mappings and lists, the plain values in it, the line of any
part of it. JSON is read by the same parser, being YAML.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from cdc.errors import ConfigError

MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "union_tag_not_found": "`rule` is missing",
}


def read_marked(path: Path, expected: str) -> CommentedMap:
    """The tree of a file that must be a mapping; `expected` says of what.

    Raises:
        ConfigError: it cannot be read, is neither YAML nor JSON, or is no mapping.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"{path}: cannot be read as text ({reason})") from None
    return parse_marked(path, text, expected)


def parse_marked(path: Path, text: str, expected: str) -> CommentedMap:
    """As `read_marked`, of a text; `path` is for messages."""
    if path.suffix == ".json":
        text = text.replace("\t", " ")  # YAML has no tabs between tokens, JSON none within strings
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: {_problem(path, error)}") from None
    except YAMLError as error:
        raise ConfigError(f"{path}: not text that YAML allows ({type(error).__name__})") from None
    if not isinstance(tree, CommentedMap):
        raise ConfigError(f"{path}:1: {expected}")
    return tree


def _problem(path: Path, error: MarkedYAMLError) -> str:
    """The parser's words, but for a double key: those quote what it stands for."""
    if isinstance(error, DuplicateKeyError):
        double = re.match(r'found duplicate key "([^"]*)"', error.problem or "")
        return f"found duplicate key {double[1]}" if double else "found duplicate key"
    kind = "JSON" if path.suffix == ".json" else "YAML"
    return f"not {kind}: {(error.problem or 'it cannot be parsed').splitlines()[0]}"


def plain(node: Any) -> Any:
    """A tree's values without their marks; dates as text."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [plain(value) for value in node]
    if isinstance(node, date):
        return node.isoformat()
    return float(node) if isinstance(node, float) else node


def line_of(tree: CommentedMap, location: Sequence[int | str]) -> int:
    """The 1-based line of the deepest part of a location that is written in the file."""
    node: Any = tree
    line = 1
    for part in location:
        if isinstance(node, CommentedMap) and part in node:
            line = node.lc.key(part)[0] + 1
        elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
            line = node.lc.item(part)[0] + 1
        else:
            break
        node = node[part]
    return line


def describe_mistake(
    path: Path, tree: CommentedMap, location: Sequence[int | str], what: str
) -> str:
    """`file:line: dotted.key: what is wrong`."""
    return f"{path}:{line_of(tree, location)}: {'.'.join(map(str, location))}: {what}"


def list_mistakes(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    """Where a model refuses a tree and why, without the values."""
    return [
        (item["loc"], MESSAGES.get(item["type"], item["msg"].removeprefix("Value error, ")))
        for item in error.errors(include_url=False, include_input=False)
    ]
