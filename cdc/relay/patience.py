"""Programs asked for beside the loop, so that a slow registry holds up one table and not all.

Making a program takes several requests; a round's transaction lasts seconds, and all tables are in
it. So a thread asks; the round waits for `PATIENCE_S` at most, then the table waits and comes back
for the answer, while the others go on.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

from cdc.errors import TransientError
from cdc.event import Shape
from cdc.majors import Majors
from cdc.relay.ports import ProgramSource
from cdc.stream.pipeline import Program

PATIENCE_S = 2.0
"""Well below the time-out of a transaction, 8 s."""
_Asked = tuple[str, Shape, Majors | None]


class PatientPrograms:
    """A `ProgramSource` around another; while one answer is overdue, no round waits for a second.

    Threads are daemons: a relay that is told to stop does not wait for the registry.
    """

    def __init__(self, programs: ProgramSource, patience_s: float = PATIENCE_S) -> None:
        self._programs = programs
        self._patience_s = patience_s
        self._answers: dict[_Asked, Future[Program]] = {}

    def program_for(self, raw_topic: str, shape: Shape, majors: Majors | None) -> Program:
        """See the port; TransientError also where the answer is not there yet."""
        asked = raw_topic, shape, majors
        is_overdue = not all(answer.done() for answer in self._answers.values())
        answer = self._answers.get(asked) or self._ask(asked)
        wait([answer], 0.0 if is_overdue else self._patience_s)
        if not answer.done():
            raise TransientError(
                f"{raw_topic}: the registry has not answered yet",
                hint="is `cdc serve` running, or too busy? the table goes on with its answer",
            )
        del self._answers[asked]
        return answer.result()

    def refresh(self) -> bool:
        """See the port; answers under outdated policies are not waited for."""
        is_changed = self._programs.refresh()
        if is_changed:
            self._answers.clear()
        return is_changed

    def _ask(self, asked: _Asked) -> Future[Program]:
        answer: Future[Program] = Future()

        def work() -> None:
            try:
                answer.set_result(self._programs.program_for(*asked))
            except BaseException as error:  # noqa: BLE001 -- raised again where it was asked
                answer.set_exception(error)

        self._answers[asked] = answer
        threading.Thread(target=work, name="program", daemon=True).start()
        return answer
