"""Secrets by reference: read here, handed on as bytes or text, never printed.

A reference is `file:PATH:KEY` (a line `KEY=value` of a properties file) or `env:NAME`. The privacy
keys have a file of their own (`keys.toml`): per name the current version and 32 bytes a version.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdc.errors import ConfigError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its current version and the bytes of every version (never shown)."""

    name: str
    current: int
    versions: Mapping[int, bytes] = field(repr=False)

    @property
    def secret(self) -> bytes:
        """The current version's 32 bytes."""
        return self.versions[self.current]


KeyRing = Mapping[str, Key]


def read_secret(reference: str) -> str:
    """The text behind a reference.

    Raises:
        ConfigError: the reference is malformed, or what it names is missing or readable by others.
    """
    kind, _, rest = reference.partition(":")
    if kind == "env":
        value = os.environ.get(rest)
        if value is None:
            raise ConfigError(f"secret reference env:{rest}: no such environment variable")
        return value
    if kind == "file":
        path, _, name = rest.rpartition(":")
        return _property(Path(path).expanduser(), name)
    raise ConfigError(
        "a secret is given in place of a reference",
        hint="write file:PATH:KEY or env:NAME",
    )


def _property(path: Path, name: str) -> str:
    for line in _private_text(path).splitlines():
        key, found, value = line.partition("=")
        if found and key.strip() == name:
            return value.strip()
    raise ConfigError(f"{path}: no line {name}=…")


def load_keys(path: Path) -> KeyRing:
    """Read the privacy keys.

    Raises:
        ConfigError: the file is missing, readable by others, or malformed.
    """
    try:
        tables = tomllib.loads(_private_text(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return {name: _key(path, name, table) for name, table in tables.items()}


def _key(path: Path, name: str, table: Any) -> Key:
    try:
        current = int(table["current"])
        versions = {
            int(version): base64.b64decode(text, validate=True)
            for version, text in table.items()
            if version != "current"
        }
        wrong = [v for v, secret in versions.items() if len(secret) != KEY_BYTES]
        if current not in versions or wrong:
            raise ConfigError(
                f"{path}: key `{name}`: version {wrong[0] if wrong else current}"
                f" is not {KEY_BYTES} bytes of base64"
            )
    except (AttributeError, KeyError, TypeError, ValueError, binascii.Error):
        raise ConfigError(
            f'{path}: key `{name}`: needs `current = N` and `N = "<base64 of {KEY_BYTES} bytes>"`'
        ) from None
    return Key(name, current, versions)


def _private_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path}: secrets cannot be read ({type(error).__name__})",
            hint="`cdc stack up` makes the local ones",
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: others may read this file", hint=f"chmod 600 {path}")
    return text
