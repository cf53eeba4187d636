"""What is wrong with the MySQL server: its binary log, its clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cdc.doctor.rule import ERROR, NOTE, WARNING, Flaw, Rule
from cdc.doctor.world import Server, World

DAY_S = 86_400
SHORTEST_RETENTION_S = 3 * DAY_S
"""A connector that stops on a Friday evening is seen to on Monday."""
_UTC = frozenset({"+00:00", "-00:00", "UTC", "GMT", "ETC/UTC"})


def _must_be(name: str, wanted: str, why: str) -> Callable[[Server, World], Iterator[Flaw]]:
    """A variable that has one right value; one that the server does not have is not judged."""

    def find(server: Server, _: World) -> Iterator[Flaw]:
        value = server.variable(name)
        if name in server.variables and value != wanted:
            shown = f"is {value}" if value else "is empty"
            yield Flaw(f"`{name}` {shown}", _set(name, wanted), why)

    return find


def _set(name: str, wanted: str) -> str:
    return f"in my.cnf: {name} = {wanted or '(empty)'}; then restart MySQL"


def _short_retention(server: Server, _: World) -> Iterator[Flaw]:
    seconds = server.number("binlog_expire_logs_seconds")
    if 0 < seconds < SHORTEST_RETENTION_S:
        yield Flaw(
            f"the binary log is kept for {seconds / 3600:.3g} hours",
            "SET PERSIST binlog_expire_logs_seconds = 604800",
            "A connector that stands still for longer must read everything anew, and the deletes"
            " of that time are lost to every reader.",
        )


def _no_server_id(server: Server, _: World) -> Iterator[Flaw]:
    if server.variables.get("server_id") == "0":
        yield Flaw(
            "`server_id` is 0: the server refuses whoever would read its binary log",
            "in my.cnf: server-id = 1; then restart MySQL",
        )


def _local_clock(server: Server, _: World) -> Iterator[Flaw]:
    zone = server.variable("time_zone")
    name = server.variables.get("system_time_zone", "") if zone == "SYSTEM" else zone
    if name and name.upper() not in _UTC:
        yield Flaw(
            f"the server's time zone is {name}",
            "in my.cnf: default-time-zone = +00:00, where applications do not rely on it",
            "A DATETIME has no zone: filled by NOW() or CURRENT_TIMESTAMP, it holds local time,"
            " which readers take for UTC, and an hour of it comes twice a year.",
        )


SERVER_RULES: Sequence[Rule[Server]] = (
    Rule(
        "log-bin-off",
        ERROR,
        "the server writes no binary log",
        _must_be("log_bin", "ON", "Without a binary log there are no changes to read."),
    ),
    Rule(
        "binlog-format",
        ERROR,
        "the binary log has statements in place of rows",
        _must_be(
            "binlog_format", "ROW", "Changes logged as statements never become events: rows differ."
        ),
    ),
    Rule(
        "binlog-row-image",
        ERROR,
        "the binary log leaves out columns",
        _must_be(
            "binlog_row_image",
            "FULL",
            "Columns that an UPDATE does not change are not in the log, and arrive as NULL or as a"
            " placeholder.",
        ),
    ),
    Rule(
        "binlog-partial-json",
        ERROR,
        "the binary log has parts of JSON documents",
        _must_be(
            "binlog_row_value_options",
            "",
            "With PARTIAL_JSON an update of a document is logged as a difference, which no event"
            " can hold.",
        ),
    ),
    Rule("binlog-retention", WARNING, "the binary log is soon thrown away", _short_retention),
    Rule(
        "gtid-off",
        ERROR,
        "transactions have no global ids",
        _must_be(
            "gtid_mode",
            "ON",
            "After a failover the connector cannot find its place, and `cdc verify` cannot tell"
            " how far the stream has come. Needs enforce_gtid_consistency = ON.",
        ),
    ),
    Rule(
        "gtid-inconsistent",
        ERROR,
        "statements that global ids cannot carry are allowed",
        _must_be(
            "enforce_gtid_consistency",
            "ON",
            "Such a statement is written without one id for the whole of it.",
        ),
    ),
    Rule("server-id-unset", ERROR, "the server has no id", _no_server_id),
    Rule("local-time-zone", WARNING, "the server's clock is not UTC", _local_clock),
    Rule(
        "binlog-row-metadata",
        NOTE,
        "the binary log does not name columns",
        _must_be(
            "binlog_row_metadata",
            "FULL",
            "The connector then relies on its own history of every ALTER; with names in the log,"
            " tools can read it without.",
        ),
    ),
)
