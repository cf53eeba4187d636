"""Live connectors as files: how what runs comes under version control."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from cdc.connect.secrets import is_written_out
from cdc.connect.states import LiveConnector
from cdc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Export:
    """A file's text, and the keys whose secret Connect has written out: the file refers to it."""

    name: str
    text: str
    written_out: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """Write `NAME.yaml`.

        Raises:
            ConfigError: it cannot be written, or is there already.
        """
        path = folder / f"{self.name}.yaml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("x") as file:
                file.write(self.text)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None
        return path


def export_connector(name: str, live: LiveConnector, passwords: frozenset[str]) -> Export:
    """A connector as a file that may be committed; `passwords` as its class declares them."""
    written_out = [
        key for key, value in live.config.items() if is_written_out(key, value, passwords)
    ]
    config = {
        key: f"${{env:{_variable(name, key)}}}" if key in written_out else value
        for key, value in sorted(live.config.items())
    }
    state = {} if live.state.target == "running" else {"state": live.state.target}
    stream = StringIO()
    yaml = YAML()
    yaml.width = 4096
    yaml.dump({"name": name, **state, "config": config}, stream)
    return Export(name, stream.getvalue(), tuple(written_out))


def _variable(name: str, key: str) -> str:
    return re.sub(r"\W", "_", f"{name}_{key}").upper()
