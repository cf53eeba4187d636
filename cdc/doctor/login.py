"""How a connector logs in to MySQL, where its secret can be read from here."""

from __future__ import annotations

from collections.abc import Callable

from cdc.connect.secrets import REFERENCE
from cdc.doctor.world import Connector
from cdc.errors import ConfigError
from cdc.keys import read_secret
from cdc.source import Database

Login = Callable[[str, str], Database]
"""User and password; the server is the settings'."""


def password_of(connector: Connector) -> tuple[str, str]:
    """User and password; a reference is followed as Connect's `file` and `env` providers do.

    Raises:
        ConfigError: what it names cannot be read here; the message has no secret.
    """
    user, password = connector.get("database.user"), connector.get("database.password")
    if not user:
        raise ConfigError("`database.user` is not set")
    if not REFERENCE.fullmatch(password):
        return user, password
    return user, read_secret(password[2:-1])
