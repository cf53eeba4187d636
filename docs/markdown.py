"""Bits of Markdown that several parts are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from pydantic.fields import FieldInfo


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    """`text` as code; nothing for nothing."""
    return f"`{text}`" if text else ""


def show_default(value: object) -> str:
    """A default as it would be written in TOML."""
    return json.dumps(value, default=str)


def describe(field: FieldInfo) -> str:
    """A field's description, safe in Markdown, and its bounds."""
    return f"{field.description}{_bounds(field)}".replace("<", "&lt;")


def _bounds(field: FieldInfo) -> str:
    words = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}
    found = [
        f"{word} {getattr(bound, name)}"
        for bound in field.metadata
        for name, word in words.items()
        if hasattr(bound, name)
    ]
    return f" ({' '.join(found)})" if found else ""
