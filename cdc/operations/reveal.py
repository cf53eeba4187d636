"""The original of a dead letter, in clear, into a file that its owner alone may read."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

from cdc.deadletter import open_letter
from cdc.errors import ConfigError
from cdc.keys import Key


def reveal(sealed: bytes, cipher: Key, path: Path) -> None:
    """Write key and value of the raw event: as text where they are text, else in base64.

    Raises:
        ConfigError: the key does not open the letter, its original was not kept, or the file is
            there already or cannot be written.
    """
    letter = open_letter(sealed, cipher)
    if letter.original is None:
        raise ConfigError(
            f"{letter.origin.text}: its original was too large to be kept",
            hint="read the raw topic at this offset, while it is there",
        )
    content = {
        "id": letter.origin.text,
        **_part("key", letter.original.key),
        **_part("value", letter.original.value),
    }
    try:
        # Never an existing file: its mode and its readers are not ours.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be written ({type(error).__name__})",
            hint="--out names a file that does not exist yet",
        ) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")


def _part(name: str, data: bytes | None) -> dict[str, str | None]:
    if data is None:
        return {name: None}
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}
