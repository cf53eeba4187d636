"""Where the bytes of a secret come from: the environment, a private file, a command.

Enters: what a key file says, such as `{env = "NAME"}`. Leaves: 32 bytes. What a command prints
beside them is thrown away: nothing of it reaches a message or a log.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cdc.errors import ConfigError

KEY_BYTES = 32
FORMS = 'env = "NAME", file = "PATH" or command = ["PROGRAM", …]'


class Provider(BaseModel):
    """What `[master]` of a key file says: exactly one place, which gives 32 bytes in base64."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    env: str = ""
    file: str = ""
    command: list[str] = Field(default_factory=list)
    timeout_s: float = Field(10, gt=0, le=120)

    @model_validator(mode="after")
    def _require_one(self) -> Provider:
        if sum(map(bool, (self.env, self.file, self.command))) != 1:
            raise ValueError(FORMS)
        return self


@dataclass(frozen=True, slots=True)
class Place:
    """A provider and the name under which messages speak of it."""

    where: str
    provider: Provider

    @classmethod
    def of(cls, where: str, table: object) -> Place:
        """From a key file.

        Raises:
            ConfigError: not exactly one place, or an unknown key.
        """
        try:
            return cls(where, Provider.model_validate(table))
        except ValidationError:
            raise ConfigError(
                f"{where}: needs exactly one of {FORMS}; with a command also timeout_s"
            ) from None

    def fetch(self) -> bytes:
        """The 32 bytes.

        Raises:
            ConfigError: the place is missing, does not answer, or holds something else.
        """
        for name, read in _READERS.items():
            if getattr(self.provider, name):
                return decode_key(f"{self.where}: {name}", read(self))
        raise AssertionError(self.where)


def decode_key(where: str, text: str) -> bytes:
    """32 bytes of base64.

    Raises:
        ConfigError: something else, which is not shown.
    """
    try:
        data = base64.b64decode(text.strip(), validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if len(data) != KEY_BYTES:
        raise ConfigError(
            f"{where}: not {KEY_BYTES} bytes of base64", hint=f"openssl rand -base64 {KEY_BYTES}"
        )
    return data


def read_private(path: Path) -> str:
    """The text of a file that only its owner may read.

    Raises:
        ConfigError: it cannot be read, or others may read it.
    """
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


def _read_env(place: Place) -> str:
    name = place.provider.env
    if name not in os.environ:
        raise ConfigError(f"{place.where}: no environment variable {name}")
    return os.environ[name]


def _read_file(place: Place) -> str:
    return read_private(Path(place.provider.file).expanduser())


def _run_command(place: Place) -> str:
    """Standard output; of the arguments, which may hold secrets too, only the first is named."""
    command: Sequence[str] = place.provider.command
    failed = f"{place.where}: command {command[0]}"
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=place.provider.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(
            f"{failed} has not answered within {place.provider.timeout_s:g} s"
        ) from None
    except OSError as error:
        raise ConfigError(f"{failed} cannot be run ({type(error).__name__})") from None
    if answer.returncode:
        raise ConfigError(
            f"{failed} ended with exit code {answer.returncode}",
            hint="run it by hand to see what it says: its output is not shown here",
        )
    return answer.stdout.decode("ascii", errors="replace")


_READERS: Mapping[str, Callable[[Place], str]] = {
    "env": _read_env,
    "file": _read_file,
    "command": _run_command,
}
