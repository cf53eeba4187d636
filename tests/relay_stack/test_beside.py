"""Tasks beside the loop."""

from __future__ import annotations

import threading

import pytest

from cdc.errors import TransientError
from cdc.relay.beside import Beside


def test_tasks_are_done_in_turn_and_nobody_waits() -> None:
    """`submit` returns while the task is under way; the second begins after the first."""
    beside, go, order = Beside(), threading.Event(), list[str]()

    def first() -> str:
        assert go.wait(10)
        order.append("first")
        return "done"

    one, two = beside.submit(first), beside.submit(order.append, "second")
    assert not one.done()
    go.set()

    assert (one.result(10), two.result(10)) == ("done", None)
    assert order == ["first", "second"]


def test_what_a_task_raises_is_raised_at_its_result() -> None:
    """The thread goes on with the next."""
    beside = Beside()

    def fail() -> None:
        raise TransientError("not now")

    failed, next_one = beside.submit(fail), beside.submit(len, "abc")
    with pytest.raises(TransientError, match="not now"):
        failed.result(10)
    assert next_one.result(10) == 3
