"""Connector files as they are: what `cdc connectors apply` refuses is judged too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdc.connect.desired import fill
from cdc.doctor.world import Connector
from cdc.errors import ConfigError


def read_connector_file(file: Path, substitutions: Mapping[str, str]) -> Connector:
    """Read `{"name": …, "config": {…}}`, or a configuration alone, and fill its placeholders.

    Raises:
        ConfigError: it cannot be read, or is neither of the two.
    """
    text = _read(file)
    document = _parse(file, text)
    config = _assemble(document)
    if not isinstance(config, dict):
        raise ConfigError(f'{file}: must be {{"name": "…", "config": {{…}}}}')
    texts = {key: fill(_text(value), substitutions) for key, value in config.items()}
    return Connector(str(document.get("name", file.stem)), texts, file, _lines(text, texts))


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({type(error).__name__})") from None


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
    return document if isinstance(document, dict) else {"config": None}


def _assemble(document: dict[str, Any]) -> Any:
    """The configuration that the document means."""
    return document.get("config", document)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _lines(text: str, keys: Mapping[str, str]) -> Mapping[str, int]:
    """The line, counted from 1, on which each key stands first."""
    lines = text.splitlines()
    return {
        key: next((at for at, line in enumerate(lines, 1) if f'"{key}"' in line), 0) for key in keys
    }
