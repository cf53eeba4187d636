"""What is wrong between a connector and the server that it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cdc.doctor.access import ACCESS_RULES
from cdc.doctor.capturing import names, names_column
from cdc.doctor.rule import ERROR, WARNING, Flaw, Rule
from cdc.doctor.world import Capture, World

ROWS_PER_S = 10_000
"""What a snapshot reads at least (measured: 16,000 to 40,000 small rows)."""
_TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_EXCLUDE = "column.exclude.list"
_MASK = re.compile(r"column\.mask\.(?:with\.\d+\.chars|hash\..+)|column\.exclude\.list")
_DRIVER = ("driver.characterEncoding", "driver.characterSetResults")
_PLAIN = re.compile(r"[\w$]+(?:\\?\.[\w$]+)?")
_UNIVERSAL = frozenset({"", "ascii", "binary", "latin1", "utf8", "utf8mb3", "utf8mb4"})


def _server_id_clash(capture: Capture, _: World) -> Iterator[Flaw]:
    own = capture.connector.get("database.server.id")
    if own and own == capture.server.variables.get("server_id"):
        yield Flaw(
            f"`database.server.id` is {own}, the server's own",
            '"database.server.id": a number that no server and no other reader has',
            "Of two readers with one id MySQL cuts off the older: this server would be the other,"
            " once it is somebody's replica.",
            "database.server.id",
        )


def _unknown_table(capture: Capture, _: World) -> Iterator[Flaw]:
    known = [table.qualified for table in capture.server.tables]
    for entry in capture.connector.entries("table.include.list"):
        if _PLAIN.fullmatch(entry) and not any(names(entry, name) for name in known):
            yield Flaw(
                f"MySQL has no table {entry}, or user `{capture.server.user}` may not see it",
                f"mend `table.include.list`, or GRANT SELECT ON … TO '{capture.server.user}'",
                "A name without its database matches nothing."
                if "." not in entry
                else "A list that names nothing captures nothing, without a word.",
                "table.include.list",
            )


def _clear_masks(capture: Capture, _: World) -> Iterator[Flaw]:
    for key, patterns in sorted(capture.connector.config.items()):
        if _MASK.fullmatch(key):
            for column, why in _unmasked(capture, key, patterns):
                yield Flaw(
                    f"{column} is sent in clear: {why}",
                    "hide it in the table's policy, and keep the raw topic to the relay",
                    f"`{key}` names it, and does nothing to it.",
                    key,
                )


def _unmasked(capture: Capture, key: str, patterns: str) -> Iterator[tuple[str, str]]:
    for table in capture.tables:
        for column in table.columns:
            if not names_column(patterns, table, column):
                continue
            name = f"{table.qualified}.{column.name}"
            if column.name in table.key:
                yield name, "the record's key stays as it is"
            elif key != _EXCLUDE and column.type not in _TEXT:
                yield name, f"{column.type.upper()} is no text"


def _driver_charset(capture: Capture, _: World) -> Iterator[Flaw]:
    unset = [key for key in _DRIVER if not capture.connector.get(key)]
    odd = {
        f"{table.qualified}.{column.name} ({column.charset})"
        for table in capture.tables
        for column in table.columns
        if column.charset not in _UNIVERSAL
    }
    if unset and odd:
        yield Flaw(
            f"text in other character sets than UTF-8, and {', '.join(unset)} not set",
            ", ".join(f'"{key}": "UTF8"' for key in unset),
            f"The driver guesses at what the server sends: {', '.join(sorted(odd))}.",
            unset[0],
        )


def _missed_changes(capture: Capture, _: World) -> Iterator[Flaw]:
    if capture.connector.missed:
        yield Flaw(
            "the server has thrown away changes that the connector has not read",
            "let it read all rows anew: remove its offsets, then apply it again; a longer"
            " binlog_expire_logs_seconds prevents it",
            "What was changed or deleted in that time is in no topic, and the connector will not"
            " go on by itself.",
        )


def _long_snapshot(capture: Capture, _: World) -> Iterator[Flaw]:
    rows = sum(table.rows for table in capture.tables)
    kept_s = capture.server.number("binlog_expire_logs_seconds")
    takes_s = rows / ROWS_PER_S
    if kept_s and takes_s > kept_s / 2:
        yield Flaw(
            f"a snapshot of about {rows:,} rows takes up to {takes_s / 3600:.1f} hours, and the"
            f" binary log is kept for {kept_s / 3600:.1f}",
            "a longer binlog_expire_logs_seconds; or capture the tables one after the other,"
            " with incremental snapshots",
            "The changes made meanwhile must still be there when the last row has been read.",
        )


CAPTURE_RULES: Sequence[Rule[Capture]] = (
    Rule("server-id-clash", WARNING, "connector and server have one id", _server_id_clash),
    *ACCESS_RULES,
    Rule("unknown-table", WARNING, "a table that is to be captured is not there", _unknown_table),
    Rule("clear-mask", ERROR, "a masked or excluded column is sent in clear", _clear_masks),
    Rule("driver-charset", WARNING, "the driver guesses at character sets", _driver_charset),
    Rule("missed-changes", ERROR, "changes are gone before they were read", _missed_changes),
    Rule("long-snapshot", WARNING, "a snapshot outlasts half of the binary log", _long_snapshot),
)
