"""What a person sees while the stack works: a line per step, bars only on a terminal (stderr)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

Advance = Callable[[float], None]


class Report:
    """Lines and bars; safe to use from several threads. A context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._progress = Progress(
            TextColumn("[bold cyan]{task.fields[part]:8}[/]{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def say(self, part: str, text: str) -> None:
        """One line, `part` in its first column."""
        self._progress.console.print(f"[bold cyan]{part:8}[/]{escape(text)}")

    @contextmanager
    def track(self, part: str, text: str, total: float | None) -> Iterator[Advance]:
        """Show a bar while the block runs; `total` None: it only says that work goes on."""
        task = self._progress.add_task(text, total=total, part=part)
        try:
            yield partial(self._progress.advance, task)
        finally:
            self._progress.remove_task(task)
