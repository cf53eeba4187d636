"""Options of the commands that read SQL files."""

from __future__ import annotations

from pathlib import Path

import click

existing = click.Path(path_type=Path, exists=True)
base_option = click.option(
    "--base",
    type=existing,
    required=True,
    metavar="FILE|DIR",
    help="The tables as they are: SQL files, or `mysqldump --no-data`.",
)
