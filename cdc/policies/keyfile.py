"""The file of privacy keys, edited: whole or not at all, readable by its owner alone.

No function here returns or prints a key's bytes. Comments of the file are not kept.
"""

from __future__ import annotations

import base64
import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cdc.errors import ConfigError
from cdc.keys import KEY_BYTES, Key, KeyRing, load_keys

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def generate_key(path: Path, name: str) -> Key:
    """Add a key of that name, version 1; the file is made where it is missing.

    Raises:
        ConfigError: the name is taken or malformed, or the file cannot be read or written.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"key `{name}`: a name is small letters, digits, _ and -")
    with _editing(path):
        keys = load_keys(path) if path.exists() else {}
        if name in keys:
            raise ConfigError(
                f"{path}: key `{name}` is there already",
                hint=f"cdc policies keys rotate {name} gives it a new version",
            )
        key = Key(name, 1, {1: secrets.token_bytes(KEY_BYTES)})
        _write(path, {**keys, name: key})
    return key


def rotate_key(path: Path, name: str) -> Key:
    """Give a key a new version and make it the current one; older versions stay.

    Raises:
        ConfigError: there is no such key, or the file cannot be read or written.
    """
    with _editing(path):
        keys = load_keys(path)
        if name not in keys:
            raise ConfigError(
                f"{path}: no key `{name}`", hint=f"known keys: {', '.join(sorted(keys))}"
            )
        version = max(keys[name].versions) + 1
        versions = {**keys[name].versions, version: secrets.token_bytes(KEY_BYTES)}
        key = replace(keys[name], current=version, versions=versions)
        _write(path, {**keys, name: key})
    return key


@contextmanager
def _editing(path: Path) -> Iterator[None]:
    """Two editors of one file wait for each other: a lost version would be lost values.

    Raises:
        ConfigError: the folder is missing, or the file cannot be written.
    """
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        os.close(folder)


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path}: cannot be written ({type(error).__name__})", hint="setting policies.keys"
    )


def _write(path: Path, keys: KeyRing) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write("\n".join(map(_section, keys.values())))
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(path)


def _section(key: Key) -> str:
    name = key.name if _NAME.fullmatch(key.name) else f'"{key.name}"'
    lines = [f"[{name}]", f"current = {key.current}"]
    for version, secret in sorted(key.versions.items()):
        lines.append(f'{version} = "{base64.b64encode(secret).decode()}"')
    return "\n".join(lines) + "\n"
