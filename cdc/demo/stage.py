"""What a reader of the demo sees: steps with their time, commands as typed, two sides of a row."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from cdc.errors import StackError

WIDTH = 80
TOKEN_WIDTH = 35
LEFT_OUT = "does not leave"


class Stage:
    """Prints to stdout; works the same on a terminal and in a file."""

    def __init__(self, config: Path | None) -> None:
        self.console = Console(width=WIDTH, highlight=False, soft_wrap=True)
        self.program = _as_typed(Path(sys.executable).with_name("cdc"))
        self._config = ["--config", str(config)] if config else []
        self._taken: list[tuple[str, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A numbered step; its time is printed when it ends."""
        begin = time.monotonic()
        number = len(self._taken) + 1
        self.console.print(f"\n[bold]{number}. {title}[/]")
        yield
        took_s = time.monotonic() - begin
        self._taken.append((title, took_s))
        self.console.print(f"   [dim]{took_s:.1f} s[/]")

    def say(self, text: str) -> None:
        """A line of explanation."""
        self.console.print(f"   {text}")

    def show_command(self, command: str) -> None:
        """A command as a person would type it."""
        self.console.print(f"   [bold cyan]$ {command}[/]", soft_wrap=True)

    def show_sql(self, statement: str) -> None:
        """A statement that is about to run."""
        first, *rest = textwrap.wrap(statement + ";", WIDTH - 12)
        self.console.print(f"   [bold magenta]mysql>[/] {first}")
        for line in rest:
            self.console.print(f"       -> {line}")

    def cdc(self, *arguments: str) -> None:
        """Run a command of ours and let it print.

        Raises:
            StackError: it failed.
        """
        self.show_command(f"{self.program} {' '.join(arguments)}")
        self.console.file.flush()
        command = [sys.executable, "-m", "cdc", *self._config, *arguments]
        done = subprocess.run(command, check=False)
        if done.returncode:
            raise StackError(f"demo: `cdc {' '.join(arguments)}` exited with {done.returncode}")

    def shell(self, command: str, shown: str, *, lines: int) -> None:
        """Run a shell pipeline of ours and show its first lines.

        Raises:
            StackError: it printed nothing.
        """
        self.show_command(shown)
        done = subprocess.run(
            ["/bin/sh", "-c", command], capture_output=True, text=True, timeout=60, check=False
        )
        out = done.stdout.splitlines()[:lines]
        if not out:
            raise StackError(f"demo: `{shown}` printed nothing: {done.stderr.strip()[:200]}")
        for line in out:
            self.console.print(f"   {line}", markup=False)

    def compare(self, left: str, right: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """Two sides of one row, field by field."""
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", width=WIDTH)
        table.add_column("", width=3)
        table.add_column("", width=15)
        table.add_column(left, overflow="fold")
        table.add_column(right, overflow="fold", min_width=TOKEN_WIDTH)
        for name, raw, governed in rows:
            style = "dim" if governed == LEFT_OUT else "green"
            table.add_row("", name, raw, f"[{style}]{governed}[/]")
        self.console.print(table)

    def wait(self, title: str, total: int, done: Callable[[], int], deadline_s: float) -> None:
        """Poll until `done` reaches `total`, with a bar on a terminal.

        Raises:
            StackError: it does not in time.
        """
        columns = (TextColumn("   {task.description}"), BarColumn(24), MofNCompleteColumn())
        end = time.monotonic() + deadline_s
        shown = self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as bar:
            task = bar.add_task(title, total=total)
            while (now := done()) < total:
                if time.monotonic() > end:
                    raise StackError(
                        f"demo: {title}: {now} of {total} after {deadline_s:g} s",
                        hint="cdc relay status; cdc connectors status",
                    )
                bar.update(task, completed=now)
                time.sleep(0.2)

    def summary(self) -> None:
        """Time per step."""
        self.console.print("\n[bold]Time[/]")
        for title, took_s in self._taken:
            self.console.print(f"   {took_s:6.1f} s  {title}")
        self.console.print(f"   {sum(took for _, took in self._taken):6.1f} s  in all")


def _as_typed(program: Path) -> str:
    """A program as a person here would type it."""
    if shutil.which(program.name) == str(program):
        return program.name
    return os.path.relpath(program)


def side_by_side(
    raw: Mapping[str, object], governed: Mapping[str, object], names: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Rows for `compare`: each raw column with what became of it (`names`: column to field)."""
    rows = [
        (column, str(value), str(governed[names[column]]) if column in names else LEFT_OUT)
        for column, value in raw.items()
    ]
    lineage = [(name, "", str(value)) for name, value in governed.items() if name[:2] == "__"]
    return rows + lineage
