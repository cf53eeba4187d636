"""Blocking reads, away from the event loop that the registry answers on."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import to_thread

from cdc.errors import Unreachable

DEADLINE_S = 15.0
"""Longer than a client's own time-out on a dead connection, shorter than a person's patience."""

Read = TypeVar("Read")


async def read_in_thread(
    what: str, read: Callable[[], Read], deadline_s: float = DEADLINE_S
) -> Read:
    """Call `read` in a thread.

    Raises:
        Unreachable: it has not come back within `deadline_s` seconds; the thread is left to end by
            itself.
    """
    try:
        with anyio.fail_after(deadline_s):
            return await to_thread.run_sync(read, abandon_on_cancel=True)
    except TimeoutError:
        raise Unreachable(
            f"{what}: no answer within {deadline_s:g} s", hint="cdc stack status"
        ) from None
