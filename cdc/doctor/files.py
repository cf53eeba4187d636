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
    try:
        text = file.read_text()
        document = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read ({type(error).__name__})") from None
    except json.JSONDecodeError as error:
        raise ConfigError(f"{file}:{error.lineno}: not JSON: {error.msg}") from None
    config = document.get("config", document) if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise ConfigError(f'{file}: must be {{"name": "…", "config": {{…}}}}')
    name = document.get("name", file.stem)
    texts = {key: fill(_text(value), substitutions) for key, value in config.items()}
    return Connector(str(name), texts, file, _lines(text, texts))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _lines(text: str, keys: Mapping[str, str]) -> Mapping[str, int]:
    """The line, counted from 1, on which each key stands first."""
    lines = text.splitlines()
    return {
        key: next((at for at, line in enumerate(lines, 1) if f'"{key}"' in line), 0) for key in keys
    }
