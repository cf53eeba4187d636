"""Secrets by reference: read here, handed on as bytes or text, never printed.

A reference is `file:PATH:KEY` (a line `KEY=value` of a properties file) or `env:NAME`. The privacy
keys have a file of their own (`keys.toml`): per name the current version and 32 bytes a version, or
`master:<check>` for a version that is derived from the master key.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cdc.errors import ConfigError
from cdc.providers import KEY_BYTES, Place, decode_key, read_private

MASTER = "master"
CHECK_BYTES = 8
"""Enough to tell another master key from the right one; says nothing of either."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its current version and the bytes of every version (never shown).

    `previous` is the version before while a rotation is under way. `derived` are the versions that
    come from the master key.
    """

    name: str
    current: int
    versions: Mapping[int, bytes] = field(repr=False)
    previous: int | None = None
    derived: frozenset[int] = frozenset()

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
    for line in read_private(path).splitlines():
        key, found, value = line.partition("=")
        if found and key.strip() == name:
            return value.strip()
    raise ConfigError(f"{path}: no line {name}=…")


@dataclass(frozen=True, slots=True)
class KeyFile:
    """All of a key file: the keys, and where the master key comes from (None: there is none)."""

    keys: KeyRing
    master: Place | None = None


def load_keys(path: Path) -> KeyRing:
    """Read the privacy keys.

    Raises:
        ConfigError: as `load_key_file`.
    """
    return load_key_file(path).keys


def load_key_file(path: Path) -> KeyFile:
    """Read a key file; the master key is fetched once, and only if a version needs it.

    Raises:
        ConfigError: the file is missing, readable by others, or malformed; the master key is
            missing or is not the one that a version was made with.
    """
    try:
        tables = tomllib.loads(read_private(path))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    said = tables.pop(MASTER, None)
    master = None if said is None else Place.of(f"{path}: [{MASTER}]", said)
    opener = _Opener(path, master)
    return KeyFile({name: opener.key(name, table) for name, table in tables.items()}, master)


def derive_version(master: bytes, name: str, version: int) -> bytes:
    """The 32 bytes of one version of a key (HKDF-SHA-256, RFC 5869, no salt).

    Info is `headworks|master|<name>|v<version>`.
    """
    return _expand(master, f"headworks|master|{name}|v{version}", KEY_BYTES)


def check_value(secret: bytes) -> str:
    """What a key file says of a derived version: 8 bytes in hex of HKDF with another info."""
    return _expand(secret, "headworks|check", CHECK_BYTES).hex()


def _expand(secret: bytes, info: str, length: int) -> bytes:
    made = HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode())
    return made.derive(secret)


class _Opener:
    """Reads the keys of one file."""

    def __init__(self, path: Path, master: Place | None) -> None:
        self._path = path
        self._master = master
        self._fetched: bytes | None = None

    def key(self, name: str, table: Any) -> Key:
        """One table of the file."""
        try:
            current, previous = int(table["current"]), table.get("previous")
            said = {int(v): str(t) for v, t in table.items() if v not in {"current", "previous"}}
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ConfigError(
                f"{self._path}: key `{name}`: needs `current = N` and"
                f' `N = "<base64 of {KEY_BYTES} bytes>"`'
            ) from None
        versions = {version: self._secret(name, version, text) for version, text in said.items()}
        if current not in versions:
            raise ConfigError(f"{self._path}: key `{name}`: there is no version {current}")
        if previous is not None and (previous not in versions or previous == current):
            raise ConfigError(
                f"{self._path}: key `{name}`: `previous` is not an older version of it"
            )
        derived = frozenset(v for v, text in said.items() if text.startswith(f"{MASTER}:"))
        return Key(name, current, versions, previous, derived)

    def _secret(self, name: str, version: int, text: str) -> bytes:
        where = f"{self._path}: key `{name}`: version {version}"
        source, _, check = text.partition(":")
        if source != MASTER:
            return decode_key(where, text)
        secret = derive_version(self._master_key(where), name, version)
        if check_value(secret) != check:
            raise ConfigError(
                f"{where}: was made with another master key than [{MASTER}] gives now",
                hint=f"give [{MASTER}] the key of then; tokens of another one would not join",
            )
        return secret

    def _master_key(self, where: str) -> bytes:
        if self._master is None:
            raise ConfigError(f"{where}: comes from the master key, and there is no [{MASTER}]")
        if self._fetched is None:
            self._fetched = self._master.fetch()
        return self._fetched
