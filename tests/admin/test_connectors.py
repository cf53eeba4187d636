from typing import Any

import pytest

from cdc.admin.connectors import find_cause, read_connectors
from tests.admin.fakes import TRACE


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (TRACE, "java.sql.SQLException"),
        ("java.lang.RuntimeException: no\n\tat a.B.c(B.java:1)", "java.lang.RuntimeException"),
        ("java.lang.NullPointerException\n\tat a.B.c(B.java:1)", "java.lang.NullPointerException"),
        ("a.B$C: inner", "a.B$C"),
        ("no trace at all", ""),
        ("", ""),
    ],
)
def test_the_cause_is_the_last_class_named(trace: str, cause: str) -> None:
    """Of a trace only the class of its innermost exception is kept."""
    assert find_cause(trace) == cause


class OneDeleted:
    """Connect in which a connector is deleted between the list and its status."""

    def list_connectors(self) -> list[str]:
        return ["gone", "here"]

    def get_status(self, name: str) -> dict[str, Any] | None:
        return None if name == "gone" else {"connector": {"state": "RUNNING"}, "tasks": []}


def test_a_connector_deleted_meanwhile_is_left_out() -> None:
    """What the list named and the status no longer knows is not shown."""
    assert [state.name for state in read_connectors(OneDeleted())] == ["here"]
