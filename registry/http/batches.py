"""Registrations that arrive together share a transaction.

A commit waits for the disk, and each hop to a thread costs more than the work there. So while one
batch commits, the next one gathers; a registration that is alone waits for nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from registry.errors import RegistryError
from registry.http.subjects import read_registration
from registry.http.wire import Call
from registry.model import RegisteredSchema
from registry.service import Registration, RegistryService

# Bounds how long the first of a batch waits for the last, and how long other nodes are kept out.
MAX_BATCH: Final = 64

_log = logging.getLogger(__name__)

Answer = RegisteredSchema | Exception


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    call: Call
    answer: "asyncio.Future[RegisteredSchema]"

    def settle(self, answer: Answer) -> None:
        """Answer, unless the client has gone."""
        if self.answer.done():
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Registrar:
    """Registers for all requests of one event loop."""

    def __init__(self, service: RegistryService) -> None:
        self._service = service
        self._queue: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def register(self, call: Call) -> RegisteredSchema:
        """Return what the registration gives, or raise its refusal."""
        waiting = _Waiting(call, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await waiting.answer

    async def _work(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            calls = [waiting.call for waiting in batch]
            answers = await run_in_threadpool(_register_all, self._service, calls)
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.settle(answer)


def _register_all(service: RegistryService, calls: Sequence[Call]) -> list[Answer]:
    """Register what the calls ask for; when together they fail, each is tried alone."""
    read = [_read(call) for call in calls]
    wanted = [each for each in read if isinstance(each, Registration)]
    try:
        registered = iter(service.register_all(wanted))
    except Exception as error:  # noqa: BLE001 - one poisoned request must not fail the others
        if len(calls) > 1:
            return [answer for call in calls for answer in _register_all(service, [call])]
        return [error]
    return [next(registered) if isinstance(each, Registration) else each for each in read]


def _read(call: Call) -> Registration | Exception:
    try:
        return read_registration(call)
    except (RegistryError, HTTPException) as error:
        return error
