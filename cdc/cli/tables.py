"""Rows of text under headings, as wide as what stands in them."""

from __future__ import annotations

import click


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print them."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
