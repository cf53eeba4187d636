"""What the loop must not wait for is done beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Beside(Executor):
    """A daemon thread for each task: a relay that is told to stop does not wait for it."""

    def submit(
        self, do: Callable[Given, Answer], /, *args: Given.args, **kwargs: Given.kwargs
    ) -> Future[Answer]:
        """Begin; what the task raises is raised where its result is asked for."""
        answer: Future[Answer] = Future()

        def work() -> None:
            try:
                answer.set_result(do(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 -- raised again where it is asked for
                answer.set_exception(error)

        threading.Thread(target=work, name="beside", daemon=True).start()
        return answer
