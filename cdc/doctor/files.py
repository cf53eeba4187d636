"""Connector files as they are: what `cdc connectors apply` refuses is judged too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdc.connect.desired import EXPECTED, fill
from cdc.connect.profiles import PROFILES
from cdc.doctor.world import Connector
from cdc.errors import ConfigError
from cdc.marked import line_of, plain, read_marked


def read_connector_file(file: Path, substitutions: Mapping[str, str]) -> Connector:
    """Read a connector's file, or a configuration alone; fill its placeholders.

    Raises:
        ConfigError: it cannot be read, or is neither of the two.
    """
    tree = read_marked(file, EXPECTED)
    document = plain(tree)
    config = document.get("config", document)
    if not isinstance(config, dict):
        raise ConfigError(f"{file}: {EXPECTED}")
    config = {**PROFILES.get(str(document.get("extends")), {}), **config}
    texts = {key: fill(_text(value), substitutions) for key, value in config.items()}
    path = ["config"] if "config" in document else []
    lines = {key: line_of(tree, [*path, key]) for key in texts}
    return Connector(str(document.get("name", file.stem)), texts, file, lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
