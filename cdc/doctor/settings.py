"""Settings of Debezium and Connect that lose, alter or delay changes, one row each.

`default` is what Connect or Debezium takes where a connector does not say, and `use` what
connectors/pizzashop.json says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cdc.doctor.rule import ERROR, NOTE, WARNING
from cdc.findings import Severity
from cdc.kafka.port import MAX_MESSAGE_BYTES

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that has wrong values; `why` says what they do."""

    code: str
    severity: Severity
    key: str
    default: str
    is_wrong: Test
    use: str
    says: str
    why: str


def _not(*allowed: str) -> Test:
    return lambda value: value.lower() not in allowed


def _one_of(*wrong: str) -> Test:
    return lambda value: value.lower() in wrong


def _below(least: int) -> Test:
    return lambda value: not value.isdigit() or int(value) < least


def _above(most: int) -> Test:
    return lambda value: not value.isdigit() or int(value) > most


SETTINGS: Sequence[Setting] = (
    Setting(
        "skipped-operations",
        ERROR,
        "skipped.operations",
        "t",
        _not("none"),
        "none",
        "operations are left out, by default TRUNCATE",
        "An emptied table keeps all its rows in every topic.",
    ),
    Setting(
        "conversion-failures",
        ERROR,
        "event.converting.failure.handling.mode",
        "warn",
        _not("fail"),
        "fail",
        "a value that cannot be converted becomes NULL",
        "What cannot be converted is sent as NULL, with a line in the worker's log.",
    ),
    Setting(
        "errors-tolerated",
        ERROR,
        "errors.tolerance",
        "none",
        _not("none"),
        "none",
        "events that fail are passed over",
        "A record that a converter or transform refuses is gone without a trace.",
    ),
    Setting(
        "unparsed-ddl",
        ERROR,
        "schema.history.internal.skip.unparseable.ddl",
        "false",
        _not("false"),
        "false",
        "an ALTER that is not understood is passed over",
        "The rows after it are read with the columns that were there before.",
    ),
    Setting(
        "decimal-as-double",
        ERROR,
        "decimal.handling.mode",
        "precise",
        _one_of("double"),
        "precise",
        "DECIMAL is rounded to a double",
        "Digits behind the 15th are lost; the relay refuses such a column.",
    ),
    Setting(
        "binary-as-text",
        ERROR,
        "binary.handling.mode",
        "bytes",
        _not("bytes"),
        "bytes",
        "binary columns are sent as text",
        "Nothing tells them from text any more; the relay refuses such a column.",
    ),
    Setting(
        "time-loss",
        ERROR,
        "time.precision.mode",
        "adaptive_time_microseconds",
        _one_of("connect", "isostring"),
        "microseconds",
        "times lose digits, or become NULL",
        "Microseconds are cut off, and a TIME below zero or over a day becomes NULL.",
    ),
    Setting(
        "time-units",
        WARNING,
        "time.precision.mode",
        "adaptive_time_microseconds",
        _not("microseconds", "connect", "isostring"),
        "microseconds",
        "the unit of times depends on the column",
        "An ALTER from DATETIME(3) to DATETIME(6) turns milliseconds into microseconds, and"
        " whoever reads the raw topic must follow.",
    ),
    Setting(
        "time-adjuster",
        WARNING,
        "enable.time.adjuster",
        "true",
        _not("false"),
        "false",
        "years below 100 are altered",
        "The year 0024 arrives as 2024.",
    ),
    Setting(
        "no-tombstones",
        ERROR,
        "tombstones.on.delete",
        "true",
        _not("true"),
        "true",
        "a delete leaves no tombstone",
        "A compacted copy of the topic keeps deleted rows for ever.",
    ),
    Setting(
        "sent-queries",
        ERROR,
        "include.query",
        "false",
        _not("false"),
        "false",
        "events have the SQL that made them",
        "The statement has values of every column, those too that masks or lists leave out.",
    ),
    Setting(
        "no-source-types",
        WARNING,
        "column.propagate.source.type",
        "",
        _one_of(""),
        ".*",
        "events do not tell MySQL's types",
        "The relay cannot tell an unsigned or a JSON column from a plain one.",
    ),
    Setting(
        "no-comments",
        NOTE,
        "include.schema.comments",
        "false",
        _not("true"),
        "true",
        "events do not tell the comments of columns",
        "A `pii:` mark in a column's comment does not reach who reads the stream.",
    ),
    Setting(
        "snapshot-without-rows",
        ERROR,
        "snapshot.mode",
        "initial",
        _one_of("never", "no_data", "schema_only"),
        "initial",
        "the rows that are there already are never read",
        "Topics hold only what changes from now on: most rows will be missing.",
    ),
    Setting(
        "snapshot-mode",
        WARNING,
        "snapshot.mode",
        "initial",
        _not("initial", "never", "no_data", "schema_only"),
        "initial",
        "a snapshot mode for special occasions is left in place",
        "`always` reads everything at each start; `when_needed` hides that changes were lost, and"
        " deletes among them; `initial_only` stops after the rows; `recovery` and"
        " `schema_only_recovery` are for one start.",
    ),
    Setting(
        "snapshot-unlocked",
        WARNING,
        "snapshot.locking.mode",
        "minimal",
        _one_of("none"),
        "minimal",
        "the snapshot takes no lock",
        "An ALTER meanwhile gives rows of one shape the names of another.",
    ),
    Setting(
        "at-least-once",
        WARNING,
        "exactly.once.support",
        "requested",
        _not("required"),
        "required",
        "changes may be sent twice",
        "After a crash the last changes come again, older ones behind newer ones; with `required`"
        " a worker that cannot prevent it says so.",
    ),
    Setting(
        "heartbeat-off",
        WARNING,
        "heartbeat.interval.ms",
        "0",
        _below(1),
        "1000",
        "the connector's place is not kept while its tables are quiet",
        "The kept place falls behind what other tables do, until the binary log there is gone.",
    ),
    Setting(
        "poll-interval",
        NOTE,
        "poll.interval.ms",
        "500",
        _above(100),
        "10",
        "changes wait for up to half a second",
        "So long a change may wait before Connect takes it.",
    ),
    Setting(
        "small-requests",
        WARNING,
        "producer.override.max.request.size",
        "1048576",
        _below(MAX_MESSAGE_BYTES),
        str(MAX_MESSAGE_BYTES),
        "a row of more than a megabyte stops the connector",
        "Before and after image of one row, and the schema, are one record.",
    ),
    Setting(
        "many-tasks",
        NOTE,
        "tasks.max",
        "1",
        _not("1"),
        "1",
        "more tasks than the connector can have",
        "One binary log is read by one task; more are never started.",
    ),
)
