"""Secrets in connector configurations: found, refused where written out, never shown.

A secret is a reference `${provider:path:key}` that Kafka Connect resolves. Here it is resolved only
to a keyed fingerprint, which says that it changed and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import ConfigError
from cdc.keys import read_secret

REFERENCE = re.compile(r"\$\{(\w+):([^}]+)\}")
# Keys whose value is a secret, wherever Kafka and its plugins put one.
SECRET_KEY = re.compile(
    r"(?:passw(?:or)?d|passphrase|secret|token|credential|(?:api|access|private|keystore)[._]?key"
    r"|jaas\.config|user\.info)s?$",
    re.IGNORECASE,
)
# Of these only a part is secret: `user:password`, or a JAAS line with `password="…"`.
_PARTLY = re.compile(r"(?:jaas\.config|user\.info)$")
_WRITTEN_OUT = re.compile(r"""password\s*=\s*["']?(?!["']?\$\{)[^"'\s;]""")
_CREDENTIALS_IN_URL = re.compile(r"://[^/\s:@]*:(?!\$\{)[^/\s@]+@")
HIDDEN = "(hidden)"
_KEY_BYTES = 32
_SHOWN = 12


def is_secret(key: str, declared: frozenset[str] = frozenset()) -> bool:
    """Whether a key holds a secret, by its name or (`declared`) by what its plugin says."""
    return key in declared or SECRET_KEY.search(key) is not None


def is_written_out(key: str, value: str, declared: frozenset[str] = frozenset()) -> bool:
    """Whether a value holds a secret itself instead of a reference to it."""
    if _CREDENTIALS_IN_URL.search(value):
        return True
    if not is_secret(key, declared) or not value:
        return False
    if _PARTLY.search(key):
        return not REFERENCE.search(value) or _WRITTEN_OUT.search(value) is not None
    return REFERENCE.sub("", value).strip() != ""


def show_value(key: str, value: str, declared: frozenset[str] = frozenset()) -> str:
    """The value as it may be shown."""
    return HIDDEN if is_written_out(key, value, declared) else value


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one secret from another; `digest` is empty where `reason` says why."""

    digest: str = ""
    key_id: str = ""
    reason: str = ""

    def compare(self, before: Fingerprint | None) -> str:
        """`same`, `changed`, or `unknown`: that nothing can be said."""
        if before is None or not (self.digest and before.digest) or self.key_id != before.key_id:
            return "unknown"
        return "same" if self.digest == before.digest else "changed"


def take_fingerprints(config: Mapping[str, str], key: bytes | None) -> dict[str, Fingerprint]:
    """A fingerprint of each value that has references, under a key that stays on this machine."""
    return {
        name: _fingerprint(name, value, key)
        for name, value in config.items()
        if REFERENCE.search(value)
    }


def _fingerprint(name: str, value: str, key: bytes | None) -> Fingerprint:
    if key is None:
        return Fingerprint(reason="never applied from here")
    try:
        resolved = REFERENCE.sub(lambda match: _resolve(match[1], match[2]), value)
    except ConfigError as error:
        return Fingerprint(reason=error.message)
    digest = hmac.new(key, f"{name}\0{resolved}".encode(), hashlib.sha256).hexdigest()
    return Fingerprint(digest[:_SHOWN], hashlib.sha256(b"id" + key).hexdigest()[:8])


def _resolve(provider: str, rest: str) -> str:
    if provider not in _PROVIDERS:
        raise ConfigError(f"provider {provider} cannot be read from here")
    return _PROVIDERS[provider](rest)


def _read_directory(rest: str) -> str:
    folder, _, name = rest.rpartition(":")
    try:
        return (Path(folder) / name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{folder}/{name}: cannot be read ({type(error).__name__})") from None


_PROVIDERS: Mapping[str, Callable[[str], str]] = {
    "file": lambda rest: read_secret(f"file:{rest}"),
    "env": lambda rest: read_secret(f"env:{rest}"),
    "directory": _read_directory,
    "dir": _read_directory,
}


def load_fingerprint_key(path: Path) -> bytes | None:
    """The key of this machine's fingerprints; None while there is none.

    Raises:
        ConfigError: it cannot be read, or is no key.
    """
    if not path.exists():
        return None
    try:
        key = base64.b64decode(path.read_text(), validate=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as a key ({type(error).__name__})") from None
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"{path}: is no key of {_KEY_BYTES} bytes in base64")
    return key


def make_fingerprint_key(path: Path) -> bytes:
    """The same, made (mode 600) where there is none.

    Raises:
        ConfigError: as `load_fingerprint_key`, or it cannot be written.
    """
    if (known := load_fingerprint_key(path)) is not None:
        return known
    key = secrets.token_bytes(_KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(key))
    except OSError as error:
        raise ConfigError(
            f"{path}: the fingerprint key cannot be written ({type(error).__name__})",
            hint="setting connect.fingerprint_key",
        ) from None
    return key
