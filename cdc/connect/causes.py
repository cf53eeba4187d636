"""Why a task failed, in one line that can hold no row's value.

A Java trace quotes what its task choked on, so of a message only what a table here knows is told:
the class of the innermost cause, the table and column that it names, and known reasons in our own
words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# Java's `pkg.Class: message`; wrappers around it are `Caused by:` lines further up the trace.
CAUSE = re.compile(r"^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+)(?:: (.*))?$")
_TABLE = re.compile(r"\btable [`'\"]?((?:[\w$]+\.)*[\w$]+)\b", re.IGNORECASE)
_COLUMN = re.compile(
    r"\b(?:column|field)[:=]? [`'\"]?([\w$]+)[`'\"]?(?=\s|$|[.,;)'\"`])", re.IGNORECASE
)

REASONS: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in (
        (r"Access denied", "MySQL refuses the user or the password"),
        (r"Communications link failure|Connection refused", "the server does not answer"),
        (r"Could not find first log file|purged|no longer available", "the binlog has been purged"),
        (r"same server_uuid/server_id|server.id", "another reader has this database.server.id"),
        (r"db history topic|schema history|history topic", "the schema history is not usable"),
        (r"whose schema isn't known", "the schema history does not know this table"),
        (r"Could not read properties|Could not read file", "a secret's file cannot be read"),
        (r"No such file", "a file is missing"),
        (
            r"Missing required configuration|Invalid value .* for config",
            "the configuration is wrong",
        ),
        (r"couldn't be parsed|no viable alternative", "a DDL statement cannot be parsed"),
        (r"RecordTooLarge|larger than the maximum", "a record is larger than the topic allows"),
        (r"error code 409|incompatible with an earlier", "the registry refuses the schema"),
        (r"Unknown database", "there is no such database"),
        (r"Failed to find any class", "the plugin is missing"),
        (r"Timeout|timed out", "something did not answer in time"),
        (r"Authoriz|denied", "something is not allowed"),
    )
)


def first_cause(trace: str) -> str:
    """The innermost cause of a Java trace: class, table, column, and why where it is known."""
    causes = [match for line in trace.splitlines() if (match := CAUSE.match(line.strip()))]
    if not causes:
        return "no reason given"
    return _tell(causes[-1][1], causes[-1][2] or "", trace)


def _tell(kind: str, message: str, trace: str) -> str:
    names = [
        f"{word} {match[1]}"
        for word, pattern in (("table", _TABLE), ("column", _COLUMN))
        if (match := pattern.search(message) or pattern.search(trace))
    ]
    reason = next(
        (said for text in (message, trace) for known, said in REASONS if known.search(text)), ""
    )
    return ": ".join(part for part in (kind, ", ".join(names), reason) if part)
