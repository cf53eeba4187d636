"""The file of privacy keys, edited: whole or not at all, readable by its owner alone.

No function here returns or prints a key's bytes. Comments of the file are not kept.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cdc.errors import ConfigError
from cdc.keys import (
    MASTER,
    Key,
    KeyFile,
    check_value,
    derive_version,
    load_key_file,
)
from cdc.providers import KEY_BYTES, Place

_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def generate_key(path: Path, name: str) -> Key:
    """Add a key of that name, version 1; the file is made where it is missing.

    Raises:
        ConfigError: the name is taken or malformed, or the file cannot be read or written.
    """
    if not _NAME.fullmatch(name) or name == MASTER:
        raise ConfigError(
            f"key `{name}`: a name is small letters, digits, _ and -, and not `{MASTER}`"
        )
    with _editing(path):
        file = load_key_file(path) if path.exists() else KeyFile({})
        if name in file.keys:
            raise ConfigError(
                f"{path}: key `{name}` is there already",
                hint=f"cdc policies keys rotate {name} gives it a new version",
            )
        key = _with_version(Key(name, 0, {}), 1, file.master)
        _write(path, file, key)
    return key


def rotate_key(path: Path, name: str) -> Key:
    """Give a key a new version and make it the current one; older versions stay.

    The version before is `previous` from now on, until `close_rotation`.

    Raises:
        ConfigError: there is no such key, or the file cannot be read or written.
    """
    with _editing(path):
        file = load_key_file(path)
        key = _find(path, file, name)
        key = replace(_with_version(key, max(key.versions) + 1, file.master), previous=key.current)
        _write(path, file, key)
    return key


def close_rotation(path: Path, name: str) -> Key:
    """Forget which version was before the current one; the version itself stays.

    Raises:
        ConfigError: there is no such key, none of its rotations is open, or the file cannot be
            read or written.
    """
    with _editing(path):
        file = load_key_file(path)
        key = _find(path, file, name)
        if key.previous is None:
            raise ConfigError(f"{path}: key `{name}`: no rotation is open")
        key = replace(key, previous=None)
        _write(path, file, key)
    return key


def _find(path: Path, file: KeyFile, name: str) -> Key:
    if name not in file.keys:
        raise ConfigError(
            f"{path}: no key `{name}`", hint=f"known keys: {', '.join(sorted(file.keys))}"
        )
    return file.keys[name]


def _with_version(key: Key, version: int, master: Place | None) -> Key:
    """The key with a further version that is current: of the master key where there is one."""
    if master is None:
        secret, derived = secrets.token_bytes(KEY_BYTES), key.derived
    else:
        secret = derive_version(master.fetch(), key.name, version)
        derived = key.derived | {version}
    versions = {**key.versions, version: secret}
    return replace(key, current=version, versions=versions, derived=derived)


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


def _write(path: Path, file: KeyFile, changed: Key) -> None:
    keys = {**file.keys, changed.name: changed}
    sections = [*_master_section(file.master), *map(_section, keys.values())]
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write("\n".join(sections))
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(path)


def _master_section(master: Place | None) -> Iterator[str]:
    """As it was said; JSON's texts, lists of texts and numbers are TOML's too."""
    if master is not None:
        said = master.provider.model_dump(exclude_unset=True)
        lines = (
            f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in said.items()
        )
        yield f"[{MASTER}]\n" + "".join(lines)


def _section(key: Key) -> str:
    name = key.name if _NAME.fullmatch(key.name) else f'"{key.name}"'
    lines = [f"[{name}]", f"current = {key.current}"]
    if key.previous is not None:
        lines.append(f"previous = {key.previous}")
    for version, secret in sorted(key.versions.items()):
        is_derived = version in key.derived
        text = f"{MASTER}:{check_value(secret)}" if is_derived else _base64(secret)
        lines.append(f'{version} = "{text}"')
    return "\n".join(lines) + "\n"


def _base64(secret: bytes) -> str:
    return base64.b64encode(secret).decode()
