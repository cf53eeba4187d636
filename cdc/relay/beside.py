"""What the loop must not wait for is done beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Beside(Executor):
    """One task after the other, in a daemon: a relay that is told to stop does not wait for it."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="beside", daemon=True)

    def submit(
        self, do: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Answer]:
        """Take a task; what it raises is raised where its result is asked for."""
        if self._thread.ident is None:
            self._thread.start()
        answer: Future[Answer] = Future()
        self._tasks.put((answer, lambda: do(*args, **kwargs)))
        return answer

    def _work(self) -> None:
        while True:
            answer, do = self._tasks.get()
            try:
                answer.set_result(do())
            except BaseException as error:  # noqa: BLE001 -- raised again where it is asked for
                answer.set_exception(error)
