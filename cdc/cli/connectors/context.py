"""What the commands share: the files of a place, and how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.cli.substitutions import substitutions_of

if TYPE_CHECKING:
    from cdc.config import Settings
    from cdc.connect.client import ConnectClient
    from cdc.connect.desired import DesiredConnector

output_option = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True
)


def read_wanted(settings: Settings, names: tuple[str, ...]) -> list[DesiredConnector]:
    """The connectors of the named files (none: all of `connect.dir`).

    Raises:
        ConfigError: a file is wrong; the message lists all mistakes of all files.
    """
    from cdc.connect.desired import find_files, read_connectors  # noqa: PLC0415 (help must be fast)

    files = find_files(settings.connect.dir, names)
    return read_connectors(files, substitutions_of(settings))


def client_of(ctx: click.Context) -> ConnectClient:
    """Kafka Connect, as the command's settings name it."""
    from cdc.connect.client import ConnectClient  # noqa: PLC0415 (help must be fast)

    return ConnectClient(settings_of(ctx).connect_url)
