"""Rules about what a column means, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.findings import Severity
from cdc.gate.judge import columns, hints, rewrites
from cdc.gate.judge.rule import Kind, Reach, Rule, each_new, each_pair

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_SEMANTIC = Kind.SEMANTIC
_BESIDE = "add a second column of the new type, fill both, drop the old one later"

COLUMN_RULES: Sequence[Rule] = (
    Rule(
        "column-renamed",
        _SEMANTIC,
        _ERROR,
        "a column has another name",
        "Fields are found by name. A reader with the old schema finds nothing under the old name"
        " and goes on with NULL or its default: for a nullable column no registry objects.",
        "add the new name beside the old one, fill both, drop the old one later",
        each_pair(columns.find_renamed),
        rewrites.beside,
        explains=True,
    ),
    Rule(
        "column-dropped",
        _SEMANTIC,
        _ERROR,
        "a column goes",
        "Readers that still use the column get NULL or its default from one record to the next. For"
        " a nullable column no registry objects, and the old values cannot be had again.",
        "let writers stop first; drop it when no consumer reads it",
        columns.find_dropped,
        rewrites.drop_later,
        explains=True,
    ),
    Rule(
        "rename-as-drop-add",
        _SEMANTIC,
        _WARNING,
        "a column goes and one of the same type comes, in one statement",
        "If this is a rename, the values are lost: MySQL drops them, the new column starts empty,"
        " and no event carries them over.",
        "add the new column, copy the values, drop the old one later",
        columns.find_replaced,
        rewrites.rename_properly,
    ),
    Rule(
        "date-datetime",
        _SEMANTIC,
        _ERROR,
        "a date becomes a moment, or the reverse",
        "A DATE travels as a number of days, a DATETIME as a number of milli- or microseconds."
        " Avro promotes int to long, so a reader takes days for milliseconds without an error.",
        _BESIDE,
        each_pair(columns.find_date_datetime),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "datetime-timestamp",
        _SEMANTIC,
        _ERROR,
        "DATETIME becomes TIMESTAMP, or the reverse",
        "DATETIME is a wall clock without a zone, TIMESTAMP a moment in UTC. Values shift by the"
        " session's time zone, and raw topics send one as a number and the other as text.",
        _BESIDE,
        each_pair(columns.find_datetime_timestamp),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "time-unit",
        _SEMANTIC,
        _ERROR,
        "a time is sent in another unit",
        "With `time.precision.mode` adaptive, DATETIME up to 3 digits travels in milliseconds, with"
        " more in microseconds. Both are a long: a reader is wrong by a factor of 1000.",
        "set `time.precision.mode=microseconds` in the connector, where the unit never changes",
        each_pair(columns.find_time_unit),
        rewrites.beside,
        Reach.RAW,
    ),
    Rule(
        "meaning-changed",
        _SEMANTIC,
        _ERROR,
        "another kind of value in bytes that readers take as before",
        "Avro reads a string as bytes, an int as a long: a VARCHAR that becomes a DECIMAL, or a"
        " DATETIME that becomes a BIGINT, passes every level, and readers take it for what it was.",
        _BESIDE,
        each_pair(columns.find_meaning_changed),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "decimal-scale",
        _SEMANTIC,
        _ERROR,
        "a decimal has another number of digits behind the point",
        "A decimal travels as its digits without the point; where the point is says the schema. A"
        " reader that keeps its own scale is wrong by powers of ten.",
        _BESIDE,
        each_pair(columns.find_decimal_scale),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "precision-dropped",
        _SEMANTIC,
        _ERROR,
        "a number or a time has fewer digits",
        "Values that do not fit are refused or rounded, and rows that are rounded give events that"
        " no application wrote.",
        _BESIDE,
        each_pair(columns.find_precision_dropped),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "length-shortened",
        _SEMANTIC,
        _WARNING,
        "a text or binary column holds less",
        "Longer values make the statement fail, or are cut where sql_mode is not strict; the"
        " schemas do not show it.",
        "measure first: SELECT MAX(CHAR_LENGTH(column)); or add a CHECK for new rows",
        each_pair(columns.find_length_shortened),
        rewrites.nothing,
    ),
    Rule(
        "string-bytes",
        _SEMANTIC,
        _ERROR,
        "text becomes bytes, or the reverse",
        "Avro reads strings as bytes and bytes as strings, so registries let it pass. Readers get"
        " another type, and bytes that are no UTF-8 where text was.",
        _BESIDE,
        each_pair(columns.find_string_bytes),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "string-json",
        _SEMANTIC,
        _ERROR,
        "text becomes JSON, or the reverse",
        "Both are a string in Avro. As JSON MySQL orders keys, rewrites numbers and drops spaces:"
        " the same document is another text, and hashes and comparisons of it fail.",
        _BESIDE,
        each_pair(columns.find_string_json),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "enum-member-removed",
        _SEMANTIC,
        _ERROR,
        "an ENUM or SET loses a member",
        "Rows with the member make the statement fail, or get the empty text. Labels travel as"
        " strings, so no registry sees that a value is gone.",
        "keep the member, and let writers stop using it",
        each_pair(columns.find_enum_member_removed),
        rewrites.append_labels,
    ),
    Rule(
        "enum-reordered",
        _SEMANTIC,
        _NOTE,
        "the members of an ENUM or SET stand in another order",
        "Events carry labels, so they stay the same. What compares or sorts by the member's number"
        " does not, and MySQL copies the table.",
        "append new members at the end",
        each_pair(columns.find_enum_reordered),
        rewrites.append_labels,
    ),
    Rule(
        "sign-changed",
        _SEMANTIC,
        _ERROR,
        "an integer becomes unsigned, or signed again",
        "The range moves: BIGINT UNSIGNED beyond 2^63 arrives as a negative number, INT UNSIGNED is"
        " a long where INT is an int, and negative values are refused.",
        _BESIDE,
        each_pair(columns.find_sign_changed),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "boolean-flips",
        _SEMANTIC,
        _ERROR,
        "a BOOL in a migration is sent as a boolean, until the next snapshot",
        "A connector that streams sends BOOL as a boolean, one that takes a snapshot sends the same"
        " column as a small number. Readers break now, and again at the next snapshot.",
        "write TINYINT(1), or use Debezium's TinyIntOneToBooleanConverter",
        each_pair(columns.find_boolean_flips),
        rewrites.nothing,
        Reach.RAW,
        explains=True,
    ),
    Rule(
        "null-becomes-default",
        _SEMANTIC,
        _WARNING,
        "a column becomes nullable and keeps its default",
        "Converters replace NULL by the column's default unless they are told not to: readers never"
        " see the NULL that MySQL has.",
        "drop the default, or set `value.converter.ignore.default.for.nullables=true` (Avro) or"
        " `value.converter.replace.null.with.default=false` (JSON)",
        each_pair(columns.find_null_becomes_default),
        rewrites.without_default,
        Reach.RAW,
    ),
    Rule(
        "epoch-default",
        _SEMANTIC,
        _ERROR,
        "a default of CURRENT_TIMESTAMP is read as 1970",
        "A default that is a moment has no constant: the schema says 1970-01-01, and that is what"
        " readers see in every record from before the column.",
        "add the column nullable and without a default",
        each_new(columns.find_epoch_default),
        rewrites.nullable_moment,
        Reach.RAW,
    ),
    Rule(
        "charset-loss",
        _SEMANTIC,
        _WARNING,
        "a character set that holds fewer characters",
        "Characters that the new character set lacks make the statement fail, or become question"
        " marks in rows and in every topic. Schemas do not show it.",
        "stay with utf8mb4",
        each_pair(hints.find_charset_loss),
        rewrites.nothing,
    ),
    Rule(
        "float-money",
        _SEMANTIC,
        _WARNING,
        "money in a FLOAT or DOUBLE",
        "Binary fractions have no exact cents: sums differ from one reader to the next, and the"
        " type cannot be mended later without breaking every reader.",
        "use a DECIMAL",
        each_new(hints.find_float_money),
        rewrites.as_decimal,
    ),
    Rule(
        "unit-changed",
        _SEMANTIC,
        _WARNING,
        "name or comment say another unit",
        "The type stays, the numbers mean something else. Nothing in a schema tells a reader.",
        "add a column with the unit in its name, fill both, drop the old one later",
        each_pair(hints.find_unit_changed),
        rewrites.beside,
    ),
)
